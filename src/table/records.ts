import { Kind, layout, type Page } from './page.js';
import type { Denial, EntryOptions, Tombstone } from './record.js';
import { S3Fifo } from './s3-fifo.js';
import { Line, Slots } from './slots.js';
import { Tags } from './tags.js';
import { ownTerm, Terms } from './terms.js';

const { kindBits, ownBits, pageMask, pageSize } = layout;

/**
 * The records of all keys, and what is counted and indexed of them. It knows how a record is made and unmade, not when:
 * whoever makes one in a slot has unmade what was there.
 */
export class Records<V> {
  readonly slots = new Slots<V>();
  readonly tags = new Tags(this.slots);
  readonly #terms = new Terms();
  /** The ttl of each term that has a number of its own. */
  readonly ttls: readonly number[] = this.#terms.ttls;
  entries = 0;
  negatives = 0;
  tombstones = 0;
  /** Who makes room, in a table that may have to. */
  readonly queues: S3Fifo<V> | undefined;

  constructor(bounded = false) {
    this.queues = bounded ? new S3Fifo(this.slots) : undefined;
  }

  /** The weight of all entries, as far as anyone needs to know. */
  get weight(): number {
    return this.queues?.weight ?? 0;
  }

  /** What the entry in a slot weighs: 1 where nothing was said. */
  readonly weightOf = (slot: number): number => {
    const weight = this.slots.page(slot).weight?.[slot & pageMask];
    return weight === undefined || Number.isNaN(weight) ? 1 : weight;
  };

  ttl(slot: number): number {
    return this.ttlBy(this.slots.term(slot), slot);
  }

  /** As `ttl`, by the slot's term. */
  ttlBy(term: number, slot: number): number {
    return term === ownTerm ? this.slots.page(slot).ttl![slot & pageMask]! : this.#terms.ttls[term]!;
  }

  staleFor(slot: number): number {
    return this.staleForBy(this.slots.term(slot), slot);
  }

  /** As `staleFor`, by the slot's term. */
  staleForBy(term: number, slot: number): number {
    return term === ownTerm
      ? this.slots.page(slot).staleFor![slot & pageMask]!
      : this.#terms.staleFors[term]!;
  }

  /** All entries of mutation `since` or later are confirmed as of `at` (monotonic ms), those with an own bit excepted. */
  affirmed = { at: Number.NEGATIVE_INFINITY, since: Number.POSITIVE_INFINITY };

  /** Monotonic ms as of which the entry in a slot is confirmed, by itself or with the others. */
  confirmedAt(slot: number): number {
    const own = this.slots.confirmedAt(slot);
    const { at, since } = this.affirmed;
    if (at <= own || this.slots.seq(slot) < since) return own;
    const page = this.slots.page(slot);
    return (page.meta[slot & pageMask]! & ownBits) === 0 ? at : own;
  }

  /** Monotonic ms at which the entry or the negative in a slot has had its time. */
  readonly ageDeadline = (slot: number): number =>
    this.slots.kind(slot) === Kind.negative
      ? this.slots.expiresAt(slot)
      : this.confirmedAt(slot) + this.ttl(slot) + this.staleFor(slot);

  /** With other flags its time may be over sooner: it may be no longer confirmed with the others. */
  setFlags(slot: number, flags: number): void {
    this.slots.setFlags(slot, flags);
    const page = this.slots.page(slot);
    page.ageDue = Math.min(page.ageDue, this.ageDeadline(slot));
  }

  /** Whether the time of something on a page may be over. */
  isDue(page: Page<V>, now: number, wall: number): boolean {
    return page.ageDue <= now || page.wallDue <= wall;
  }

  /** Whether the time of what a slot holds is over: an entry's or a negative's by age, an entry's own end. */
  over(slot: number, now: number, wall: number): 'aged' | 'expired' | undefined {
    const kind = this.slots.kind(slot);
    if (kind !== Kind.entry && kind !== Kind.negative) return undefined;
    if (this.ageDeadline(slot) <= now) return 'aged';
    return kind === Kind.entry && this.slots.expiresAt(slot) <= wall ? 'expired' : undefined;
  }

  /** All pages are to be looked through again. */
  unsettle(): void {
    for (const page of this.slots.pages) page.ageDue = Number.NEGATIVE_INFINITY;
  }

  /** Finds out what is due first on the page that begins with a slot. */
  settle(first: number): void {
    const page = this.slots.page(first);
    let ageDue = Number.POSITIVE_INFINITY;
    let wallDue = Number.POSITIVE_INFINITY;
    for (let at = 0; at < pageSize; at += 1) {
      const kind = page.meta[at]! & kindBits;
      if (kind !== Kind.entry && kind !== Kind.negative) continue;
      const age = this.ageDeadline(first + at);
      if (age < ageDue) ageDue = age;
      if (kind === Kind.entry && page.times[2 * at + 1]! < wallDue) wallDue = page.times[2 * at + 1]!;
    }
    page.ageDue = ageDue;
    page.wallDue = wallDue;
  }

