/** Work that must not overlap with other work on the same key: one after the other, and beside that of other keys. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Begins when all that was taken for the key before has ended, however it did. */
  take<R>(key: string, work: () => Promise<R>): Promise<R> {
    const before = this.#last.get(key);
    const turn = before === undefined ? work() : before.then(work, work);
    this.#last.set(key, turn);
    const leave = (): void => {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    };
    turn.then(leave, leave);
    return turn;
  }
}
