/** First in, first out, at a constant cost however long it is: a ring, which keeps its places while there are few. */
export class Fifo<T> {
  /** Their number is a power of two, or none. */
  #places: (T | undefined)[] = [];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Whose turn is next; undefined when there is none. */
  get oldest(): T | undefined {
    return this.#places[this.#head];
  }

  push(item: T): void {
    if (this.#length === this.#places.length) this.#move(Math.max(4, this.#length * 2));
    this.#places[(this.#head + this.#length) & (this.#places.length - 1)] = item;
    this.#length++;
  }

  /** Takes the oldest; undefined when there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#places[this.#head];
    this.#places[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#places.length - 1);
    this.#length--;
    // What a flood took is given back.
    if (this.#places.length > 1024 && this.#length * 4 < this.#places.length)
      this.#move(this.#places.length / 2);
    return item;
  }

  #move(room: number): void {
    const places = new Array<T | undefined>(room).fill(undefined);
    for (let n = 0; n < this.#length; n++)
      places[n] = this.#places[(this.#head + n) & (this.#places.length - 1)];
    this.#places = places;
    this.#head = 0;
  }
}
