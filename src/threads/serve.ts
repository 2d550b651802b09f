import { parentPort, type TransferListItem } from 'node:worker_threads';
import { StateError } from '../errors.js';
import { isTransferring } from './transferring.js';
import { type FromThread, packError, type ToThread } from './wire.js';

/** What a thread can serve: methods, synchronous or not. Arguments and results are structured-cloneable. */
export type ThreadApi<Api> = { readonly [Method in keyof Api]: (...args: never[]) => unknown };

/**
 * Answers the calls of the thread that started this one. Calls are begun one by one, in order, each in a turn of the
 * event loop of its own: a call whose caller went away while it waited is never begun.
 *
 * Call it once, in the worker's module. What the module needs besides is in `workerData`.
 *
 * @throws StateError outside of a worker thread.
 * @example
 * ```ts
 * const api = { add: (a: number, b: number) => a + b };
 * export type Api = typeof api;
 * serveThread(api);
 * ```
 */
export function serveThread<Api extends ThreadApi<Api>>(api: Api): void {
  const port = parentPort;
  if (port === null) throw new StateError('serveThread() works in a worker thread only.');
  const waiting = new Map<number, Extract<ToThread, { id: number }>>();

  const post = (reply: FromThread, list: readonly TransferListItem[] = []): void => {
    port.postMessage(reply, list);
  };
  const perform = async ({ id, method, args }: Extract<ToThread, { id: number }>): Promise<void> => {
    try {
      const call: unknown = Reflect.get(api, method);
      if (typeof call !== 'function') throw new TypeError(`The thread has no method "${method}".`);
      const result: unknown = await Reflect.apply(call, api, args);
      if (isTransferring(result)) post({ id, value: result.value }, result.list);
      else post({ id, value: result });
    } catch (error) {
      // Also what cannot be cloned: the caller gets the DataCloneError.
      post({ id, error: packError(error) });
    }
  };
  let scheduled = false;
  const schedule = (): void => {
    scheduled = true;
    setImmediate(next);
  };
  const next = (): void => {
    scheduled = false;
    const [request] = waiting.values();
    if (request === undefined) return;
    waiting.delete(request.id);
    if (waiting.size > 0) schedule();
    void perform(request);
  };

  port.on('message', (message: ToThread) => {
    if ('cancel' in message) {
      waiting.delete(message.cancel);
      return;
    }
    waiting.set(message.id, message);
    // Not at once: a cancellation that is already in the port comes first.
    if (!scheduled) schedule();
  });
}
