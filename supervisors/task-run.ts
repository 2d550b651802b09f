import { type AnyActorRef, setup } from 'xstate';
import { incarnationOfActor, signalOf } from '../src/runtime/owner.js';

/**
 * What a task does. The signal fires when the task is told to end: it then has its shutdown time to return. A promise cannot be
 * killed, so hand the signal to whatever you await.
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
    const life = signalOf(self);
    life.addEventListener('abort', () => this.tell(life.reason), { once: true });
    this.#input.onBegin?.(self);
    void this.#run().then((outcome) => {
      if (!life.aborted) {
        this.#outcome = outcome;
        self.send(settled);
      } else if ('error' in outcome && !this.#isAbort(outcome.error)) {
        incarnationOfActor(self)?.asyncError(outcome.error);
      }
    });
  }

  /** It is to end. */
  tell(reason: unknown): void {
    this.#abort.abort(reason);
  }

  async #run(): Promise<Outcome> {
    // Not within the start of its actor, which its supervisor awaits.
    await undefined;
    const { signal } = this.#abort;
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
    events: typeof settled | { type: 'holdfast.shutdown'; reason: unknown };
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
          actions: ({ context, event }) => context.run.tell(event.reason),
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
