import type { Link } from '../../src/runtime/chain.js';
import type { Milliseconds } from '../../src/runtime/duration.js';

/**
 * What is remembered of one client: the distinct absent keys that it asked for, each as a number, and from when on it may have
 * the answer. It knows no clock: times are ms of ages.
 */
export class Page {
  /** The client, as a number. */
  readonly client: number;
  /** Its questions to which no answer is known yet, and which may turn out to be hits. */
  undecided = 0;
  /** What its owner was last told of: `'refused'` comes after `'slowed'`. */
  told: 'nothing' | 'slowed' | 'refused' = 'nothing';
  /** Its place in the book; undefined: it is in none any more. */
  place: Link<Page> | undefined;
  level = 0;
  /** It is counted among those above their allowance. */
  guessing = false;
  // Most pages have one mark: literals of one, so that no room is kept for more.
  #keys: number[] = [];
  #from: Milliseconds[] = [];
  /** No mark is over before this. */
  #soonest = Number.POSITIVE_INFINITY;

  constructor(client: number) {
    this.client = client;
  }

  /** Distinct absent keys. */
  get marks(): number {
    return this.#keys.length;
  }

  /** How guilty it may turn out to be. */
  get guilt(): number {
    return this.#keys.length + this.undecided;
  }

  /** When the answer to that key may be given; undefined where it was not asked for. */
  answerFrom(key: number): Milliseconds | undefined {
    const index = this.#keys.indexOf(key);
    return index < 0 ? undefined : this.#from[index];
  }

  /** When the first mark will be over, if none is asked for again. */
  roomAt(resetAfter: Milliseconds): Milliseconds {
    return this.#earliest() + resetAfter;
  }

  /** Adds a mark, or moves an old one's time on. */
  mark(key: number, from: Milliseconds): void {
    const index = this.#keys.indexOf(key);
    if (this.#keys.length === 0) {
      this.#keys = [key];
      this.#from = [from];
    } else if (index < 0) {
      this.#keys.push(key);
      this.#from.push(from);
    } else this.#from[index] = from;
    this.#soonest = Math.min(this.#soonest, from);
  }

  unmark(key: number): void {
    const index = this.#keys.indexOf(key);
    if (index >= 0) this.#remove(index);
  }

  /** Forgets what is over: what could have been answered so long ago. */
  forget(now: Milliseconds, resetAfter: Milliseconds): void {
    if (now - this.#soonest < resetAfter) return;
    for (let index = this.#keys.length - 1; index >= 0; index--) {
      if (now - (this.#from[index] as number) >= resetAfter) this.#remove(index);
    }
    this.#soonest = this.#earliest();
  }

  #earliest(): Milliseconds {
    let earliest = Number.POSITIVE_INFINITY;
    for (const from of this.#from) if (from < earliest) earliest = from;
    return earliest;
  }

  #remove(index: number): void {
    const key = this.#keys.pop() as number;
    const from = this.#from.pop() as number;
    if (index === this.#keys.length) return;
    this.#keys[index] = key;
    this.#from[index] = from;
  }
}
