/** What can stand in a line: it holds its neighbours itself, so that a place costs no object of its own. */
export interface InLine<T> {
  earlier: T | undefined;
  later: T | undefined;
}

/** A line in the order of arrival, which anybody leaves at a constant cost. Nobody stands in two. */
export class Line<T extends InLine<T>> {
  #first: T | undefined;
  #last: T | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** From the first on. Whoever changes the line meanwhile walks a copy. */
  *[Symbol.iterator](): Generator<T, void> {
    for (let each = this.#first; each !== undefined; each = each.later) yield each;
  }

  has(one: T): boolean {
    return this.#first === one || one.earlier !== undefined;
  }

  add(one: T): void {
    one.earlier = this.#last;
    if (this.#last === undefined) this.#first = one;
    else this.#last.later = one;
    this.#last = one;
    this.#size++;
  }

  /** Whoever has left keeps hold of nobody. Of who does not stand in it: nothing. */
  remove(one: T): void {
    if (!this.has(one)) return;
    const { earlier, later } = one;
    if (earlier === undefined) this.#first = later;
    else earlier.later = later;
    if (later === undefined) this.#last = earlier;
    else later.earlier = earlier;
    one.earlier = undefined;
    one.later = undefined;
    this.#size--;
  }
}
