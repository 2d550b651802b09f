import { Chronicle } from './chronicle.js';
import type { Lease } from './leases.js';
import type { TableOptions } from './options.js';
import { Kind, layout } from './page.js';
import type {
  Denial,
  EntryOptions,
  Eviction,
  EvictionCause,
  Refusal,
  RemovalCause,
  RestoredEntry,
  Tombstone,
} from './record.js';
import { Records } from './records.js';
import { Room } from './room.js';
import { Line } from './slots.js';
import type { TagMark } from './tags.js';

const { pageBits, pageSize } = layout;

/**
 * The table in memory. Mechanism only: it reads no clock, knows no policy and never asks the source. `now` is monotonic ms,
 * `wall` ms since the epoch.
 *
 * Every mutation counts one up. A lease remembers the count, so an answer of the source that is older than what happened
 * to its key meanwhile is refused.
 */
export class Table<V> extends Chronicle<V> {
  readonly #room: Room<V>;
  readonly #maxNegative: number;
  readonly #onEvict: ((key: string, because: EvictionCause) => void) | undefined;
  readonly #onRemove: ((key: string, because: RemovalCause) => void) | undefined;
  readonly #sealed: ReadonlyMap<string, number> | undefined;

  constructor(options: TableOptions) {
    const room = new Room<V>(options, (slot) => this.#leave(slot));
    super(options.seq ?? 0, options.track === true, room.isBounded);
    this.#room = room;
    this.#maxNegative = options.maxNegative;
    this.#onEvict = options.onEvict;
    this.#onRemove = options.onRemove;
    this.#sealed = options.sealed;
  }

  /** Whether nothing may be stored of the key. */
  isSealed(key: string): boolean {
    return this.#sealed !== undefined && this.#sealed.size > 0 && this.#sealed.has(key);
  }

  /** Stores, whatever the key held before. */
  put(key: string, value: V, options: EntryOptions): void {
    if (this.isSealed(key)) return;
    this.#store(this.records.slots.find(key), key, value, options);
  }

  /** Stores an answer of the source, unless something happened to the key since the lease was given. */
  confirm(key: string, value: V, options: EntryOptions, lease: Lease): 'stored' | Refusal {
    const slot = this.records.slots.find(key);
    if (!this.history.admits(slot, lease) || this.isSealed(key)) return 'lease';
    if (slot >= 0 && options.version !== undefined && this.records.slots.kind(slot) === Kind.entry) {
      const held = this.versionOf(slot);
      if (held !== undefined && options.version < held) return 'version';
    }
    const { tags } = options;
    if (tags !== undefined && this.records.tags.since(tags, lease.seq) !== undefined) return 'lease';
    this.#store(slot, key, value, options);
    return 'stored';
  }

  /** The source has no such row: stored unless something happened to the key since the lease was given. */
  deny(key: string, denial: Denial, lease: Lease): 'stored' | Refusal {
    const { records } = this;
    let slot = records.slots.find(key);
    if (!this.history.admits(slot, lease) || this.isSealed(key)) return 'lease';
    if (lease.of === 'pass' && this.history.seenSince(slot, lease)) return 'lease';
    const seq = this.history.count();
    const held = slot >= 0 && records.slots.kind(slot) === Kind.entry;
    if (slot < 0) slot = records.slots.add(key);
    else this.history.end(slot, seq);
    if (denial.until > denial.at && this.#maxNegative > 0) {
      if (records.negatives >= this.#maxNegative) this.history.drop(records.slots.lines.head(Line.negatives));
      records.writeNegative(slot, denial, seq);
    } else this.history.forget(slot, seq);
    this.history.watcher?.(key);
    if (held) this.#onRemove?.(key, 'revoked');
    return 'stored';
  }

  /** Removes what is held of the keys, and remembers that it was removed. `at` is in the caller's clock. */
  bury(keys: string | Iterable<string>, given: Tombstone['kind'], at: number): void {
    for (const key of typeof keys === 'string' ? [keys] : keys) {
      const kind = this.isSealed(key) ? 'revoked' : given;
      const seq = this.history.count();
      const held = this.#onRemove !== undefined && this.slotOf(key) >= 0;
      this.history.bury({ key, kind, seq, at });
      this.history.changes?.buried({ key, kind, seq, at });
      this.history.watcher?.(key);
      if (held) this.#onRemove?.(key, kind);
    }
  }

  /**
   * Nothing of the tag is believed any more, of now or of what a read that has begun brings with it. At once no entry of the tag is found;
   * they are still there until `taggedBefore` has named them all and each was buried.
   */
  markTag(tag: string, at: number): TagMark {
    const mark = { seq: this.history.count(), at };
    this.records.tags.mark(tag, mark);
    return mark;
  }

  /** Up to `most` keys of entries with the tag from before the mark; each is to be buried before the next are asked for. */
  taggedBefore(tag: string, mark: TagMark, most: number): readonly string[] {
    const { slots, tags } = this.records;
    const keys = new Set<string>();
    for (let left = tags.count(tag); left > 0 && keys.size < most; left -= 1) {
      const slot = tags.turn(tag);
      if (slots.seq(slot) < mark.seq) keys.add(slots.key(slot));
    }
    if (keys.size === 0) {
      tags.settle(tag, mark);
      this.history.tidy();
    }
    return [...keys];
  }

  /** Empties the table and ends every lease. */
  clear(): void {
    this.records = new Records(this.#room.isBounded);
    this.history.clear(this.records);
    for (const [key, at] of this.#sealed ?? []) this.bury(key, 'revoked', at);
  }

  /** Drops an entry; only a read that is under way will know of it. Does nothing where the slot holds none any more. */
  evict(slot: number, because: EvictionCause): Eviction | undefined {
    if (this.records.slots.kind(slot) !== Kind.entry) return undefined;
    const key = this.#leave(slot);
    this.#onEvict?.(key, because);
    return { key, because };
  }

  /** The entry was seen past its `expiresAt`: it stays so, whatever the wall clock says later, until stored anew. */
  latch(slot: number): void {
    if (!this.records.latch(slot)) return;
    const key = this.keyAt(slot);
    this.history.changes?.left(key, this.history.count());
    this.history.watcher?.(key);
  }

  /**
   * Brings back an entry as it was. What this table knows of the key from a later mutation stays, and a full table takes
   * nothing. With a lease given before the restoring began, removals since then count even where nothing is left of them.
   */
  restore(entry: RestoredEntry<V>, lease?: Lease): 'stored' | 'newer' | 'full' | 'lease' {
    const { records } = this;
    if (lease !== undefined && !this.history.leases.isOpen(lease)) return 'lease';
    if (this.isSealed(entry.key)) return 'newer';
    let slot = records.slots.find(entry.key);
    if (slot >= 0 && records.slots.seq(slot) >= entry.seq) return 'newer';
    const mark =
      entry.tags === undefined ? undefined : records.tags.since(entry.tags, lease?.seq ?? entry.seq);
    if (mark !== undefined) {
      // Whoever it comes from has it still: it is to go from there too.
      this.bury(entry.key, 'invalidated', mark.at);
      return 'newer';
    }
    const held = slot >= 0 && records.slots.kind(slot) === Kind.entry;
    if (!this.#room.fits(records, slot, entry.weight ?? 1)) return 'full';
    this.history.seq = Math.max(this.seq, entry.seq);
    if (slot < 0) slot = records.slots.add(entry.key);
    else if (!held) this.history.end(slot, entry.seq);
    records.writeEntry(slot, entry.value, entry, entry.seq);
    // A pass under way may have met the key before its entry was here: the entry is not that pass's to remove.
    if (this.history.leases.passes > 0) this.history.see(slot);
    this.history.watcher?.(entry.key);
    return 'stored';
  }

  /** Brings back a tombstone as it was, by the same rules. */
  restoreTombstone(tombstone: Tombstone, lease?: Lease): 'stored' | 'newer' | 'lease' {
    if (lease !== undefined && !this.history.leases.isOpen(lease)) return 'lease';
    const slot = this.records.slots.find(tombstone.key);
    if (slot >= 0 && this.records.slots.seq(slot) >= tombstone.seq) return 'newer';
    if (tombstone.kind !== 'revoked' && this.isSealed(tombstone.key)) return 'newer';
    this.history.seq = Math.max(this.seq, tombstone.seq);
    this.history.bury(tombstone);
    this.history.watcher?.(tombstone.key);
    return 'stored';
  }

  /** The tombstone has served. With `seq`: only where it is not newer. Reads still under way are refused all the same. */
  liftTombstone(key: string, seq: number = Number.POSITIVE_INFINITY): boolean {
    const { records } = this;
    const slot = records.slots.find(key);
    if (slot < 0 || records.tombstone(slot) === undefined || records.slots.seq(slot) > seq) return false;
    if (this.isSealed(key)) return false;
    this.history.drop(slot);
    this.history.watcher?.(key);
    return true;
  }

  /**
   * Evicts what is past `ttl + staleFor` at `now` or past its `expiresAt` at `wall`, and forgets denials whose time is over
   * and what no lease needs any more. Yields each evicted entry, and `undefined` now and then while there is none to tell
   * of: a place to breathe. It may be left at any of them.
   */
  *due(now: number, wall: number): Generator<Eviction | undefined, void, void> {
    for (;;) {
      const slot = this.#room.owing(this.records);
      if (slot < 0) break;
      yield this.evict(slot, 'capacity');
    }
    const { records } = this;
    for (let page = 0; page < records.slots.pages.length && records === this.records; page += 1) {
      if (records.isDue(records.slots.pages[page]!, now, wall))
        yield* this.#dueOn(page << pageBits, now, wall);
    }
    while (!this.history.tidy()) yield undefined;
  }

  /** Evicts what is due on the page that begins with a slot. One that is left half-way stays due. */
  *#dueOn(first: number, now: number, wall: number): Generator<Eviction | undefined, void, void> {
    const { records } = this;
    for (let slot = first; slot < first + pageSize; slot += 1) {
      const over = records.over(slot, now, wall);
      if (over === undefined) continue;
      if (records.slots.kind(slot) === Kind.negative) {
        this.history.drop(slot);
        yield undefined;
      } else yield this.evict(slot, over);
      if (records !== this.records) return;
    }
    records.settle(first);
    yield undefined;
  }

  /**
   * Evicts until no more than `size` entries are left, as if there were no room for more: yields each, and `undefined` to breathe. A table
   * without a bound keeps no account of who came when: of it those go first that were read least.
   */
  *shed(size: number): Generator<Eviction | undefined, void, void> {
    for (let reads = 0; reads <= 3 && this.size > size && !this.#room.isBounded; reads += 1)
      yield* this.#shedRead(reads, size);
    while (this.size > size) {
      const slot = this.#room.next(this.records);
      if (slot < 0) return;
      yield this.evict(slot, 'capacity');
    }
  }

  *#shedRead(most: number, size: number): Generator<Eviction | undefined, void, void> {
    const { records } = this;
    for (let slot = 0; slot < records.slots.end; slot += 1) {
      if (slot % breathAfter === breathAfter - 1) yield undefined;
      if (records !== this.records || this.size <= size) return;
      if (records.slots.kind(slot) !== Kind.entry || records.slots.reads(slot) > most) continue;
      yield this.evict(slot, 'capacity');
    }
  }

  /** The pass met the key without storing it (a bad row, a refused one): its entry is not among the unseen. */
  markSeen(key: string, pass: Lease): void {
    const slot = this.slotOf(key);
    if (slot >= 0 && this.history.leases.isOpen(pass)) this.history.see(slot);
  }

  /**
   * The keys whose entries were neither stored nor seen since the pass began. Yields `undefined` now and then while it finds
   * none: a place to breathe. It ends when the lease does.
   */
  unseen(pass: Lease): Generator<string | undefined, void, void> {
    return this.history.unseen(pass);
  }

  /** The number of the mutation that made whatever record there is of the key; -1 without one. It goes up with every one. */
  stampOf(key: string): number {
    const slot = this.records.slots.find(key);
    return slot < 0 ? -1 : this.records.slots.seq(slot);
  }

  /**
   * Confirms, in one number, all entries that were stored by mutation `since` or a later one, as of `at`; but none that carries a
   * flag of its own. What was due earlier for it stays where it is until its time comes.
   */
  affirm(at: number, since: number): void {
    // Some were confirmed with the others before, and are no longer: they may be due sooner.
    if (since > this.records.affirmed.since) this.records.unsettle();
    this.records.affirmed = { at, since };
  }

  /** Counts a mutation that concerns no key: leases given from now on are newer than it, all others older. */
  tick(): number {
    return this.history.count();
  }

  /**
   * Something happened to the row of a key whose entry is not held, and what it was is not told here: answers that may be older
   * are refused. Tombstones stay.
   */
  overtake(key: string): void {
    const { records } = this;
    let slot = records.slots.find(key);
    const tombstone = slot < 0 ? undefined : records.tombstone(slot);
    if (tombstone !== undefined) this.bury(key, tombstone.kind, tombstone.at);
    if (tombstone !== undefined || (slot >= 0 && records.slots.kind(slot) === Kind.entry)) return;
    const seq = this.history.count();
    if (slot < 0) slot = records.slots.add(key);
    else this.history.end(slot, seq);
    this.history.forget(slot, seq);
    this.history.watcher?.(key);
  }

  /**
   * Other terms for the entry in a slot. Nothing was said of its key by that: answers that are under way may be stored, and
   * passes go on as they were.
   */
  retime(slot: number, options: EntryOptions): void {
    if (this.records.slots.kind(slot) !== Kind.entry) return;
    this.records.writeEntry(slot, this.valueAt(slot), options, this.seqOf(slot));
    this.history.changes?.touch(slot);
    this.history.watcher?.(this.keyAt(slot));
  }

  /** Something was done to the slot's row that leaves its entry as it is, flags excepted: answers that may be older are refused. */
  restamp(slot: number, flags: number): void {
    const { slots } = this.records;
    if (slots.kind(slot) !== Kind.entry) return;
    slots.setSeq(slot, this.history.count());
    this.setFlags(slot, flags);
    this.history.changes?.touch(slot);
    this.history.watcher?.(this.keyAt(slot));
  }

  #store(found: number, key: string, value: V, options: EntryOptions): void {
    const { records } = this;
    const seq = this.history.count();
    let left: string[] = nobody;
    let slot = found;
    const held = slot >= 0 && records.slots.kind(slot) === Kind.entry;
    if (records.queues !== undefined && !this.#room.fits(records, slot, options.weight ?? 1)) {
      left = [];
      if (!this.#room.make(records, slot, options.weight ?? 1, left)) {
        this.#refuse(slot, key, seq);
        left.push(key);
        for (const victim of left) this.#onEvict?.(victim, 'capacity');
        return;
      }
    }
    if (slot < 0) slot = records.slots.add(key);
    else if (!held) this.history.end(slot, seq);
    records.writeEntry(slot, value, options, seq);
    this.history.changes?.touch(slot);
    this.history.watcher?.(key);
    for (const victim of left) this.#onEvict?.(victim, 'capacity');
    if (held) this.#onRemove?.(key, 'replaced');
  }

  /** There is no room for it: it came, and left at once, and what was held of its key is not what it is any more. */
  #refuse(found: number, key: string, seq: number): void {
    let slot = found;
    if (slot < 0) slot = this.records.slots.add(key);
    else this.history.end(slot, seq);
    this.history.forget(slot, seq);
    this.history.watcher?.(key);
  }

  /** The slot's entry leaves, and only a read that is under way will know of it. */
  #leave(slot: number): string {
    const key = this.keyAt(slot);
    this.history.drop(slot);
    this.history.watcher?.(key);
    return key;
  }
}

const nobody: string[] = [];

/** How many slots are looked through before it is time to breathe. */
const breathAfter = 1024;
