import type { Milliseconds } from '../../src/runtime/duration.js';
import { after } from '../../src/runtime/time.js';

/** The most answers that wait at once, for all clients together. */
const mostAsleep = 1000;
/** The same for one client. */
const mostAsleepEach = 10;

/** Answers that wait: so many, in all and for each client, and no more. Each has a timer of its own, and no place anywhere else. */
export class Sleepers {
  readonly #most: number;
  readonly #mostEach: number;
  readonly #each = new Map<number, number>();
  readonly #ends = new Set<() => void>();

  constructor({ most = mostAsleep, mostEach = mostAsleepEach } = {}) {
    this.#most = most;
    this.#mostEach = mostEach;
  }

  get size(): number {
    return this.#ends.size;
  }

  /**
   * Waits. Rejects with the signal's reason when that fires, and resolves early with `'ended'` when the cache is stopped;
   * undefined where there is no place. Leaves no timer and no listener.
   */
  sleep(
    client: number,
    wait: Milliseconds,
    signal: AbortSignal | undefined,
  ): Promise<'woken' | 'ended'> | undefined {
    const asleep = this.#each.get(client) ?? 0;
    if (this.#ends.size >= this.#most || asleep >= this.#mostEach) return undefined;
    this.#each.set(client, asleep + 1);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', abort);
        this.#ends.delete(end);
        this.#left(client);
      };
      const end = (): void => {
        leave();
        resolve('ended');
      };
      const abort = (): void => {
        leave();
        reject(signal?.reason);
      };
      const timer = after(wait, () => {
        leave();
        resolve('woken');
      });
      this.#ends.add(end);
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** Wakes all: the cache is stopped. */
  end(): void {
    for (const end of [...this.#ends]) end();
  }

  #left(client: number): void {
    const asleep = (this.#each.get(client) ?? 0) - 1;
    if (asleep > 0) this.#each.set(client, asleep);
    else this.#each.delete(client);
  }
}
