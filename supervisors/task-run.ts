import { type AnyActorRef, setup } from 'xstate';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import type { Incarnation } from '../src/runtime/incarnation.js';
import { obituary } from '../src/runtime/obituary.js';
import { incarnationOfActor } from '../src/runtime/owner.js';

/**
 * What a task does. The signal fires when the task is told to end, with an `ActorDiedError` that says why: it then has its
 * shutdown time to return. A promise cannot be killed, so hand the signal to whatever you await. It fires also when the task has
 * ended, for what it did not await.
 */
export type TaskFunction<T = unknown> = (signal: AbortSignal) => T | PromiseLike<T>;

/** @internal What the actor of a task is made of. */
export interface TaskInput<T = unknown> {
  readonly fn: TaskFunction<T>;
  /** Before the function is called. */
  readonly onBegin?: (ref: AnyActorRef) => void;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** One run of a task's function. */
class TaskRun {
  readonly #input: TaskInput;
  readonly #abort = new AbortController();
  #outcome: Outcome | undefined;

  constructor(input: TaskInput) {
    this.#input = input;
  }

  /** What it came to; undefined while it runs. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  begin(self: AnyActorRef): void {
    const life = incarnationOfActor(self) as Incarnation;
    life.atEnd((reason) => this.#abort.abort(obituary(life, reason)));
    this.#input.onBegin?.(self);
    void this.#run().then((outcome) => {
      if (life.reason === undefined) {
        this.#outcome = outcome;
        self.send(settled);
      } else if ('error' in outcome && !this.#isAbort(outcome.error)) {
        life.asyncError(outcome.error);
      }
    });
  }

  /** It is to end. */
  tell(self: AnyActorRef, reason: ExitReason): void {
    this.#abort.abort(obituary(incarnationOfActor(self) as Incarnation, reason));
  }

  async #run(): Promise<Outcome> {
    // Not within the start of its actor, which its supervisor awaits.
    await undefined;
    const { signal } = this.#abort;
    // It was over before it had begun.
    if (signal.aborted) return { value: undefined };
    try {
      return { value: await this.#input.fn(signal) };
    } catch (error) {
      return signal.aborted && this.#isAbort(error) ? { value: undefined } : { error };
    }
  }

  /** What the user's code rejects with when it obeys the signal. */
  #isAbort(error: unknown): boolean {
    return error === this.#abort.signal.reason || (error instanceof Error && error.name === 'AbortError');
  }
}

const settled = { type: 'holdfast.task.settled' } as const;

/** @internal Runs a function once. Told to stop, it has its shutdown time to return. */
export const taskLogic = setup({
  types: {} as {
    context: { readonly run: TaskRun };
    input: TaskInput;
    output: unknown;
    events: typeof settled | { type: 'holdfast.shutdown'; reason: ExitReason };
  },
  guards: {
    failed: ({ context: { run } }) => run.outcome !== undefined && 'error' in run.outcome,
    returned: ({ context: { run } }) => run.outcome !== undefined && 'value' in run.outcome,
  },
  actions: {
    fail: ({ context }) => {
      throw (context.run.outcome as { readonly error: unknown }).error;
    },
  },
}).createMachine({
  context: ({ input }) => ({ run: new TaskRun(input) }),
  entry: ({ context, self }) => context.run.begin(self),
  initial: 'running',
  states: {
    running: {
      on: {
        'holdfast.shutdown': {
          target: 'stopping',
          actions: ({ context, event, self }) => context.run.tell(self, event.reason),
        },
      },
    },
    stopping: {},
    done: { type: 'final' },
  },
  on: {
    [settled.type]: [
      { guard: 'failed', actions: 'fail' },
      { guard: 'returned', target: '.done' },
    ],
  },
  output: ({ context }: { readonly context: { readonly run: TaskRun } }) =>
    (context.run.outcome as { readonly value: unknown }).value,
});
