import { StateError } from '../errors.js';
import type { ChangeList, Changes } from './change-list.js';
import { breath, done } from './expiry-index.js';
import { History } from './history.js';
import type { Lease } from './leases.js';
import type { TableOptions } from './options.js';
import { Kind } from './page.js';
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
  readonly #history: History<V>;
  #hand = new SecondChance();

  constructor(options: TableOptions) {
    super();
    this.#maxEntries = options.maxEntries ?? Number.POSITIVE_INFINITY;
    this.#maxNegative = options.maxNegative;
    this.#onEvict = options.onEvict;
    this.#history = new History(this.records, options.seq ?? 0, options.track === true);
  }

  /** Mutations so far. */
  get seq(): number {
    return this.#history.seq;
  }

  /** About how many changes wait to be drained. */
  get pending(): number {
    return this.#history.changes?.pending ?? 0;
  }

  /** Given before a read of the source begins; to be released when its answer has been dealt with. */
  lease(of: Lease['of'] = 'read', holder?: string): Lease {
    return this.#history.leases.give(this.seq, of, holder);
  }

  /** Whether anything may still be stored under the lease. */
  isOpen(lease: Lease): boolean {
    return this.#history.leases.isOpen(lease);
  }

  release(lease: Lease): void {
    this.#history.leases.end(lease);
    this.#history.tidy();
  }

  /** Every lease given so far (to `holder`, where named) is refused from now on: whoever held it died. */
  voidLeases(holder?: string): void {
    this.#history.leases.endAll(holder);
    this.#history.tidy();
  }

  /** Stores, whatever the key held before. */
  put(key: string, value: V, options: EntryOptions): void {
    this.#store(this.records.slots.find(key), key, value, options);
  }

  /** Stores an answer of the source, unless something happened to the key since the lease was given. */
  confirm(key: string, value: V, options: EntryOptions, lease: Lease): 'stored' | Refusal {
    const slot = this.records.slots.find(key);
    if (!this.#history.admits(slot, lease)) return 'lease';
    if (slot >= 0 && options.version !== undefined && this.records.slots.kind(slot) === Kind.entry) {
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
    if (!this.#history.admits(slot, lease)) return 'lease';
    if (lease.of === 'pass' && this.#history.seenSince(slot, lease)) return 'lease';
    const seq = this.#history.count();
    if (slot < 0) slot = records.slots.add(key);
    else this.#history.end(slot, seq);
    if (denial.until > denial.at && this.#maxNegative > 0) {
      if (records.negatives >= this.#maxNegative)
        this.#history.drop(records.slots.byWall.head(Line.negatives));
      records.writeNegative(slot, denial, seq);
    } else this.#history.forget(slot, seq);
    this.#history.watcher?.(key);
    return 'stored';
  }

  /** Removes what is held of the keys, and remembers that it was removed. `at` is in the caller's clock. */
  bury(keys: string | Iterable<string>, kind: Tombstone['kind'], at: number): void {
    for (const key of typeof keys === 'string' ? [keys] : keys) {
      const seq = this.#history.count();
      this.#history.bury({ key, kind, seq, at });
      this.#history.changes?.buried({ key, kind, seq, at });
      this.#history.watcher?.(key);
    }
  }

  /** Empties the table and ends every lease. */
  clear(): void {
    this.#hand = new SecondChance();
    this.records = new Records();
    this.#history.clear(this.records);
  }

  /** Drops an entry. Only a read that is under way will know of it. */
  evict(slot: number, because: EvictionCause): Eviction {
    const key = this.keyAt(slot);
    this.#history.drop(slot);
    this.#history.watcher?.(key);
    this.#onEvict?.(key, because);
    return { key, because };
  }

  /** The entry was seen past its `expiresAt`: it stays so, whatever the wall clock says later, until stored anew. */
  latch(slot: number): void {
    if (!this.records.latch(slot)) return;
    const key = this.keyAt(slot);
    this.#history.changes?.left(key, this.#history.count());
    this.#history.watcher?.(key);
  }

  /**
   * Brings back an entry as it was. What this table knows of the key from a later mutation stays, and a full table takes
   * nothing. With a lease given before the restoring began, removals since then count even where nothing is left of them.
   */
  restore(entry: RestoredEntry<V>, lease?: Lease): 'stored' | 'newer' | 'full' | 'lease' {
    const { records } = this;
    if (lease !== undefined && !this.#history.leases.isOpen(lease)) return 'lease';
    let slot = records.slots.find(entry.key);
    if (slot >= 0 && records.slots.seq(slot) >= entry.seq) return 'newer';
    const held = slot >= 0 && records.slots.kind(slot) === Kind.entry;
    if (!held && records.entries >= this.#maxEntries) return 'full';
    this.#history.seq = Math.max(this.seq, entry.seq);
    if (slot < 0) slot = records.slots.add(entry.key);
    else if (!held) this.#history.end(slot, entry.seq);
    records.writeEntry(slot, entry.value, entry, entry.seq);
    // A pass under way may have met the key before its entry was here: the entry is not that pass's to remove.
    if (this.#history.leases.passes > 0) this.#history.see(slot);
    this.#history.watcher?.(entry.key);
    return 'stored';
  }

  /** Brings back a tombstone as it was, by the same rules. */
  restoreTombstone(tombstone: Tombstone, lease?: Lease): 'stored' | 'newer' | 'lease' {
    if (lease !== undefined && !this.#history.leases.isOpen(lease)) return 'lease';
    const slot = this.records.slots.find(tombstone.key);
    if (slot >= 0 && this.records.slots.seq(slot) >= tombstone.seq) return 'newer';
    this.#history.seq = Math.max(this.seq, tombstone.seq);
    this.#history.bury(tombstone);
    this.#history.watcher?.(tombstone.key);
    return 'stored';
  }

  /** The tombstone has served. With `seq`: only where it is not newer. Reads still under way are refused all the same. */
  liftTombstone(key: string, seq: number = Number.POSITIVE_INFINITY): boolean {
    const { records } = this;
    const slot = records.slots.find(key);
    if (slot < 0 || records.tombstone(slot) === undefined || records.slots.seq(slot) > seq) return false;
    this.#history.drop(slot);
    this.#history.watcher?.(key);
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
      else if (this.records.slots.kind(slot) === Kind.entry) yield this.evict(slot, 'aged');
      else this.#history.drop(slot);
    }
    for (;;) {
      const slot = this.records.byWall.step(wall, this.records.wallDeadline);
      if (slot === done) break;
      yield slot === breath ? undefined : this.evict(slot, 'expired');
    }
    while (!this.#history.tidy()) yield undefined;
  }

  /** The pass met the key without storing it (a bad row, a refused one): its entry is not among the unseen. */
  markSeen(key: string, pass: Lease): void {
    const slot = this.slotOf(key);
    if (slot >= 0 && this.#history.leases.isOpen(pass)) this.#history.see(slot);
  }

  /**
   * The keys whose entries were neither stored nor seen since the pass began. Yields `undefined` now and then while it finds
   * none: a place to breathe. It ends when the lease does.
   */
  unseen(pass: Lease): Generator<string | undefined, void, void> {
    return this.#history.unseen(pass);
  }

  /** Takes up to `most` of what changed. One page at a time: write it, or `redo` it, before the next. */
  drain(most: number): Changes {
    return this.#tracked().drain(most, this.seq);
  }

  /** Puts back a page that was not written, or of which nobody knows: the last one, if none is given. */
  redo(page?: Changes): void {
    this.#tracked().redo(page);
  }

  /** Makes the next pages a full writing. */
  markAllDirty(): void {
    this.#tracked().all();
  }

  /** Tells `listener` of each key that something happened to; of `undefined` when it happened to all. One at a time. */
  watch(listener: ((key: string | undefined) => void) | undefined): void {
    this.#history.watcher = listener;
  }

  #tracked(): ChangeList<V> {
    const { changes } = this.#history;
    if (changes === undefined)
      throw new StateError('This table keeps no changes: make it with { track: true }.');
    return changes;
  }

  #store(found: number, key: string, value: V, options: EntryOptions): void {
    const { records } = this;
    const seq = this.#history.count();
    let slot = found;
    let victim: string | undefined;
    if (slot < 0 || records.slots.kind(slot) !== Kind.entry) {
      if (records.entries >= this.#maxEntries) victim = this.#makeRoom();
      if (slot < 0) slot = records.slots.add(key);
      else this.#history.end(slot, seq);
    }
    records.writeEntry(slot, value, options, seq);
    this.#history.changes?.touch(slot);
    this.#history.watcher?.(key);
    if (victim !== undefined) this.#onEvict?.(victim, 'capacity');
  }

  #makeRoom(): string | undefined {
    const slot = this.#hand.victim(this.records.slots);
    if (slot < 0) return undefined;
    const key = this.keyAt(slot);
    this.#history.drop(slot);
    this.#history.watcher?.(key);
    return key;
  }
}
