import { layout } from './page.js';

const { pageBits, pageMask, pageSize } = layout;

/** In no list. */
const unlinked = -0x8000_0000;

/** An empty list's ends. */
const nobody = -1;

/**
 * Doubly linked lists threaded through slots: a slot is in one list at most, and leaves it in constant time without
 * anyone saying which it is in. An end's link holds the list's number, complemented.
 */
export class Chains {
  readonly #previous: (Int32Array | undefined)[] = [];
  readonly #next: (Int32Array | undefined)[] = [];
  #heads: Int32Array;
  #tails: Int32Array;

  constructor(lists: number) {
    this.#heads = new Int32Array(lists).fill(nobody);
    this.#tails = new Int32Array(lists).fill(nobody);
  }

  /** Makes sure that there are so many lists. */
  reserve(lists: number): void {
    if (lists <= this.#heads.length) return;
    const more = Math.max(16, lists, 2 * this.#heads.length);
    this.#heads = grown(this.#heads, more);
    this.#tails = grown(this.#tails, more);
  }

  /** The oldest of a list, or -1. */
  head(list: number): number {
    return this.#heads[list]!;
  }

  /** Puts a slot that is in no list at the end of one. */
  push(list: number, slot: number): void {
    const page = slot >>> pageBits;
    const at = slot & pageMask;
    this.#previous[page] ??= new Int32Array(pageSize).fill(unlinked);
    this.#next[page] ??= new Int32Array(pageSize);
    const previous = this.#previous[page];
    const next = this.#next[page];
    const last = this.#tails[list]!;
    if (last === nobody) {
      previous[at] = ~list;
      this.#heads[list] = slot;
    } else {
      previous[at] = last;
      this.#next[last >>> pageBits]![last & pageMask] = slot;
    }
    next[at] = ~list;
    this.#tails[list] = slot;
  }

  /** Takes a slot out of whatever list it is in. */
  remove(slot: number): void {
    const at = slot & pageMask;
    const page = this.#previous[slot >>> pageBits];
    if (page === undefined || page[at] === unlinked) return;
    const previous = page[at]!;
    const next = this.#next[slot >>> pageBits]![at]!;
    page[at] = unlinked;
    if (previous < 0) this.#heads[~previous] = next < 0 ? nobody : next;
    else this.#next[previous >>> pageBits]![previous & pageMask] = next;
    if (next < 0) this.#tails[~next] = previous < 0 ? nobody : previous;
    else this.#previous[next >>> pageBits]![next & pageMask] = previous;
  }
}

function grown(ends: Int32Array, length: number): Int32Array {
  const longer = new Int32Array(length).fill(nobody);
  longer.set(ends);
  return longer;
}
