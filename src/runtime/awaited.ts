import type { Milliseconds } from './duration.js';
import type { Incarnation } from './incarnation.js';
import { after } from './time.js';

/** What ends a wait early. */
export interface Limits {
  readonly wait: Milliseconds;
  /** What it rejects with when the time is over. */
  readonly late: () => Error;
  /** When it fires, it rejects with its reason. */
  readonly signal: AbortSignal | undefined;
  /** Whose work it is: it must not go on for the rest of the time when that has ended. */
  readonly asker: Incarnation | undefined;
}

/** Settles it once; says whether it was still waiting. */
export interface Settling<T> {
  resolve(value: T): boolean;
  reject(error: unknown): boolean;
  /** Called when it has been settled, however. */
  afterwards(undo: () => void): void;
}

/** A promise within limits. Whatever settles it, it leaves no timer and no listener. */
export function awaited<T>(limits: Limits, begin: (settling: Settling<T>) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const { wait, late, signal, asker } = limits;
    signal?.throwIfAborted();
    const undo: (() => void)[] = [];
    let waiting = true;
    const end = (): boolean => {
      if (!waiting) return false;
      waiting = false;
      for (const step of undo) step();
      return true;
    };
    const settling: Settling<T> = {
      resolve(value) {
        if (!end()) return false;
        resolve(value);
        return true;
      },
      reject(error) {
        if (!end()) return false;
        reject(error);
        return true;
      },
      afterwards(step) {
        if (waiting) undo.push(step);
        else step();
      },
    };
    const timer = after(wait, () => settling.reject(late()));
    undo.push(() => timer.cancel());
    if (signal !== undefined) {
      const abort = (): void => void settling.reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      undo.push(() => signal.removeEventListener('abort', abort));
    }
    if (asker !== undefined) undo.push(asker.atEnd(() => settling.reject(asker.signal.reason)));
    try {
      begin(settling);
    } catch (error) {
      settling.reject(error);
    }
  });
}
