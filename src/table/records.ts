import { ExpiryIndex } from './expiry-index.js';
import { Kind, type Page, pageMask, pageSize } from './page.js';
import type { Denial, EntryOptions, Tombstone } from './record.js';
import { Line, Slots } from './slots.js';
import { ownTerm, Terms } from './terms.js';

/**
 * The records of all keys and what is counted and indexed of them. It knows how a record is made and unmade, not when:
 * whoever makes one in a slot has unmade what was there.
 */
export class Records<V> {
  readonly slots = new Slots<V>();
  readonly byAge = new ExpiryIndex(this.slots.byAge);
  readonly byWall = new ExpiryIndex(this.slots.byWall);
  readonly terms = new Terms();
  entries = 0;
  negatives = 0;
  tombstones = 0;

  kind(slot: number): number {
    return this.slots.kind(slot);
  }

  ttl(slot: number): number {
    const page = this.slots.page(slot);
    const term = page.term[slot & pageMask]!;
    return term === ownTerm ? page.ttl![slot & pageMask]! : this.terms.ttls[term]!;
  }

  staleFor(slot: number): number {
    const page = this.slots.page(slot);
    const term = page.term[slot & pageMask]!;
    return term === ownTerm ? page.staleFor![slot & pageMask]! : this.terms.staleFors[term]!;
  }

  /** Monotonic ms at which the entry or the negative in a slot has had its time. */
  readonly ageDeadline = (slot: number): number => {
    const page = this.slots.page(slot);
    const at = slot & pageMask;
    if (this.kind(slot) === Kind.negative) return page.expiresAt[at]!;
    return page.confirmedAt[at]! + this.ttl(slot) + this.staleFor(slot);
  };

  /** Wall-clock ms at which the entry in a slot expires. */
  readonly wallDeadline = (slot: number): number => this.slots.page(slot).expiresAt[slot & pageMask]!;

  /** Writes an entry into a slot that holds one, or that was made for one. */
  writeEntry(slot: number, value: V, options: EntryOptions, seq: number): void {
    const page = this.slots.page(slot);
    const at = slot & pageMask;
    const held = this.kind(slot) === Kind.entry;
    const ageBefore = held ? this.ageDeadline(slot) : Number.POSITIVE_INFINITY;
    const wallBefore = held ? page.expiresAt[at]! : Number.POSITIVE_INFINITY;
    if (!held) {
      this.slots.setKind(slot, Kind.entry);
      this.entries += 1;
    }
    page.values[at] = value;
    page.seq[at] = seq;
    page.confirmedAt[at] = options.confirmedAt;
    page.expiresAt[at] = options.expiresAt ?? Number.POSITIVE_INFINITY;
    page.flags[at] = options.flags ?? 0;
    this.#writeTerm(page, at, options, held);
    writeRare(page, at, options);
    this.byAge.update(slot, ageBefore, this.ageDeadline(slot));
    this.byWall.update(slot, wallBefore, page.expiresAt[at]!);
  }

  /** Takes an entry out of its slot. What the slot is then is the caller's to say. */
  endEntry(slot: number): void {
    const page = this.slots.page(slot);
    const at = slot & pageMask;
    this.byAge.remove(slot);
    this.byWall.remove(slot);
    this.terms.release(page.term[at]!);
    page.values[at] = undefined;
    if (page.tags !== undefined) page.tags[at] = undefined;
    if (page.version !== undefined) page.version[at] = Number.NaN;
    if (page.weight !== undefined) page.weight[at] = Number.NaN;
    if (page.seen !== undefined) page.seen[at] = 0;
    this.entries -= 1;
  }

  writeNegative(slot: number, denial: Denial, seq: number): void {
    const page = this.slots.page(slot);
    const at = slot & pageMask;
    this.slots.setKind(slot, Kind.negative);
    page.seq[at] = seq;
    page.confirmedAt[at] = denial.at;
    page.expiresAt[at] = denial.until;
    page.flags[at] = denial.because === 'source' ? 0 : 1;
    this.byAge.insert(slot, denial.until);
    this.slots.byWall.push(Line.negatives, slot);
    this.negatives += 1;
  }

  negative(slot: number): Denial | undefined {
    if (this.kind(slot) !== Kind.negative) return undefined;
    const page = this.slots.page(slot);
    const at = slot & pageMask;
    return {
      at: page.confirmedAt[at]!,
      until: page.expiresAt[at]!,
      because: page.flags[at] === 0 ? 'source' : 'pass',
    };
  }

  endNegative(slot: number): void {
    this.byAge.remove(slot);
    this.slots.byWall.remove(slot);
    this.negatives -= 1;
  }

  writeTombstone(slot: number, tombstone: Tombstone): void {
    const page = this.slots.page(slot);
    page.seq[slot & pageMask] = tombstone.seq;
    page.confirmedAt[slot & pageMask] = tombstone.at;
    if (tombstone.kind === 'revoked') this.slots.setKind(slot, Kind.revoked);
    else {
      this.slots.setKind(slot, Kind.invalidated);
      this.slots.byWall.push(Line.invalidated, slot);
    }
    this.tombstones += 1;
  }

  endTombstone(slot: number): void {
    this.slots.byWall.remove(slot);
    this.tombstones -= 1;
  }

  /** Leaves a mark of mutation `seq`, to be kept until all reads that began before mutation `now` have ended. */
  writeMark(slot: number, seq: number, now: number): void {
    const page = this.slots.page(slot);
    this.slots.setKind(slot, Kind.mark);
    page.seq[slot & pageMask] = seq;
    page.confirmedAt[slot & pageMask] = now;
    this.slots.byWall.push(Line.marks, slot);
  }

  endMark(slot: number): void {
    this.slots.byWall.remove(slot);
  }

  /** The mutation number when a mark was left. */
  markedAt(slot: number): number {
    return this.slots.page(slot).confirmedAt[slot & pageMask]!;
  }

  #writeTerm(page: Page<V>, at: number, { ttl, staleFor }: EntryOptions, held: boolean): void {
    const before = page.term[at]!;
    const term = this.terms.use(ttl, staleFor);
    if (held) this.terms.release(before);
    page.term[at] = term;
    if (term !== ownTerm) return;
    page.ttl ??= new Float64Array(pageSize);
    page.staleFor ??= new Float64Array(pageSize);
    page.ttl[at] = ttl;
    page.staleFor[at] = staleFor;
  }
}

/** The fields that few tables use: no page of them is made before one is given. */
function writeRare<V>(page: Page<V>, at: number, { version, weight, tags }: EntryOptions): void {
  if (version !== undefined) page.version ??= new Float64Array(pageSize).fill(Number.NaN);
  if (page.version !== undefined) page.version[at] = version ?? Number.NaN;
  if (weight !== undefined) page.weight ??= new Float64Array(pageSize).fill(Number.NaN);
  if (page.weight !== undefined) page.weight[at] = weight ?? Number.NaN;
  if (tags !== undefined) page.tags ??= new Array<readonly string[] | undefined>(pageSize).fill(undefined);
  if (page.tags !== undefined) page.tags[at] = tags;
}
