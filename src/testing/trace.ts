import type { Milliseconds } from '../runtime/duration.js';

/** One thing that happened in a world. */
export interface TraceEntry {
  /** ms since the world began. */
  readonly at: Milliseconds;
  readonly what: string;
}

/** What happened in a world, in order, and a rolling hash of all of it: equal hashes, equal runs. */
export class Trace {
  readonly #kept: TraceEntry[] = [];
  readonly #limit: number;
  #count = 0;
  #high = 0x811c9dc5;
  #low = 0x1b873593;

  /** Keeps the first `limit` entries; the hash goes on over all of them. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(at: Milliseconds, what: string): void {
    this.#count++;
    this.#mix(`${at} ${what}`);
    if (this.#kept.length < this.#limit) this.#kept.push({ at, what });
  }

  get entries(): readonly TraceEntry[] {
    return this.#kept;
  }

  /** How many entries there were, kept or not. */
  get count(): number {
    return this.#count;
  }

  get hash(): string {
    return [this.#high, this.#low].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mix(text: string): void {
    let high = this.#high;
    let low = this.#low;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      high = Math.imul(high ^ unit, 0x01000193);
      low = Math.imul(low ^ unit, 0x5bd1e995) ^ (low >>> 15);
    }
    this.#high = high;
    this.#low = low ^ text.length;
  }
}
