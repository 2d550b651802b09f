/**
 * What a slot holds of its key. A key has one record at a time: an entry, the source's denial, a tombstone, or a bare mark
 * that something happened to it which a read still under way has not seen.
 */
export const Kind = { free: 0, entry: 1, negative: 2, invalidated: 3, revoked: 4, mark: 5 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

const pageBits = 12;
const readsShift = 3;
const flagsShift = 8;

/**
 * How slots are cut into pages, and a slot's meta word into what it says: from the lowest bit its kind, how often it was read, two bits, one
 * unused, the caller's eight flags, the term. Who uses these takes them apart once (`const { pageMask } = layout`): what a module
 * imports, V8 reads from memory at each use; a constant of the module's own it does not.
 */
export const layout = {
  /** Slots to a page. Growing adds a page and copies nothing. */
  pageBits,
  pageSize: 1 << pageBits,
  pageMask: (1 << pageBits) - 1,
  kindBits: 7,
  /** Reads since whoever makes room last looked, up to three. */
  readsShift,
  readsBits: 3 << readsShift,
  /** Changed since last drained. It belongs to the slot and outlives the record in it. */
  dirtyBit: 32,
  /** Of the two queues of what may have to make room, the entry is in the main one. */
  mainBit: 64,
  flagsShift,
  flagsBits: 0xff << flagsShift,
  termShift: 16,
  /** Of the flags, those that say that an entry may not be fresh: all but three. */
  doubtBits: 0xe3 << flagsShift,
  /** With one of these an entry is not affirmed together with the others: all but the first of those three. */
  ownBits: 0xfb << flagsShift,
} as const;

const { pageSize } = layout;

/**
 * A run of slots, field by field: numbers in typed arrays, so that a record costs the collector nothing. What a read needs
 * lies close together: at a million entries it is the cache misses that cost.
 */
export class Page<V> {
  readonly meta = new Int32Array(pageSize);
  /**
   * Two for each slot. `confirmedAt`, monotonic ms (a negative's and a tombstone's: when it was made); and `expiresAt`, wall-clock ms (a negative's: monotonic ms until which it holds).
   */
  readonly times = new Float64Array(pageSize * 2);
  /** The mutation that made the record, in 48 bits: with two million a second it takes four years to count so far. */
  readonly seqLow = new Uint32Array(pageSize);
  readonly seqHigh = new Uint16Array(pageSize);
  // Filled at once: arrays that begin with holes or small integers would change their shape under the readers.
  readonly keys: string[] = new Array<string>(pageSize).fill('');
  readonly values: (V | undefined)[] = new Array<V | undefined>(pageSize).fill(undefined);
  /**
   * No entry's and no negative's time is over before this, in monotonic ms; the same of the entries' own ends, in ms since the epoch. What is
   * confirmed again or leaves may let them stand earlier than need be.
   */
  ageDue = Number.POSITIVE_INFINITY;
  wallDue = Number.POSITIVE_INFINITY;
  /** How many of the slots hold tombstones. */
  tombstones = 0;

  // What few tables use is made when first needed.
  version: Float64Array | undefined;
  weight: Float64Array | undefined;
  tags: (readonly string[] | undefined)[] | undefined;
  /** One more than the first of the entry's places in the index of tags. */
  firstTag: Int32Array | undefined;
  /** With `staleFor`: only where the entry's term has no number. */
  ttl: Float64Array | undefined;
  staleFor: Float64Array | undefined;
  /** The mutation at which a pass saw the slot's key without storing it. */
  seen: Float64Array | undefined;
  /** Which key it is that the slot was given to, counted while somebody walks over the table. */
  born: Float64Array | undefined;
}
