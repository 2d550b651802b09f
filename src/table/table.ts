import { StateError } from '../errors.js';
import { ChangeList, type Changes } from './change-list.js';
import { breath, done } from './expiry-index.js';
import { type Lease, Leases } from './leases.js';
import { Kind, pageMask, pageSize } from './page.js';
import type {
  Denial,
  EntryOptions,
  Eviction,
  EvictionCause,
  Refusal,
  RestoredEntry,
  Tombstone,
} from './record.js';
import { Records } from './records.js';
import { SecondChance } from './second-chance.js';
import { Line } from './slots.js';
import { View } from './view.js';

/** How many spent marks and tombstones the end of a lease clears away at once; `due` clears the rest. */
const tidyAtOnce = 256;

export interface TableOptions {
  /** Entries beyond it make room, first those that were not read. Default: no bound. */
  readonly maxEntries?: number | undefined;
  /** Denials beyond it are forgotten, the oldest first. They never make room among the entries. */
  readonly maxNegative: number;
  /** Where mutations begin to count: above every one of a snapshot that is to be restored. Default 0. */
  readonly seq?: number | undefined;
  /** Keep a list of changes for `drain`; tombstones then stay until they are lifted. Default false. */
  readonly track?: boolean | undefined;
  /** Told of each entry that left without anybody removing it, after it left. */
  readonly onEvict?: ((key: string, because: EvictionCause) => void) | undefined;
}

/**
 * The table in memory. Mechanism only: it reads no clock, knows no policy and never asks the source. `now` is monotonic ms,
 * `wall` ms since the epoch.
 *
 * Every mutation counts one up. A lease remembers the count, so an answer of the source that is older than what happened
 * to its key meanwhile is refused.
 */
export class Table<V> extends View<V> {
  readonly #maxEntries: number;
  readonly #maxNegative: number;
  readonly #onEvict: ((key: string, because: EvictionCause) => void) | undefined;
  readonly #changes: ChangeList<V> | undefined;
  readonly #leases = new Leases();
  #hand = new SecondChance();
  #seq: number;
  #watcher: ((key: string | undefined) => void) | undefined;

  constructor(options: TableOptions) {
    super();
    this.#maxEntries = options.maxEntries ?? Number.POSITIVE_INFINITY;
    this.#maxNegative = options.maxNegative;
    this.#onEvict = options.onEvict;
    this.#seq = options.seq ?? 0;
    this.#changes = options.track === true ? new ChangeList(this.records.slots) : undefined;
  }

  /** Mutations so far. */
  get seq(): number {
    return this.#seq;
  }

  /** About how many changes wait to be drained. */
  get pending(): number {
    return this.#changes?.pending ?? 0;
  }

  get #tracked(): ChangeList<V> {
    if (this.#changes === undefined)
      throw new StateError('The table keeps no changes. Make it with { track: true }.');
    return this.#changes;
  }

  /** Given before a read of the source begins; to be released when its answer has been dealt with. */
  lease(of: Lease['of'] = 'read', holder?: string): Lease {
    return this.#leases.give(this.#seq, of, holder);
  }

  /** Whether anything may still be stored under the lease. */
  isOpen(lease: Lease): boolean {
    return this.#leases.isOpen(lease);
  }

  release(lease: Lease): void {
    this.#leases.end(lease);
    this.#tidy();
  }

  /** Every lease given so far (to `holder`, where named) is refused from now on: whoever held it died. */
  voidLeases(holder?: string): void {
    this.#leases.endAll(holder);
    this.#tidy();
  }

  /** Stores, whatever the key held before. */
  put(key: string, value: V, options: EntryOptions): void {
    this.#store(this.records.slots.find(key), key, value, options);
  }

