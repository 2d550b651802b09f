import assert from 'node:assert/strict';
import {
  type Denial,
  type EntryOptions,
  type Lease,
  Table,
  type TableOptions,
  type Tombstone,
} from '../../src/table/index.js';

interface Held extends EntryOptions {
  readonly value: unknown;
  /** The tick of the event that stored it; of a restored one, before all events. */
  readonly tick: number;
  latched: boolean;
}

export interface ModelLease {
  readonly lease: Lease;
  readonly tick: number;
  open: boolean;
}

/**
 * What the table promises, said naively: plain maps, and for every key the tick of what last happened to it, kept for
 * ever. It drives a table and checks it against itself.
 */
export class TableModel {
  readonly table: Table<unknown>;
  readonly entries = new Map<string, Held>();
  readonly negatives = new Map<string, Denial>();
  readonly tombstones = new Map<string, Tombstone & { readonly tick: number }>();
  /** What was stored for or removed from a key, last. Evictions are no such event. */
  readonly events = new Map<string, number>();
  readonly seen = new Map<string, number>();
  readonly leases: ModelLease[] = [];
  readonly evicted: string[] = [];
  readonly watched = new Set<string | undefined>();
  tick = 0;
  /** Everything before it was cleared away. */
  cleared = 0;
  /** When each tag was last invalidated. */
  readonly tagged = new Map<string, number>();
  /** What is being stored; undefined again when there was no room for it. */
  #incoming: string | undefined;

  constructor(readonly options: Omit<TableOptions, 'onEvict'>) {
    this.table = new Table({ ...options, onEvict: (key, because) => this.#onEvict(key, because) });
  }

  lease(of: Lease['of']): ModelLease {
    const lease = { lease: this.table.lease(of), tick: this.tick, open: true };
    this.leases.push(lease);
    return lease;
  }

  release(lease: ModelLease): void {
    this.table.release(lease.lease);
    lease.open = false;
    this.#tidy();
  }

  voidLeases(): void {
    this.table.voidLeases();
    for (const lease of this.leases) lease.open = false;
    this.#tidy();
  }

  put(key: string, value: unknown, options: EntryOptions): void {
    this.#incoming = key;
    this.table.put(key, value, options);
    this.#stored(key, value, options);
  }

  confirm(key: string, value: unknown, options: EntryOptions, lease: ModelLease): void {
    const held = this.entries.get(key);
    const older =
      held?.version !== undefined && options.version !== undefined && options.version < held.version;
    const expected = this.#late(key, lease)
      ? 'lease'
      : older
        ? 'version'
        : this.#tagLate(options, lease)
          ? 'lease'
          : 'stored';
    if (lease.lease.of === 'pass' && held === undefined) {
      this.#mayRefuse(key, lease);
      return;
    }
    this.#incoming = key;
    assert.deepStrictEqual(this.table.confirm(key, value, options, lease.lease), expected);
    if (expected === 'stored') this.#stored(key, value, options);
  }

  deny(key: string, denial: Denial, lease: ModelLease): void {
    const held = this.entries.get(key);
    if (lease.lease.of === 'pass' && held === undefined) {
      this.#mayRefuse(key, lease);
      return;
    }
    const seen = lease.lease.of === 'pass' && (this.seen.get(key) ?? -1) > lease.tick;
    const expected = this.#late(key, lease) || seen ? 'lease' : 'stored';
    assert.deepStrictEqual(this.table.deny(key, denial, lease.lease), expected);
    if (expected === 'lease') return;
    this.#removed(key);
    if (denial.until <= denial.at || this.options.maxNegative === 0) return;
    for (const oldest of this.negatives.keys()) {
      if (this.negatives.size >= this.options.maxNegative) this.negatives.delete(oldest);
    }
    this.negatives.set(key, denial);
  }

  bury(keys: readonly string[], kind: Tombstone['kind'], at: number): void {
    const before = this.table.seq;
    this.table.bury(keys.length === 1 ? keys[0]! : keys, kind, at);
    keys.forEach((key, nth) => {
      this.#removed(key);
      this.tombstones.set(key, { key, kind, at, seq: before + nth + 1, tick: this.tick });
    });
  }

  /** Nothing of the tag is found from the first moment on, however long the burying takes. */
  invalidateTag(tag: string, at: number, most: number): void {
    const mark = this.table.markTag(tag, at);
    this.tick += 1;
    this.tagged.set(tag, this.tick);
    const keys = new Set(
      [...this.entries].filter(([, held]) => held.tags?.includes(tag)).map(([key]) => key),
    );
    const hidden = (): void => {
      for (const key of keys) {
        assert.equal(this.table.slotOf(key), -1, `${key} is still found`);
        assert.equal(
          this.table.glance(key, { age: 0, wall: 0 }, 0, { fresh: 0, stale: 0 }),
          undefined,
          `${key} is still read`,
        );
      }
    };
    hidden();
    for (;;) {
      const page = this.table.taggedBefore(tag, mark, most);
      if (page.length === 0) break;
      this.table.bury(page, 'invalidated', at);
      for (const key of page) {
        assert.ok(keys.delete(key), `${key} has not the tag`);
        this.#buried(key, 'invalidated', at);
      }
      hidden();
    }
    assert.deepStrictEqual([...keys], []);
    this.#tidy();
  }

  #buried(key: string, kind: Tombstone['kind'], at: number): void {
    this.#removed(key);
    const { seq } = this.table.tombstoneOf(key)!;
    this.tombstones.set(key, { key, kind, at, seq, tick: this.tick });
  }

  #tagLate(options: EntryOptions, lease: ModelLease): boolean {
    return (options.tags ?? []).some((tag) => (this.tagged.get(tag) ?? 0) > lease.tick);
  }

