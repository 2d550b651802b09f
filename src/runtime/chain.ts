/**
 * Values in the order in which they came, each of which can leave at a constant cost. A Set does the same, but makes a table of
 * its own anew whenever its last value leaves: dear where there is mostly one.
 */
export class Chain<T> {
  /** @internal */
  first: Link<T> | undefined;
  /** @internal */
  last: Link<T> | undefined;

  get isEmpty(): boolean {
    return this.first === undefined;
  }

  /** Whose turn is next. */
  get oldest(): T | undefined {
    return this.first?.value;
  }

  /** Returns its place, to leave by. */
  add(value: T): Link<T> {
    const link = new Link(this, value, this.last);
    if (this.last === undefined) this.first = link;
    else this.last.later = link;
    this.last = link;
    return link;
  }

  /** Takes the oldest; undefined when there is none. */
  shift(): T | undefined {
    const { first } = this;
    first?.leave();
    return first?.value;
  }
}

/** The place of a value in a chain. */
export class Link<T> {
  readonly value: T;
  /** Where it still is. */
  #chain: Chain<T> | undefined;
  #earlier: Link<T> | undefined;
  /** @internal */
  later: Link<T> | undefined;

  constructor(chain: Chain<T>, value: T, earlier: Link<T> | undefined) {
    this.#chain = chain;
    this.value = value;
    this.#earlier = earlier;
    this.later = undefined;
  }

  /** Says whether it was still there. */
  leave(): boolean {
    const chain = this.#chain;
    if (chain === undefined) return false;
    this.#chain = undefined;
    if (this.#earlier === undefined) chain.first = this.later;
    else this.#earlier.later = this.later;
    if (this.later === undefined) chain.last = this.#earlier;
    else this.later.#earlier = this.#earlier;
    return true;
  }
}
