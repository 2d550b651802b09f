import type { Table } from '../../src/table/index.js';

/** Whose turn it is to be asked about: goes round the table, on from where it last stopped. */
export class Rota {
  #round: { readonly table: object; readonly slots: Iterator<number> } | undefined;

  /** Up to so many keys; fewer at the end of a round, none of an empty table. After the end it begins another. */
  next(table: Table<unknown>, most: number): readonly string[] {
    const goesOn = this.#round?.table === table;
    const keys = this.#take(table, most);
    // The last one ended just where its round did.
    return keys.length === 0 && goesOn ? this.#take(table, most) : keys;
  }

  #take(table: Table<unknown>, most: number): readonly string[] {
    if (this.#round?.table !== table) this.#round = { table, slots: table.slots() };
    const keys: string[] = [];
    while (keys.length < most) {
      const { done, value } = this.#round.slots.next();
      if (done) {
        this.#round = undefined;
        break;
      }
      keys.push(table.keyAt(value));
    }
    return keys;
  }
}