  clear(): void {
    this.table.clear();
    this.tick += 1;
    this.cleared = this.tick;
    for (const map of [this.entries, this.negatives, this.tombstones, this.seen]) map.clear();
    for (const lease of this.leases) lease.open = false;
  }

  restore(key: string, value: unknown, options: EntryOptions, seq: number, lease: ModelLease): void {
    const before = this.entries.get(key);
    const tombstone = this.tombstones.get(key);
    const newer =
      (this.events.get(key) ?? 0) > lease.tick ||
      (before !== undefined && this.table.seqOf(this.table.slotOf(key)) >= seq) ||
      (tombstone !== undefined && tombstone.seq >= seq);
    const full = !this.#fits(before, options);
    const dead = !newer && lease.open && this.#tagLate(options, lease);
    const expected = !lease.open ? 'lease' : newer || dead ? 'newer' : full ? 'full' : 'stored';
    assert.deepStrictEqual(this.table.restore({ key, value, seq, ...options }, lease.lease), expected);
    if (dead) this.#buried(key, 'invalidated', this.table.tombstoneOf(key)!.at);
    if (expected !== 'stored') return;
    this.tombstones.delete(key);
    this.entries.set(key, { ...options, value, tick: 0, latched: false });
    this.seen.delete(key);
    if (this.leases.some((other) => other.open && other.lease.of === 'pass')) {
      this.tick += 1;
      this.seen.set(key, this.tick);
    }
  }

  restoreTombstone(key: string, kind: Tombstone['kind'], seq: number, lease: ModelLease): void {
    const slot = this.table.slotOf(key);
    const newer =
      (this.events.get(key) ?? 0) > lease.tick ||
      (slot >= 0 && this.table.seqOf(slot) >= seq) ||
      (this.tombstones.get(key)?.seq ?? 0) >= seq;
    const expected = !lease.open ? 'lease' : newer ? 'newer' : 'stored';
    assert.deepStrictEqual(this.table.restoreTombstone({ key, kind, seq, at: 0 }, lease.lease), expected);
    if (expected !== 'stored') return;
    this.entries.delete(key);
    this.tombstones.delete(key);
    this.tombstones.set(key, { key, kind, seq, at: 0, tick: 0 });
  }

  lift(key: string): void {
    assert.deepStrictEqual(this.table.liftTombstone(key), this.tombstones.delete(key));
  }

  latch(key: string): void {
    const slot = this.table.slotOf(key);
    if (slot < 0) return;
    this.table.latch(slot);
    this.entries.get(key)!.latched = true;
  }

  evict(key: string): void {
    const slot = this.table.slotOf(key);
    if (slot >= 0) this.table.evict(slot, 'aged');
  }

  markSeen(key: string, pass: ModelLease): void {
    this.table.markSeen(key, pass.lease);
    if (!pass.open || !this.entries.has(key)) return;
    this.tick += 1;
    this.seen.set(key, this.tick);
  }

  /** What a pass did not see, denied; with `most`, only the first so many. */
  endPass(pass: ModelLease, denial: Denial): void {
    const unseen = new Set<string>();
    for (const [key, held] of this.entries) {
      if (!this.#late(key, pass) && (this.seen.get(key) ?? -1) <= pass.tick && held.tick <= pass.tick)
        unseen.add(key);
    }
    const told: string[] = [];
    for (const key of this.table.unseen(pass.lease)) {
      if (key === undefined) continue;
      told.push(key);
      this.deny(key, denial, pass);
    }
    assert.deepStrictEqual(told.sort(), [...unseen].sort());
    this.release(pass);
  }

  /** Evicts what is due; with `most`, stops after so many. */
  due(now: number, wall: number, most = Number.POSITIVE_INFINITY): void {
    const due = new Set<string>();
    for (const [key, held] of this.entries) {
      if (held.confirmedAt + held.ttl + held.staleFor <= now || expiry(held) <= wall) due.add(key);
    }
    this.evicted.length = 0;
    let left = most;
    let ended = true;
    for (const out of this.table.due(now, wall)) {
      if (out === undefined) continue;
      assert.ok(due.delete(out.key), `${out.key} was not due`);
      left -= 1;
      if (left <= 0) {
        ended = false;
        break;
      }
    }
    for (const [key, { until }] of this.negatives) {
      if (until <= now && (ended || this.table.negativeOf(key) === undefined)) this.negatives.delete(key);
    }
    if (!ended) return;
    assert.deepStrictEqual([...due], []);
    this.#tidy();
  }

  /** Evicts until so many are left; which, is the table's business. */
  shed(size: number): void {
    this.#incoming = undefined;
    for (const _ of this.table.shed(size));
    assert.ok(this.entries.size <= Math.max(size, 0), `${this.entries.size} are left of ${size}`);
  }

  #fits(before: Held | undefined, options: EntryOptions): boolean {
    const { maxEntries = Number.POSITIVE_INFINITY, maxWeight = Number.POSITIVE_INFINITY } = this.options;
    if (before !== undefined && weightOf(options) <= weightOf(before)) return true;
    const others = this.#weight() - (before === undefined ? 0 : weightOf(before));
    return (
      this.entries.size + (before === undefined ? 1 : 0) <= maxEntries &&
      others + weightOf(options) <= maxWeight
    );
  }