  /** Writes an entry into a slot that holds one, or that was made for one. */
  writeEntry(slot: number, value: V, options: EntryOptions, seq: number): void {
    const { slots } = this;
    const page = slots.page(slot);
    const held = slots.kind(slot) === Kind.entry;
    const expiresAt = options.expiresAt ?? Number.POSITIVE_INFINITY;
    const term = this.#terms.use(options.ttl, options.staleFor);
    const weight = options.weight ?? 1;
    if (held) {
      this.#terms.release(slots.term(slot));
      this.queues?.weigh(slot, weight - this.weightOf(slot));
    } else {
      slots.setKind(slot, Kind.entry);
      this.entries += 1;
      this.queues?.add(slot, weight);
    }
    page.values[slot & pageMask] = value;
    slots.setSeq(slot, seq);
    slots.setConfirmedAt(slot, options.confirmedAt);
    slots.setExpiresAt(slot, expiresAt);
    slots.setFlags(slot, options.flags ?? 0);
    slots.setTerm(slot, term);
    if (options.tags !== undefined || page.tags !== undefined)
      this.tags.change(slot, page.tags?.[slot & pageMask], options.tags);
    writeRare(page, slot & pageMask, options, term === ownTerm);
    const ageDue = options.confirmedAt + options.ttl + options.staleFor;
    if (ageDue < page.ageDue) page.ageDue = ageDue;
    if (expiresAt < page.wallDue) page.wallDue = expiresAt;
  }

  /** Takes an entry out of its slot. What the slot is then is the caller's to say. */
  endEntry(slot: number): void {
    const page = this.slots.page(slot);
    const at = slot & pageMask;
    this.queues?.remove(slot, this.weightOf(slot));
    this.#terms.release(this.slots.term(slot));
    page.values[at] = undefined;
    if (page.version !== undefined) page.version[at] = Number.NaN;
    if (page.weight !== undefined) page.weight[at] = Number.NaN;
    if (page.tags !== undefined) {
      this.tags.change(slot, page.tags[at], undefined);
      page.tags[at] = undefined;
    }
    if (page.seen !== undefined) page.seen[at] = 0;
    this.entries -= 1;
  }

  /** The entry was seen expired: its `expiresAt` lies before all time from now on. False where that was known, or no entry is there. */
  latch(slot: number): boolean {
    if (this.slots.kind(slot) !== Kind.entry || this.isLatched(slot)) return false;
    this.slots.page(slot).wallDue = Number.NEGATIVE_INFINITY;
    this.slots.setExpiresAt(slot, Number.NEGATIVE_INFINITY);
    return true;
  }

  isLatched(slot: number): boolean {
    return this.slots.expiresAt(slot) === Number.NEGATIVE_INFINITY;
  }

  writeNegative(slot: number, denial: Denial, seq: number): void {
    this.#write(slot, Kind.negative, seq, denial.at);
    this.slots.setExpiresAt(slot, denial.until);
    this.slots.setFlags(slot, denial.because === 'source' ? 0 : 1);
    const page = this.slots.page(slot);
    page.ageDue = Math.min(page.ageDue, denial.until);
    this.slots.lines.push(Line.negatives, slot);
    this.negatives += 1;
  }

  endNegative(slot: number): void {
    this.slots.lines.remove(slot);
    this.negatives -= 1;
  }

  negative(slot: number): Denial | undefined {
    const { slots } = this;
    if (slots.kind(slot) !== Kind.negative) return undefined;
    return {
      at: slots.confirmedAt(slot),
      until: slots.expiresAt(slot),
      because: slots.flags(slot) === 0 ? 'source' : 'pass',
    };
  }

  writeTombstone(slot: number, { kind, seq, at }: Tombstone): void {
    this.#write(slot, Kind[kind], seq, at);
    if (kind === 'invalidated') this.slots.lines.push(Line.invalidated, slot);
    this.slots.page(slot).tombstones += 1;
    this.tombstones += 1;
  }

  endTombstone(slot: number): void {
    this.slots.lines.remove(slot);
    this.slots.page(slot).tombstones -= 1;
    this.tombstones -= 1;
  }

  tombstone(slot: number): Tombstone | undefined {
    const { slots } = this;
    const kind = slots.kind(slot);
    if (kind !== Kind.invalidated && kind !== Kind.revoked) return undefined;
    return {
      key: slots.key(slot),
      kind: kind === Kind.revoked ? 'revoked' : 'invalidated',
      seq: slots.seq(slot),
      at: slots.confirmedAt(slot),
    };
  }

  /** Leaves nothing but the number of the mutation, to be kept until all reads that began before it have ended. */
  writeMark(slot: number, seq: number): void {
    this.#write(slot, Kind.mark, seq, 0);
    this.slots.lines.push(Line.marks, slot);
  }

  endMark(slot: number): void {
    this.slots.lines.remove(slot);
  }

  #write(slot: number, kind: Kind, seq: number, at: number): void {
    this.slots.setKind(slot, kind);
    this.slots.setSeq(slot, seq);
    this.slots.setConfirmedAt(slot, at);
  }
}

/** The fields that few tables use: no page of them is made before one is given. */
function writeRare<V>(page: Page<V>, at: number, options: EntryOptions, ownTerm: boolean): void {
  const { version, weight, tags } = options;
  if (version !== undefined) page.version ??= new Float64Array(pageSize).fill(Number.NaN);
  if (page.version !== undefined) page.version[at] = version ?? Number.NaN;
  if (weight !== undefined) page.weight ??= new Float64Array(pageSize).fill(Number.NaN);
  if (page.weight !== undefined) page.weight[at] = weight ?? Number.NaN;
  if (tags !== undefined) page.tags ??= new Array<readonly string[] | undefined>(pageSize).fill(undefined);
  if (page.tags !== undefined) page.tags[at] = tags;
  if (!ownTerm) return;
  page.ttl ??= new Float64Array(pageSize);
  page.staleFor ??= new Float64Array(pageSize);
  page.ttl[at] = options.ttl;
  page.staleFor[at] = options.staleFor;
}
