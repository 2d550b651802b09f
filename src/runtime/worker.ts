import { type CallbackActorLogic, fromCallback, type NonReducibleUnknown } from 'xstate';
import { Life } from './life.js';

/** Tells a worker to begin. */
export interface Begin {
  readonly type: 'begin';
}

/** What a worker tells whoever invoked it. `failed`: its work threw, which is a bug. */
export type WorkerEvent<Output> =
  | { readonly type: 'worker.done'; readonly output: Output }
  | { readonly type: 'worker.failed'; readonly error: unknown };

/**
 * Actor logic of one who does the same work each time he is told to `begin`, for as long as whoever invoked him lives. An actor invoked for
 * each piece of work would cost more than a small one does.
 *
 * @example
 * ```ts
 * invoke: { id: 'sweeper', src: 'sweeper', input: ({ context }) => context },
 * states: { sweeping: { entry: sendTo('sweeper', { type: 'begin' }), on: { 'worker.done': 'resting' } } },
 * ```
 */
export function worker<Output, Input extends NonReducibleUnknown>(
  work: (input: Input, life: Life) => Promise<Output>,
): CallbackActorLogic<Begin, Input> {
  return fromCallback<Begin, Input>(({ input, receive, sendBack }) => {
    const life = new Life();
    const done = (output: Output): void => sendBack({ type: 'worker.done', output });
    const failed = (error: unknown): void => sendBack({ type: 'worker.failed', error });
    receive(() => void work(input, life).then(done, failed));
    return () => life.end();
  });
}

/** The action that `worker.failed` is to lead to: whoever invoked him crashes of it. */
export function crashOf(_: unknown, { error }: { readonly error: unknown }): never {
  throw error;
}