  #weight(): number {
    let sum = 0;
    for (const held of this.entries.values()) sum += weightOf(held);
    return sum;
  }

  /** The table and the model are one. */
  check(): void {
    const { table } = this;
    const told: string[] = [];
    for (const slot of table.slots()) {
      const key = table.keyAt(slot);
      const fields = [
        table.valueAt(slot),
        table.confirmedAt(slot),
        table.ttlOf(slot),
        table.staleForOf(slot),
        table.expiresAt(slot),
        table.versionOf(slot),
        table.tagsOf(slot),
      ];
      told.push(`${key}: ${fields}${table.slotOf(key) === slot ? '' : ', lost'}`);
    }
    for (const key of this.negatives.keys())
      told.push(`${key}: no, ${Object.values(table.negativeOf(key) ?? {})}`);
    for (const { key, kind, at, seq } of table.buried()) {
      told.push(`${key}: ${kind} ${at} ${seq}${table.tombstoneOf(key)?.seq === seq ? '' : ', lost'}`);
    }
    const expected: string[] = [];
    for (const [key, held] of this.entries) {
      const fields = [
        held.value,
        held.confirmedAt,
        held.ttl,
        held.staleFor,
        expiry(held),
        held.version,
        held.tags,
      ];
      expected.push(`${key}: ${fields}`);
    }
    for (const [key, { at, until, because }] of this.negatives)
      expected.push(`${key}: no, ${[at, until, because]}`);
    for (const { key, kind, at, seq } of this.tombstones.values())
      expected.push(`${key}: ${kind} ${at} ${seq}`);
    const { maxEntries, maxWeight } = this.options;
    if (maxEntries !== undefined || maxWeight !== undefined) assert.equal(table.weight, this.#weight());
    assert.ok(table.size <= (maxEntries ?? Number.POSITIVE_INFINITY), 'more entries than there is room for');
    assert.ok(table.weight <= (maxWeight ?? Number.POSITIVE_INFINITY), 'heavier than there is room for');
    const counts = `${table.size} ${table.negatives} ${table.tombstones}`;
    const expectedCounts = `${this.entries.size} ${this.negatives.size} ${this.tombstones.size}`;
    assert.deepStrictEqual(
      [counts, ...told.sort()].join('\n'),
      [expectedCounts, ...expected.sort()].join('\n'),
    );
  }

  #late(key: string, lease: ModelLease): boolean {
    return !lease.open || Math.max(this.events.get(key) ?? 0, this.cleared) > lease.tick;
  }

  /** Of a key without an entry a pass may be told too little, never too much. */
  #mayRefuse(key: string, lease: ModelLease): void {
    if (this.#late(key, lease)) {
      assert.deepStrictEqual(
        this.table.deny(key, { at: 0, until: 0, because: 'pass' }, lease.lease),
        'lease',
      );
    }
  }

  #stored(key: string, value: unknown, options: EntryOptions): void {
    this.#removed(key);
    const admitted = weightOf(options) <= (this.options.maxWeight ?? Number.POSITIVE_INFINITY);
    assert.equal(this.#incoming === key, admitted, `${key} was ${admitted ? 'refused' : 'stored'}`);
    if (admitted) this.entries.set(key, { ...options, value, tick: this.tick, latched: false });
  }

  #removed(key: string): void {
    this.tick += 1;
    this.events.set(key, this.tick);
    this.entries.delete(key);
    this.negatives.delete(key);
    this.tombstones.delete(key);
    this.seen.delete(key);
  }

  #onEvict(key: string, because: string): void {
    if (because === 'capacity' && key === this.#incoming) {
      this.#incoming = undefined;
      return;
    }
    assert.ok(this.entries.delete(key), `evicted ${key}, which was not there`);
    this.seen.delete(key);
  }

  #tidy(): void {
    if (this.options.track === true) return;
    const open = this.leases.filter((lease) => lease.open);
    for (const tombstone of this.tombstones.values()) {
      if (tombstone.kind === 'revoked') continue;
      if (open.some((lease) => lease.lease.seq < tombstone.seq)) return;
      this.tombstones.delete(tombstone.key);
    }
  }
}

const weightOf = ({ weight }: EntryOptions): number => weight ?? 1;

const expiry = (held: Held): number =>
  held.latched ? Number.NEGATIVE_INFINITY : (held.expiresAt ?? Number.POSITIVE_INFINITY);
