import type { Milliseconds } from '../../src/runtime/duration.js';
import { after, type Timer } from '../../src/runtime/time.js';

export type Wait<T> = { readonly type: 'done'; readonly value: T } | { readonly type: 'late' };

/**
 * Waits for a promise, but no longer than so (Infinity: as long as it takes). Rejects when the promise does, and with the
 * signal's reason when that fires. Leaves no timer and no listener.
 */
export function waitFor<T>(
  promise: Promise<T>,
  { timeout, signal }: { readonly timeout: Milliseconds; readonly signal?: AbortSignal },
): Promise<Wait<T>> {
  if (timeout === Number.POSITIVE_INFINITY && signal === undefined) {
    return promise.then((value) => ({ type: 'done', value }));
  }
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    let timer: Timer | undefined;
    const end = (): void => {
      timer?.cancel();
      signal?.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      end();
      reject(signal?.reason);
    };
    if (timeout !== Number.POSITIVE_INFINITY) {
      timer = after(timeout, () => {
        end();
        resolve({ type: 'late' });
      });
    }
    signal?.addEventListener('abort', abort, { once: true });
    promise.then(
      (value) => {
        end();
        resolve({ type: 'done', value });
      },
      (error) => {
        end();
        reject(error);
      },
    );
  });
}
