import { ChangeList } from './change-list.js';
import { type Lease, Leases } from './leases.js';
import { Kind, layout } from './page.js';
import type { Tombstone } from './record.js';
import type { Records } from './records.js';
import { Line } from './slots.js';

const { pageMask, pageSize } = layout;

/** How many spent marks and tombstones are cleared away at once. */
const tidyAtOnce = 256;

/** How many slots are looked through before it is time to breathe. */
const breathAfter = 1024;

/**
 * What happened to which key, as far as anyone still has to know: counted, told to the watcher and to the list of changes,
 * and remembered until every read that began before it has ended.
 */
export class History<V> {
  readonly leases = new Leases();
  readonly changes: ChangeList<V> | undefined;
  watcher: ((key: string | undefined) => void) | undefined;
  readonly #watching = new Set<(key: string | undefined) => void>();
  #records: Records<V>;

  constructor(
    records: Records<V>,
    public seq: number,
    track: boolean,
  ) {
    this.#records = records;
    this.changes = track ? new ChangeList(records) : undefined;
  }

  /** Tells `listener` of each key that something happens to, of `undefined` when to all, until the returned function is called. */
  watch(listener: (key: string | undefined) => void): () => void {
    const all = this.#watching;
    const tell = (): void => {
      const [only] = all;
      const each = (key: string | undefined): void => {
        for (const one of all) one(key);
      };
      this.watcher = all.size < 2 ? only : each;
    };
    all.add(listener);
    tell();
    return () => {
      all.delete(listener);
      tell();
    };
  }

  /** Counts a mutation. */
  count(): number {
    this.seq += 1;
    return this.seq;
  }

  /** Whether nothing happened to the slot's key since the lease was given. */
  admits(slot: number, lease: Lease): boolean {
    if (!this.leases.isOpen(lease)) return false;
    // For passes nothing is kept of keys without a record: they are not theirs to judge.
    return slot < 0 ? lease.of === 'read' : this.#records.slots.seq(slot) <= lease.seq;
  }

  /** Unmakes the record in a slot, whatever it is; `seq` is the mutation that does it. */
  end(slot: number, seq: number): void {
    const records = this.#records;
    const { slots } = records;
    const kind = slots.kind(slot);
    if (kind === Kind.entry) {
      records.endEntry(slot);
      this.changes?.left(slots.key(slot), seq);
    } else if (kind === Kind.negative) records.endNegative(slot);
    else if (kind === Kind.mark) records.endMark(slot);
    else {
      records.endTombstone(slot);
      this.changes?.lifted(slots.key(slot), slots.seq(slot));
    }
  }

  /** Gives an unmade record's slot back, or leaves a mark in it where a read is under way that began before `seq`. */
  forget(slot: number, seq: number): void {
    if (this.leases.oldestRead() < seq) this.#records.writeMark(slot, seq);
    else this.#records.slots.free(slot);
  }

  /** Unmakes a record of which nothing needs to be known but by reads that are older than it. */
  drop(slot: number): void {
    const made = this.#records.slots.seq(slot);
    this.end(slot, this.count());
    this.forget(slot, made);
  }

  bury(tombstone: Tombstone): void {
    const { slots } = this.#records;
    let slot = slots.find(tombstone.key);
    if (slot < 0) slot = slots.add(tombstone.key);
    else this.end(slot, tombstone.seq);
    this.#records.writeTombstone(slot, tombstone);
  }

  /** A pass met the slot's key without storing it. */
  see(slot: number): void {
    const page = this.#records.slots.page(slot);
    page.seen ??= new Float64Array(pageSize);
    page.seen[slot & pageMask] = this.count();
  }

  /** Whether the slot's entry was stored or seen since the pass began. */
  seenSince(slot: number, pass: Lease): boolean {
    const { slots } = this.#records;
    const seen = slots.page(slot).seen;
    return slots.seq(slot) > pass.seq || (seen !== undefined && seen[slot & pageMask]! > pass.seq);
  }

  /** The keys whose entries were neither stored nor seen since the pass began; `undefined` to breathe. */
  *unseen(pass: Lease): Generator<string | undefined, void, void> {
    const { slots } = this.#records;
    for (let slot = 0; slot < slots.end; slot += 1) {
      if (slot % breathAfter === breathAfter - 1) yield undefined;
      // The table may have been emptied meanwhile, and the lease with it.
      if (!this.leases.isOpen(pass)) return;
      if (slots.kind(slot) === Kind.entry && !this.seenSince(slot, pass)) yield slots.key(slot);
    }
  }

  /** Clears away some of what no lease needs any more; true when nothing of it is left. */
  tidy(): boolean {
    const records = this.#records;
    const { slots } = records;
    const oldestRead = this.leases.oldestRead();
    const oldest = this.leases.oldest();
    for (let left = tidyAtOnce; left > 0; left -= 1) {
      const mark = slots.lines.head(Line.marks);
      const tombstone = this.changes === undefined ? slots.lines.head(Line.invalidated) : -1;
      if (mark >= 0 && slots.seq(mark) <= oldestRead) {
        records.endMark(mark);
        slots.free(mark);
      } else if (tombstone >= 0 && slots.seq(tombstone) <= oldest) {
        records.endTombstone(tombstone);
        slots.free(tombstone);
      } else {
        records.tags.forget(oldestRead);
        return true;
      }
    }
    return false;
  }

  /** All of it is over: the table was emptied. */
  clear(records: Records<V>): void {
    this.count();
    this.leases.endAll();
    this.#records = records;
    this.changes?.cleared(records);
    this.watcher?.(undefined);
  }
}
