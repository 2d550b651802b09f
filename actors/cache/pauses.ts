import type { Milliseconds } from '../../src/runtime/duration.js';

/**
 * Keys whose last load in the background failed: they are left alone for a while, longer each time. Of so many as are kept the
 * oldest is forgotten first. Times are ms of ages.
 */
export class Pauses {
  readonly #bound: number;
  readonly #delay: (attempt: number) => Milliseconds;
  readonly #failed = new Map<string, { readonly attempt: number; readonly until: Milliseconds }>();

  constructor(bound: number, delay: (attempt: number) => Milliseconds) {
    this.#bound = bound;
    this.#delay = delay;
  }

  /** Whether the key is to be left alone. The time is asked for where it matters. */
  hold(key: string, now: () => Milliseconds): boolean {
    const failed = this.#failed.get(key);
    return failed !== undefined && now() < failed.until;
  }

  failed(key: string, now: Milliseconds): void {
    const attempt = (this.#failed.get(key)?.attempt ?? 0) + 1;
    this.#failed.delete(key);
    this.#failed.set(key, { attempt, until: now + this.#delay(attempt) });
    if (this.#failed.size <= this.#bound) return;
    for (const oldest of this.#failed.keys()) {
      this.#failed.delete(oldest);
      return;
    }
  }

  /** A load of it has brought an answer. */
  over(key: string): void {
    if (this.#failed.size > 0) this.#failed.delete(key);
  }
}
