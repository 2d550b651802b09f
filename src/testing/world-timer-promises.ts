import type { TimerFunctions, WorldTimer } from './world-timers.js';

interface TimerOptions {
  readonly signal?: AbortSignal;
  readonly ref?: boolean;
}

/** What stands in for `node:timers/promises` in a world. */
export interface TimerPromises {
  setTimeout(delay?: unknown, value?: unknown, options?: TimerOptions): Promise<unknown>;
  setImmediate(value?: unknown, options?: TimerOptions): Promise<unknown>;
  setInterval(delay?: unknown, value?: unknown, options?: TimerOptions): AsyncGenerator<unknown, void>;
  readonly scheduler: {
    wait(delay?: unknown, options?: TimerOptions): Promise<unknown>;
    yield(): Promise<unknown>;
  };
}

/** What Node rejects an aborted timer with. */
function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

export function timerPromises(timers: TimerFunctions): TimerPromises {
  function promised(set: (resolve: (value: unknown) => void) => WorldTimer, { signal, ref }: TimerOptions) {
    return new Promise<unknown>((resolve, reject) => {
      if (signal?.aborted) return reject(abortError(signal));
      const abort = (): void => {
        timer.close();
        if (signal !== undefined) reject(abortError(signal));
      };
      const timer = set((value) => {
        signal?.removeEventListener('abort', abort);
        resolve(value);
      });
      if (ref === false) timer.unref();
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  async function* interval(delay: unknown, value: unknown, { signal, ref }: TimerOptions) {
    if (signal?.aborted) throw abortError(signal);
    let fired = 0;
    let wake = (): void => {};
    const notify = (): void => wake();
    const timer = timers.setInterval(() => {
      fired++;
      notify();
    }, delay);
    if (ref === false) timer.unref();
    signal?.addEventListener('abort', notify, { once: true });
    try {
      for (;;) {
        while (fired === 0 && !signal?.aborted) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        for (; fired > 0; fired--) yield value;
        if (signal?.aborted) throw abortError(signal);
      }
    } finally {
      timer.close();
      signal?.removeEventListener('abort', notify);
    }
  }

  const setTimeout: TimerPromises['setTimeout'] = (delay, value, options = {}) =>
    promised((resolve) => timers.setTimeout(() => resolve(value), delay), options);
  const setImmediate: TimerPromises['setImmediate'] = (value, options = {}) =>
    promised((resolve) => timers.setImmediate(() => resolve(value)), options);

  return {
    setTimeout,
    setImmediate,
    setInterval: (delay, value, options = {}) => interval(delay, value, options),
    scheduler: {
      wait: (delay, options) => setTimeout(delay, undefined, options),
      yield: () => setImmediate(),
    },
  };
}
