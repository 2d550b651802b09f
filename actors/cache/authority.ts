import type { Milliseconds } from '../../src/runtime/duration.js';
import { BurstTrie } from '../../src/table/index.js';

/** A set of keys that grows little by little: a hundred thousand in one Set are copied in 8 ms. */
class Names {
  readonly #keys = new BurstTrie();

  get size(): number {
    return this.#keys.size;
  }

  add(key: string): void {
    if (!this.has(key)) this.#keys.add(key, 0);
  }

  has(key: string): boolean {
    return this.#keys.get(key) >= 0;
  }
}

/**
 * Whether a complete pass proves the absence of a key that was never held. It does for a while, and never for a key about
 * which something has happened since the pass began: those are remembered by name, or, when they grow too many, the whole
 * proof is given up.
 */
export class Authority {
  readonly #bound: number;
  /** Keys that left memory, or came to doubt, since the proving pass began. */
  #doubtful = new Names();
  /** The same since the pass under way began: what will be doubtful if it proves anything. */
  #pending: Names | undefined;
  #provenAt: Milliseconds | undefined;
  #provenEnd: Milliseconds | undefined;

  constructor(bound: number) {
    this.#bound = bound;
  }

  passBegan(): void {
    this.#pending = new Names();
  }

  /** A pass is complete. It proves nothing when anything was evicted, restored or rebuilt since it began. */
  passCompleted(beganAt: Milliseconds, endedAt: Milliseconds): void {
    if (this.#pending === undefined) return;
    this.#doubtful = this.#pending;
    this.#pending = undefined;
    this.#provenAt = beganAt;
    this.#provenEnd = endedAt;
  }

  passFailed(): void {
    this.#pending = undefined;
  }

  /** Of this key nothing is proven any more. */
  doubt(key: string): void {
    if (this.#provenAt !== undefined) this.#doubtful.add(key);
    this.#pending?.add(key);
    if (this.#doubtful.size > this.#bound || (this.#pending?.size ?? 0) > this.#bound) this.void();
  }

  /** Nothing is proven, by the pass under way neither. */
  void(): void {
    if (this.#doubtful.size > 0) this.#doubtful = new Names();
    this.#pending = undefined;
    this.#provenAt = undefined;
    this.#provenEnd = undefined;
  }

  /** How long ago the absence of this key was proven, or undefined where it was not. */
  proves(key: string, now: Milliseconds, ttl: Milliseconds): Milliseconds | undefined {
    if (this.#provenAt === undefined || this.#provenEnd === undefined) return undefined;
    if (now - this.#provenAt >= ttl || this.#doubtful.has(key)) return undefined;
    return now - this.#provenEnd;
  }
}
