/** Things to be taken in order, and put back at the front when taking them came to nothing. */
export class Backlog<T> {
  #items: T[] = [];
  #taken = 0;

  get size(): number {
    return this.#items.length - this.#taken;
  }

  add(item: T): void {
    this.#items.push(item);
  }

  /** Up to `most` of the oldest. */
  take(most: number): T[] {
    const taken = this.#items.slice(this.#taken, this.#taken + most);
    this.#taken += taken.length;
    // Half of it spent: cutting it off now costs each item one copy, however long the backlog is.
    if (this.#taken * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    return taken;
  }

  putBack(items: readonly T[]): void {
    if (items.length === 0) return;
    if (items.length <= this.#taken) {
      this.#taken -= items.length;
      for (let at = 0; at < items.length; at += 1) this.#items[this.#taken + at] = items[at]!;
      return;
    }
    this.#items = [...items, ...this.#items.slice(this.#taken)];
    this.#taken = 0;
  }

  /** Those not taken yet, oldest first. */
  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#taken; at < this.#items.length; at += 1) yield this.#items[at]!;
  }

  clear(): void {
    this.#items = [];
    this.#taken = 0;
  }
}
