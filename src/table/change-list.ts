import { Backlog } from './backlog.js';
import { Kind, layout } from './page.js';
import type { Tombstone } from './record.js';
import type { Records } from './records.js';

const { dirtyBit, pageBits, pageMask, pageSize } = layout;

/** A key and the mutation that concerns it. */
export interface KeySeq {
  readonly key: string;
  readonly seq: number;
}

/**
 * A page of what changed, for whoever keeps a copy of the table elsewhere. Of two records of a key the higher `seq` holds.
 */
export interface Changes {
  /** Slots whose entries are to be written, as they are now: read them before anything else happens to the table. */
  readonly slots: readonly number[];
  /** Keys whose entries left; what the copy has of them up to this `seq` is to go. */
  readonly gone: readonly KeySeq[];
  readonly tombstones: readonly Tombstone[];
  /** Tombstones that have served; to be dropped where not newer than this `seq`. */
  readonly lifted: readonly KeySeq[];
  /** The first and the last page of a full writing: what the copy has, and does not get again between them, is to go. */
  readonly full: 'begin' | 'end' | 'both' | undefined;
  /** On the first page of a full writing: the table's `seq` when it began. What was buried later is not the writing's to drop. */
  readonly asOf: number | undefined;
  /** Whether more waits. */
  readonly more: boolean;
}

/** How many slots a full writing looks at for one page. */
const stride = 1 << 16;

/** Beyond this many removals (or as many as there are slots) nobody is taking them, and a full writing is cheaper. */
const patience = 1 << 16;

/** What the copy does not know yet. */
export class ChangeList<V> {
  #records: Records<V>;
  /** How many slots of each page carry the dirty bit. */
  #dirty: number[] = [];
  #dirtyTotal = 0;
  #scanFrom = 0;
  readonly #gone = new Backlog<KeySeq>();
  readonly #buried = new Backlog<Tombstone>();
  readonly #lifted = new Backlog<KeySeq>();
  /** The slot at which a full writing goes on; -1 outside of one. */
  #cursor = -1;
  #begun = false;
  #last: Changes | undefined;
  readonly #origins = new WeakMap<Changes, Origin>();

  constructor(records: Records<V>) {
    this.#records = records;
  }

  /** About how many changes wait. */
  get pending(): number {
    const full = this.#cursor < 0 ? 0 : Math.max(1, this.#records.slots.end - this.#cursor);
    return this.#dirtyTotal + full + this.#gone.size + this.#buried.size + this.#lifted.size;
  }

  /** The slot's record changed. */
  touch(slot: number): void {
    const { meta } = this.#records.slots.page(slot);
    const at = slot & pageMask;
    if ((meta[at]! & dirtyBit) !== 0) return;
    meta[at]! |= dirtyBit;
    const page = slot >>> pageBits;
    this.#dirty[page] = (this.#dirty[page] ?? 0) + 1;
    this.#dirtyTotal += 1;
  }

  left(key: string, seq: number): void {
    this.#gone.add({ key, seq });
    this.#mind(this.#gone.size);
  }

  /** Whatever the copy has of the key goes too: it may hold what the table does not. */
  buried(tombstone: Tombstone): void {
    this.left(tombstone.key, tombstone.seq);
    this.#buried.add(tombstone);
    this.#mind(this.#buried.size);
  }

  lifted(key: string, seq: number): void {
    this.#lifted.add({ key, seq });
    this.#mind(this.#lifted.size);
  }

  /** All is to be written again, and what is not is to go from the copy. */
  all(): void {
    this.#cursor = 0;
    this.#begun = false;
  }

