import { Kind, layout } from './page.js';
import type { Denial, Tombstone } from './record.js';
import { Records } from './records.js';

const {
  doubtBits,
  flagsBits,
  flagsShift,
  kindBits,
  pageBits,
  pageMask,
  pageSize,
  readsBits,
  readsShift,
  termShift,
} = layout;

/** The meta word of an entry in no doubt whose reads need not be counted any more, as far as it tells. */
const plainBits = kindBits | doubtBits | readsBits;
const plain = Kind.entry | readsBits;

/** The time, by both clocks: monotonic ms for ages, ms since the epoch. */
export interface Clocks {
  readonly age: number;
  readonly wall: number;
}

/** What decides whether an entry may be served, and as what. */
export interface Standing {
  /** Monotonic ms. */
  confirmedAt: number;
  /** Wall-clock ms; `Infinity` without one, `-Infinity` once latched. */
  expiresAt: number;
  /** ms. */
  ttl: number;
  /** ms beyond the `ttl`; `Infinity`: until its own `expiresAt`. */
  staleFor: number;
  /** The caller's eight bits. */
  flags: number;
}

/** A fresh entry as it is told. `age` in ms, `expiresAt` in ms since the epoch. */
export interface FreshEntry<V> {
  readonly status: 'fresh';
  readonly value: V;
  readonly age: number;
  readonly expiresAt?: number;
}

/** Where a reader counts what it was given. */
export interface Tally {
  fresh: number;
  stale: number;
}

/**
 * What can be read of a table. Entries live in slots, numbers that hold until the entry leaves: use one before anything
 * else may happen to the table. Reading an entry makes no object.
 */
export class View<V> {
  /** @internal */
  protected records: Records<V>;

  constructor(bounded: boolean) {
    this.records = new Records(bounded);
  }

  /** How many entries there are. */
  get size(): number {
    return this.records.entries;
  }

  get negatives(): number {
    return this.records.negatives;
  }

  /** The weight of all entries; 0 in a table without a bound. */
  get weight(): number {
    return this.records.weight;
  }

  get tombstones(): number {
    return this.records.tombstones;
  }

  /** The slot of the key's entry, or -1. */
  slotOf(key: string): number {
    const { slots, tags } = this.records;
    const slot = slots.find(key);
    if (slot < 0 || slots.kind(slot) !== Kind.entry) return -1;
    return tags.dying && tags.isDead(slot) ? -1 : slot;
  }

  /** The slot of whatever is known of the key, an entry or not, or -1. */
  recordOf(key: string): number {
    return this.records.slots.find(key);
  }

  /** How the slot's entry stands, in one look, into an object of the caller's; false where it holds none. */
  standing(slot: number, into: Standing): boolean {
    const { meta, times } = this.records.slots.page(slot);
    const at = slot & pageMask;
    const word = meta[at]!;
    if ((word & kindBits) !== Kind.entry) return false;
    const { tags } = this.records;
    if (tags.dying && tags.isDead(slot)) return false;
    into.confirmedAt = this.records.confirmedAt(slot);
    into.expiresAt = times[2 * at + 1]!;
    into.ttl = this.records.ttlBy(word >>> termShift, slot);
    into.staleFor = this.records.staleForBy(word >>> termShift, slot);
    into.flags = (word & flagsBits) >>> flagsShift;
    return true;
  }

  keyAt(slot: number): string {
    return this.records.slots.key(slot);
  }

  valueAt(slot: number): V {
    return this.records.slots.page(slot).values[slot & pageMask] as V;
  }

  /** Monotonic ms. */
  confirmedAt(slot: number): number {
    return this.records.confirmedAt(slot);
  }

  /** ms. */
  ttlOf(slot: number): number {
    return this.records.ttl(slot);
  }

  /** ms beyond the `ttl`; `Infinity`: until its own `expiresAt`. */
  staleForOf(slot: number): number {
    return this.records.staleFor(slot);
  }

  /** Wall-clock ms; `Infinity` without one, `-Infinity` once latched. The entry is past it from that time on. */
  expiresAt(slot: number): number {
    return this.records.slots.expiresAt(slot);
  }

  versionOf(slot: number): number | undefined {
    return given(this.records.slots.page(slot).version?.[slot & pageMask]);
  }

  weightOf(slot: number): number | undefined {
    return given(this.records.slots.page(slot).weight?.[slot & pageMask]);
  }

  tagsOf(slot: number): readonly string[] | undefined {
    return this.records.slots.page(slot).tags?.[slot & pageMask];
  }

  /** The mutation that stored the entry. */
  seqOf(slot: number): number {
    return this.records.slots.seq(slot);
  }

  /** The caller's eight bits. */
  flagsOf(slot: number): number {
    return this.records.slots.flags(slot);
  }

  setFlags(slot: number, flags: number): void {
    this.records.setFlags(slot, flags);
  }

