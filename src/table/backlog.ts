/** So many stand together: one array of a million grows by copying them all, which takes 40 ms. */
const blockSize = 1024;

/** Things to be taken in order, and put back at the front when taking them came to nothing. No step costs more than what it adds or takes. */
export class Backlog<T> {
  /** Oldest first, none of them empty. */
  #blocks: T[][] = [];
  /** How many of the first block are taken already. */
  #taken = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: T): void {
    const last = this.#blocks.at(-1);
    if (last === undefined || last.length >= blockSize) this.#blocks.push([item]);
    else last.push(item);
    this.#size += 1;
  }

  /** Up to `most` of the oldest. */
  take(most: number): T[] {
    const taken: T[] = [];
    for (;;) {
      const [first] = this.#blocks;
      if (first === undefined || taken.length >= most) break;
      const until = Math.min(first.length, this.#taken + most - taken.length);
      for (; this.#taken < until; this.#taken += 1) taken.push(first[this.#taken]!);
      if (until < first.length) break;
      this.#blocks.shift();
      this.#taken = 0;
    }
    this.#size -= taken.length;
    return taken;
  }

  putBack(items: readonly T[]): void {
    if (items.length === 0) return;
    const [first] = this.#blocks;
    if (first !== undefined && this.#taken > 0) this.#blocks[0] = first.slice(this.#taken);
    this.#taken = 0;
    this.#blocks.unshift([...items]);
    this.#size += items.length;
  }

  /** Those not taken yet, oldest first. */
  *[Symbol.iterator](): Generator<T> {
    let from = this.#taken;
    for (const block of this.#blocks) {
      for (let at = from; at < block.length; at += 1) yield block[at]!;
      from = 0;
    }
  }

  clear(): void {
    this.#blocks = [];
    this.#taken = 0;
    this.#size = 0;
  }
}