  /** The table was emptied. */
  cleared(records: Records<V>): void {
    this.#records = records;
    this.#dirty = [];
    this.#dirtyTotal = 0;
    this.#scanFrom = 0;
    this.#gone.clear();
    // What was buried is still to be told (the copy has the entries until a full writing is complete), and then lifted.
    for (const { key, seq } of this.#buried) this.#lifted.add({ key, seq });
    this.all();
  }

  /**
   * Takes up to `most` changes: keys that left, then tombstones, then entries, then what was lifted. That never comes in one
   * page with tombstones, nor while the copy may still have what the tombstone stood against: a removal that waits, or all
   * that a full writing under way has not dropped yet.
   */
  drain(most: number, seq: number): Changes {
    const gone = this.#gone.take(most);
    let left = most - gone.length;
    const tombstones = this.#buried.take(left);
    left -= tombstones.length;
    const slots: number[] = [];
    const from = this.#cursor;
    let full: Changes['full'];
    const asOf = from >= 0 && !this.#begun ? seq : undefined;
    if (from >= 0) {
      left = this.#write(left, slots, tombstones);
      const ended = this.#cursor >= this.#records.slots.end;
      if (!this.#begun) full = ended ? 'both' : 'begin';
      else if (ended) full = 'end';
      this.#begun = true;
      if (ended) this.#cursor = -1;
    } else left = this.#gather(left, slots);
    // Nothing is left to take while removals wait.
    const lifted = from < 0 && tombstones.length === 0 ? this.#lifted.take(left) : [];
    const page: Changes = { slots, gone, tombstones, lifted, full, asOf, more: this.pending > 0 };
    this.#origins.set(page, { records: this.#records, from });
    this.#last = page;
    return page;
  }

  /** Puts back a page that was not written, or of which nobody knows whether it was: the last one, if none is given. */
  redo(page: Changes | undefined = this.#last): void {
    if (page === undefined) return;
    const origin = this.#origins.get(page);
    this.#gone.putBack(page.gone);
    this.#buried.putBack(page.tombstones);
    this.#lifted.putBack(page.lifted);
    // What is no longer in force was lifted meanwhile, perhaps on a page that went before: it is lifted again.
    for (const { key, seq } of page.tombstones) if (!this.#inForce(key, seq)) this.lifted(key, seq);
    if (origin === undefined || origin.records !== this.#records) return;
    for (const slot of page.slots) this.touch(slot);
    if (page.full === 'begin' || page.full === 'both') this.all();
    else if (origin.from >= 0) {
      if (this.#cursor < 0) this.#begun = true;
      this.#cursor = this.#cursor < 0 ? origin.from : Math.min(this.#cursor, origin.from);
    }
  }

  #inForce(key: string, seq: number): boolean {
    const slot = this.#records.slots.find(key);
    return slot >= 0 && this.#records.tombstone(slot)?.seq === seq;
  }

  /** Goes on with a full writing; returns how many changes are left to take. */
  #write(most: number, into: number[], tombstones: Tombstone[]): number {
    let left = most;
    const end = Math.min(this.#records.slots.end, this.#cursor + stride);
    while (this.#cursor < end && left > 0) {
      const slot = this.#cursor;
      this.#cursor += 1;
      this.#clean(slot);
      const tombstone = this.#records.tombstone(slot);
      if (tombstone !== undefined) tombstones.push(tombstone);
      else if (this.#writable(slot)) into.push(slot);
      else continue;
      left -= 1;
    }
    return left;
  }

  /** Collects what is dirty, page by page in turn; returns how many changes are left to take. */
  #gather(most: number, into: number[]): number {
    const pages = this.#records.slots.pages.length;
    let left = most;
    for (let turn = 0; turn < pages && left > 0 && this.#dirtyTotal > 0; turn += 1) {
      const page = this.#scanFrom % pages;
      const first = page << pageBits;
      for (let at = 0; at < pageSize && left > 0 && (this.#dirty[page] ?? 0) > 0; at += 1) {
        if (!this.#clean(first + at) || !this.#writable(first + at)) continue;
        into.push(first + at);
        left -= 1;
      }
      if ((this.#dirty[page] ?? 0) === 0) this.#scanFrom = page + 1;
    }
    return left;
  }

  /** Whether the slot was dirty; it no longer is. */
  #clean(slot: number): boolean {
    const { meta } = this.#records.slots.page(slot);
    const at = slot & pageMask;
    if ((meta[at]! & dirtyBit) === 0) return false;
    meta[at]! &= ~dirtyBit;
    this.#dirty[slot >>> pageBits]! -= 1;
    this.#dirtyTotal -= 1;
    return true;
  }

  /** An entry, and not one that was seen expired (that one left the copy when it was seen), nor one that is about to be buried. */
  #writable(slot: number): boolean {
    const { slots, tags } = this.#records;
    return (
      slots.kind(slot) === Kind.entry && !this.#records.isLatched(slot) && !(tags.dying && tags.isDead(slot))
    );
  }

  /** Nobody takes what is removed: rather than remember all of it, write everything anew. */
  #mind(waiting: number): void {
    if (waiting <= Math.max(patience, this.#records.slots.end)) return;
    this.#gone.clear();
    this.#buried.clear();
    this.#lifted.clear();
    this.all();
  }
}

interface Origin {
  readonly records: object;
  readonly from: number;
}
