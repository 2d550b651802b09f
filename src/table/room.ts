import { Kind } from './page.js';
import type { Records } from './records.js';
import { type Patience, patience } from './s3-fifo.js';

/** One entry may push out so many others at once. */
const atOnce = 1 << 12;

/**
 * The bounds of a table, and who had to go for them. One heavy entry may need the room of very many light ones: of those only so many go
 * at once. It then stands above the bound, the only one that does, until sweeps and further entries have paid for it.
 */
export class Room<V> {
  readonly maxEntries: number;
  readonly maxWeight: number;
  readonly #drop: (slot: number) => string;
  readonly #patience: Patience = { left: 0 };

  constructor(
    bounds: { readonly maxEntries?: number | undefined; readonly maxWeight?: number | undefined },
    drop: (slot: number) => string,
  ) {
    this.maxEntries = bounds.maxEntries ?? Number.POSITIVE_INFINITY;
    this.maxWeight = bounds.maxWeight ?? Number.POSITIVE_INFINITY;
    this.#drop = drop;
  }

  /** Whether the table is to keep account of who makes room. */
  get isBounded(): boolean {
    return this.maxEntries !== Number.POSITIVE_INFINITY || this.maxWeight !== Number.POSITIVE_INFINITY;
  }

  /** Whether an entry fits in beside what is there, in the place of what its slot holds. */
  fits(records: Records<V>, slot: number, weight: number): boolean {
    const held = slot >= 0 && records.slots.kind(slot) === Kind.entry;
    const before = held ? records.weightOf(slot) : 0;
    if (held && weight <= before) return true;
    return (
      records.entries + (held ? 0 : 1) <= this.maxEntries &&
      records.weight - before + weight <= this.maxWeight
    );
  }

  /**
   * Makes room for an entry in the place of what its slot holds; false where there is none for it. The keys of those who had to go
   * come into `left`.
   */
  make(records: Records<V>, slot: number, weight: number, left: string[]): boolean {
    if (this.fits(records, slot, weight)) return true;
    if (weight > this.maxWeight) return false;
    const { queues, weight: weightBefore } = records;
    const held = slot >= 0 && records.slots.kind(slot) === Kind.entry;
    const before = held ? records.weightOf(slot) : 0;
    // While others make room for it, it is not one of them.
    if (held) queues?.remove(slot, before);
    this.#patience.left = patience;
    while (left.length < atOnce) {
      if (records.entries + (held ? 0 : 1) <= this.maxEntries && records.weight + weight <= this.maxWeight)
        break;
      const victim = queues?.victim(this.#patience, records.weightOf) ?? -1;
      if (victim < 0) break;
      left.push(this.#drop(victim));
    }
    // Where one stands above the bound, another may come in that made more room than it takes.
    const admitted = records.weight <= this.maxWeight || records.weight + weight <= weightBefore;
    if (held) queues?.putBack(slot, before);
    return admitted;
  }

  /** The slot of one that is to go so that the table comes within its bounds; -1 when it is. */
  owing(records: Records<V>): number {
    if (records.weight <= this.maxWeight) return -1;
    return this.next(records);
  }

  /** The slot of the entry that is to go next, whatever the bounds; -1 where there is none, or nobody keeps account. */
  next(records: Records<V>): number {
    this.#patience.left = patience;
    return records.queues?.victim(this.#patience, records.weightOf) ?? -1;
  }
}
