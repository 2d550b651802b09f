import type { Milliseconds } from '../runtime/duration.js';
import { monotonicNow } from '../runtime/time.js';

/** The most that is remembered: then the oldest goes first. */
const most = 1_000_000;

/** Keys that something happened to within some time. */
export class Recent {
  readonly #span: Milliseconds;
  /** When it last happened, the oldest first. */
  readonly #at = new Map<string, Milliseconds>();

  constructor(span: Milliseconds) {
    this.#span = span;
  }

  /** It happens now. */
  add(key: string): void {
    const now = this.#forget();
    this.#at.delete(key);
    this.#at.set(key, now);
    if (this.#at.size > most) {
      const [oldest] = this.#at.keys();
      this.#at.delete(oldest as string);
    }
  }

  has(key: string): boolean {
    this.#forget();
    return this.#at.has(key);
  }

  /** What is over goes. Returns what time it is. */
  #forget(): Milliseconds {
    const now = monotonicNow();
    for (const [key, at] of this.#at) {
      if (now - at < this.#span) break;
      this.#at.delete(key);
    }
    return now;
  }
}