  /**
   * A read on a hot path, in one look: the value, if the key has an entry that is past neither end. It then counts as touched,
   * and in `tally`: as fresh where it is also within its `ttl`, confirmed at `notBefore` or later, and carries no flag of doubt.
   */
  glance(key: string, clocks: Clocks, notBefore: number, tally: Tally): V | undefined {
    const slot = this.records.slots.find(key);
    if (slot < 0) return undefined;
    if (!this.#isPlain(slot, clocks, notBefore)) return this.#glanceAt(slot, clocks, notBefore, tally);
    tally.fresh += 1;
    return this.records.slots.page(slot).values[slot & pageMask];
  }

  /**
   * The same for who tells what it read: a fresh entry, if it is one beyond doubt and another read of it need not be counted. Undefined says
   * nothing: look closer.
   */
  freshAt(slot: number, clocks: Clocks, notBefore: number): FreshEntry<V> | undefined {
    const { slots, affirmed } = this.records;
    const { times, values } = slots.page(slot);
    const at = slot & pageMask;
    const confirmedAt = times[at << 1]!;
    if (affirmed.at > confirmedAt || !this.#isPlain(slot, clocks, notBefore)) return undefined;
    const value = values[at] as V;
    const expiresAt = times[(at << 1) | 1]!;
    const age = clocks.age > confirmedAt ? clocks.age - confirmedAt : 0;
    return expiresAt === Number.POSITIVE_INFINITY
      ? { status: 'fresh', value, age }
      : { status: 'fresh', value, age, expiresAt };
  }

  /** What most reads come to, in one look: an entry within its times, in no doubt, another read of which need not be counted. */
  #isPlain(slot: number, clocks: Clocks, notBefore: number): boolean {
    const { slots, tags, ttls } = this.records;
    const { meta, times } = slots.page(slot);
    const at = slot & pageMask;
    const word = meta[at]!;
    const confirmedAt = times[at << 1]!;
    // A term that is the entry's own has no ttl here: no age is below undefined.
    const ttl = ttls[word >>> termShift]!;
    return (
      (word & plainBits) === plain &&
      !tags.dying &&
      clocks.wall < times[(at << 1) | 1]! &&
      clocks.age - confirmedAt < ttl &&
      ttl > 0 &&
      confirmedAt >= notBefore
    );
  }

  #glanceAt(slot: number, { age, wall }: Clocks, notBefore: number, tally: Tally): V | undefined {
    const { slots, tags } = this.records;
    const { meta, times, values } = slots.page(slot);
    const at = slot & pageMask;
    const word = meta[at]!;
    if ((word & kindBits) !== Kind.entry) return undefined;
    if (wall >= times[2 * at + 1]! || (tags.dying && tags.isDead(slot))) return undefined;
    const confirmedAt = this.records.confirmedAt(slot);
    // A clock that is read once a stretch may lie before what was confirmed in it.
    const now = Math.max(age, confirmedAt);
    if (now >= this.records.ageDeadline(slot)) return undefined;
    if ((word & readsBits) !== readsBits) meta[at] = word + (1 << readsShift);
    const isFresh = now - confirmedAt < this.records.ttl(slot) && confirmedAt >= notBefore;
    if (isFresh && (word & doubtBits) === 0) tally.fresh += 1;
    else tally.stale += 1;
    return values[at];
  }

  /** The entry was read: one that is read often is among the last to make room. */
  touch(slot: number): void {
    this.records.slots.visit(slot);
  }

  /** The source's denial of the key, whether or not its time is over. */
  negativeOf(key: string): Denial | undefined {
    const slot = this.records.slots.find(key);
    return slot < 0 ? undefined : this.records.negative(slot);
  }

  tombstoneOf(key: string): Tombstone | undefined {
    const slot = this.records.slots.find(key);
    return slot < 0 ? undefined : this.records.tombstone(slot);
  }

  /** The slots of all entries. An entry that is there all the while comes once, whatever happens to the others. */
  *slots(): Generator<number, void, void> {
    const { records } = this;
    for (let slot = 0; slot < records.slots.end && records === this.records; slot += 1) {
      if (records.slots.kind(slot) === Kind.entry) yield slot;
    }
  }

  /** As `slots`, and no key comes twice though it left and came back. */
  *walk(): Generator<number, void, void> {
    const { records } = this;
    for (const slot of records.slots.walk()) {
      if (records !== this.records) return;
      if (records.slots.kind(slot) !== Kind.entry || (records.tags.dying && records.tags.isDead(slot)))
        continue;
      yield slot;
    }
  }

  /** All tombstones, in no order. They may be lifted on the way. */
  *buried(): Generator<Tombstone, void, void> {
    const { records } = this;
    for (let page = 0; page < records.slots.pages.length; page += 1) {
      const first = page << pageBits;
      for (let at = 0; at < pageSize && records.slots.pages[page]!.tombstones > 0; at += 1) {
        const tombstone = records.tombstone(first + at);
        if (tombstone !== undefined) yield tombstone;
        if (records !== this.records) return;
      }
    }
  }
}

const given = (number: number | undefined): number | undefined =>
  number === undefined || Number.isNaN(number) ? undefined : number;
