import type { AnyActorRef, NonReducibleUnknown, PromiseActorLogic, PromiseSnapshot } from 'xstate';
import { Life } from './life.js';

/** What is done, and for how long it is wanted. */
export interface Order<Input> {
  readonly input: Input;
  /** Over when the actor is stopped: its state was left, or whoever invoked it has ended. */
  readonly life: Life;
  readonly self: AnyActorRef;
}

type WorkEvent =
  | { readonly type: typeof done; readonly output: unknown }
  | { readonly type: typeof failed; readonly error: unknown }
  | { readonly type: 'xstate.stop' };

const done = 'holdfast.work.done';
const failed = 'holdfast.work.failed';

/** Of actors whose work is under way. */
const lives = new WeakMap<object, Life>();

/**
 * Actor logic as `fromPromise` makes it, for what is done again and again: its end is its promise's, a rejection is its error, and stopped it
 * tells the work so. It makes no AbortSignal, which would be most of what a small piece of work costs.
 *
 * @example
 * ```ts
 * actors: { sweep: fromWork<Report, { table: Table }>(({ input, life }) => sweep(input.table, life)) }
 * ```
 */
export function fromWork<Output, Input extends NonReducibleUnknown>(
  begin: (order: Order<Input>) => Promise<Output>,
): PromiseActorLogic<Output, Input> {
  type Snapshot = PromiseSnapshot<Output, Input>;
  return {
    getInitialSnapshot: (_, input) => ({ status: 'active', output: undefined, error: undefined, input }),
    start(snapshot, { self }) {
      if (snapshot.status !== 'active') return;
      const life = new Life();
      lives.set(self, life);
      const tell = (event: WorkEvent): void => {
        // Stopped meanwhile: nobody waits for it.
        if (self.getSnapshot().status !== 'active') return;
        lives.delete(self);
        self.send(event);
      };
      begin({ input: snapshot.input as Input, life, self }).then(
        (output) => tell({ type: done, output }),
        (error) => tell({ type: failed, error }),
      );
    },
    transition(snapshot, event, { self }): Snapshot {
      if (snapshot.status !== 'active') return snapshot;
      const what = event as WorkEvent;
      switch (what.type) {
        case done:
          return { status: 'done', output: what.output as Output, error: undefined, input: undefined };
        case failed:
          return { status: 'error', output: undefined, error: what.error, input: undefined };
        case 'xstate.stop':
          lives.get(self)?.end();
          lives.delete(self);
          return { status: 'stopped', output: undefined, error: undefined, input: undefined };
        default:
          return snapshot;
      }
    },
    getPersistedSnapshot: (snapshot) => snapshot,
    restoreSnapshot: (snapshot) => snapshot as Snapshot,
  };
}