  /** Stores an answer of the source, unless something happened to the key since the lease was given. */
  confirm(key: string, value: V, options: EntryOptions, lease: Lease): 'stored' | Refusal {
    const slot = this.records.slots.find(key);
    if (!this.#admits(slot, lease)) return 'lease';
    if (slot >= 0 && options.version !== undefined && this.records.kind(slot) === Kind.entry) {
      const held = this.versionOf(slot);
      if (held !== undefined && options.version < held) return 'version';
    }
    this.#store(slot, key, value, options);
    return 'stored';
  }

  /** The source has no such row: stored unless something happened to the key since the lease was given. */
  deny(key: string, denial: Denial, lease: Lease): 'stored' | Refusal {
    const { records } = this;
    let slot = records.slots.find(key);
    if (!this.#admits(slot, lease)) return 'lease';
    if (lease.of === 'pass' && this.#seenSince(slot, lease)) return 'lease';
    const seq = this.#count();
    if (slot < 0) slot = records.slots.add(key);
    else this.#end(slot, seq);
    if (denial.until > denial.at && this.#maxNegative > 0) {
      if (records.negatives >= this.#maxNegative)
        this.#dropNegative(records.slots.byWall.head(Line.negatives));
      records.writeNegative(slot, denial, seq);
    } else this.#forget(slot, seq);
    this.#watcher?.(key);
    return 'stored';
  }

  /** Removes what is held of the keys, and remembers that it was removed. `at` is in the caller's clock. */
  bury(keys: string | Iterable<string>, kind: Tombstone['kind'], at: number): void {
    for (const key of typeof keys === 'string' ? [keys] : keys) {
      const seq = this.#count();
      this.#bury({ key, kind, seq, at });
      this.#changes?.buried({ key, kind, seq, at });
      this.#watcher?.(key);
    }
  }

  /** Empties the table and ends every lease. */
  clear(): void {
    this.#count();
    this.#leases.endAll();
    this.#hand = new SecondChance();
    this.records = new Records();
    this.#changes?.cleared(this.records.slots);
    this.#watcher?.(undefined);
  }

  /** Drops an entry. Only a read that is under way will know of it. */
  evict(slot: number, because: EvictionCause): Eviction {
    const { records } = this;
    const key = records.slots.key(slot);
    const seq = records.slots.seq(slot);
    this.#end(slot, this.#count());
    this.#forget(slot, seq);
    this.#watcher?.(key);
    this.#onEvict?.(key, because);
    return { key, because };
  }

  /** The entry was seen past its `expiresAt`: it stays so, whatever the wall clock says later, until stored anew. */
  latch(slot: number): void {
    const { records } = this;
    if (records.slots.isLatched(slot)) return;
    const before = records.wallDeadline(slot);
    records.slots.page(slot).expiresAt[slot & pageMask] = Number.NEGATIVE_INFINITY;
    records.byWall.update(slot, before, Number.NEGATIVE_INFINITY);
    const key = records.slots.key(slot);
    this.#changes?.left(key, this.#count());
    this.#watcher?.(key);
  }

  /**
   * Brings back an entry as it was. What this table knows of the key from a later mutation stays, and a full table takes
   * nothing. With a lease given before the restoring began, removals since then count even where nothing is left of them.
   */
  restore(entry: RestoredEntry<V>, lease?: Lease): 'stored' | 'newer' | 'full' | 'lease' {
    const { records } = this;
    if (lease !== undefined && !this.#leases.isOpen(lease)) return 'lease';
    let slot = records.slots.find(entry.key);
    if (slot >= 0 && records.slots.seq(slot) >= entry.seq) return 'newer';
    const held = slot >= 0 && records.kind(slot) === Kind.entry;
    if (!held && records.entries >= this.#maxEntries) return 'full';
    this.#seq = Math.max(this.#seq, entry.seq);
    if (slot < 0) slot = records.slots.add(entry.key);
    else if (!held) this.#end(slot, entry.seq);
    records.writeEntry(slot, entry.value, entry, entry.seq);
    // A pass under way may have met the key before its entry was here: the entry is not that pass's to remove.
    if (this.#leases.passes > 0) this.#see(slot);
    this.#watcher?.(entry.key);
    return 'stored';
  }

  /** Brings back a tombstone as it was, unless this table knows something later of its key. */
  restoreTombstone(tombstone: Tombstone): 'stored' | 'newer' {
    const slot = this.records.slots.find(tombstone.key);
    if (slot >= 0 && this.records.slots.seq(slot) >= tombstone.seq) return 'newer';
    this.#seq = Math.max(this.#seq, tombstone.seq);
    this.#bury(tombstone);
    this.#watcher?.(tombstone.key);
    return 'stored';
  }

  /** The tombstone has served. With `seq`: only where it is not newer. Reads still under way are refused all the same. */
  liftTombstone(key: string, seq: number = Number.POSITIVE_INFINITY): boolean {
    const { records } = this;
    const slot = records.slots.find(key);
    if (slot < 0 || records.slots.tombstone(slot) === undefined || records.slots.seq(slot) > seq)
      return false;
    const made = records.slots.seq(slot);
    this.#end(slot, made);
    this.#forget(slot, made);
    this.#watcher?.(key);
    return true;
  }

  /**
   * Evicts what is past `ttl + staleFor` at `now` or past its `expiresAt` at `wall`, and forgets denials whose time is over
   * and what no lease needs any more. Yields each evicted entry, and `undefined` now and then while there is none to tell
   * of: a place to breathe. It may be left at any of them.
   */
  *due(now: number, wall: number): Generator<Eviction | undefined, void, void> {
    for (;;) {
      const slot = this.records.byAge.step(now, this.records.ageDeadline);
      if (slot === done) break;
      if (slot === breath) yield undefined;
      else if (this.records.kind(slot) === Kind.entry) yield this.evict(slot, 'aged');
      else this.#dropNegative(slot);
    }
    for (;;) {
      const slot = this.records.byWall.step(wall, this.records.wallDeadline);
      if (slot === done) break;
      yield slot === breath ? undefined : this.evict(slot, 'expired');
    }
    while (!this.#tidy()) yield undefined;
  }

  /** The pass met the key without storing it (a bad row, a refused one): its entry is not among the unseen. */
  markSeen(key: string, pass: Lease): void {
    const slot = this.slotOf(key);
    if (slot >= 0 && this.#leases.isOpen(pass)) this.#see(slot);
  }

  /**
   * The keys whose entries were neither stored nor seen since the pass began. Yields `undefined` now and then while it finds
   * none: a place to breathe. It ends when the lease does.
   */
  *unseen(pass: Lease): Generator<string | undefined, void, void> {
    const { slots } = this.records;
    for (let slot = 0; slot < slots.end; slot += 1) {
      if ((slot & 1023) === 1023) yield undefined;
      if (!this.#leases.isOpen(pass)) return;
      if (slots.kind(slot) !== Kind.entry || slots.seq(slot) > pass.seq) continue;
      if (!this.#seenSince(slot, pass)) yield slots.key(slot);
    }
  }

  /** Takes up to `most` of what changed. One page at a time: write it, or `redo` it, before the next. */
  drain(most: number): Changes {
    return this.#tracked.drain(most);
  }

  /** Puts back a page that was not written, or of which nobody knows: the last one, if none is given. */
  redo(page?: Changes): void {
    this.#tracked.redo(page);
  }

  /** Takes the tombstones that wait, ahead of the next page: what a journal writes at once. */
  drainTombstones(): Tombstone[] {
    return this.#tracked.takeBuried();
  }

  /** Puts back tombstones that the journal did not keep. */
  redoTombstones(tombstones: readonly Tombstone[]): void {
    this.#tracked.putBackBuried(tombstones);
  }

  /** Makes the next pages a full writing. */
  markAllDirty(): void {
    this.#tracked.all();
  }

  /** Tells `listener` of each key that something happened to; of `undefined` when it happened to all. One at a time. */
  watch(listener: ((key: string | undefined) => void) | undefined): void {
    this.#watcher = listener;
  }

  #count(): number {
    this.#seq += 1;
    return this.#seq;
  }

  /** Whether nothing happened to the slot's key since the lease was given. */
  #admits(slot: number, lease: Lease): boolean {
    if (!this.#leases.isOpen(lease)) return false;
    // For passes nothing is kept of keys without a record: they are not theirs to judge.
    return slot < 0 ? lease.of === 'read' : this.records.slots.seq(slot) <= lease.seq;
  }

  #store(found: number, key: string, value: V, options: EntryOptions): void {
    const { records } = this;
    const seq = this.#count();
    let slot = found;
    let victim: string | undefined;
    if (slot < 0 || records.kind(slot) !== Kind.entry) {
      if (records.entries >= this.#maxEntries) victim = this.#makeRoom();
      if (slot < 0) slot = records.slots.add(key);
      else this.#end(slot, seq);
    }
    records.writeEntry(slot, value, options, seq);
    this.#changes?.touch(slot);
    this.#watcher?.(key);
    if (victim !== undefined) this.#onEvict?.(victim, 'capacity');
  }

  /** Unmakes the record in a slot, whatever it is; `seq` is the mutation that does it. */
  #end(slot: number, seq: number): void {
    const { records } = this;
    const kind = records.kind(slot);
    if (kind === Kind.entry) {
      records.endEntry(slot);
      this.#changes?.left(records.slots.key(slot), seq);
    } else if (kind === Kind.negative) records.endNegative(slot);
    else if (kind === Kind.mark) records.endMark(slot);
    else {
      records.endTombstone(slot);
      this.#changes?.lifted(records.slots.key(slot), records.slots.seq(slot));
    }
  }

  /** Gives an unmade record's slot back, or leaves a mark in it where a read is under way that began before `seq`. */
  #forget(slot: number, seq: number): void {
    const { records } = this;
    if (this.#leases.oldestRead() < seq) records.writeMark(slot, seq, this.#seq);
    else records.slots.free(slot);
  }

  #bury(tombstone: Tombstone): void {
    const { records } = this;
    let slot = records.slots.find(tombstone.key);
    if (slot < 0) slot = records.slots.add(tombstone.key);
    else this.#end(slot, tombstone.seq);
    records.writeTombstone(slot, tombstone);
  }

  #dropNegative(slot: number): void {
    this.records.endNegative(slot);
    this.#forget(slot, this.records.slots.seq(slot));
  }

  #makeRoom(): string | undefined {
    const { records } = this;
    const slot = this.#hand.victim(records.slots);
    if (slot < 0) return undefined;
    const key = records.slots.key(slot);
    const seq = records.slots.seq(slot);
    this.#end(slot, this.#seq);
    this.#forget(slot, seq);
    this.#watcher?.(key);
    return key;
  }

  #see(slot: number): void {
    const page = this.records.slots.page(slot);
    page.seen ??= new Float64Array(pageSize);
    page.seen[slot & pageMask] = this.#count();
  }

  #seenSince(slot: number, pass: Lease): boolean {
    const seen = this.records.slots.page(slot).seen;
    return seen !== undefined && seen[slot & pageMask]! > pass.seq;
  }

  /** Clears away some of what no lease needs any more; true when nothing of it is left. */
  #tidy(): boolean {
    const { records } = this;
    const oldestRead = this.#leases.oldestRead();
    const oldest = this.#leases.oldest();
    for (let left = tidyAtOnce; left > 0; left -= 1) {
      const mark = records.slots.byWall.head(Line.marks);
      const tombstone = this.#changes === undefined ? records.slots.byWall.head(Line.invalidated) : -1;
      if (mark >= 0 && records.markedAt(mark) <= oldestRead) {
        records.endMark(mark);
        records.slots.free(mark);
      } else if (tombstone >= 0 && records.slots.seq(tombstone) <= oldest) {
        records.endTombstone(tombstone);
        records.slots.free(tombstone);
      } else return true;
    }
    return false;
  }
}
