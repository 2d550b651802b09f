/** Slots to a page. Growing adds a page and copies nothing. */
export const pageBits = 12;
export const pageSize = 1 << pageBits;
export const pageMask = pageSize - 1;

/**
 * What a slot holds of its key. A key has one record at a time: that it has an entry, that the source denied it, that it
 * was buried, or a bare mark that something happened to it which a read still under way has not seen.
 */
export const Kind = { free: 0, entry: 1, negative: 2, invalidated: 3, revoked: 4, mark: 5 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** The state byte: the kind, and two bits beside it. */
export const kindBits = 7;
/** Read since the capacity's hand last came by. */
export const visitedBit = 8;
/** Changed since last drained. It belongs to the slot and outlives the record in it. */
export const dirtyBit = 16;

/** A run of slots, field by field: numbers in typed arrays, so that a record costs the collector nothing. */
export class Page<V> {
  readonly state = new Uint8Array(pageSize);
  readonly flags = new Uint8Array(pageSize);
  readonly term = new Uint16Array(pageSize);
  /** The mutation that made the record. */
  readonly seq = new Float64Array(pageSize);
  /** Monotonic ms. A negative's and a tombstone's: when it was made. A mark's: the mutation after which it was left. */
  readonly confirmedAt = new Float64Array(pageSize);
  /** Wall-clock ms. A negative's: monotonic ms until which it holds. */
  readonly expiresAt = new Float64Array(pageSize);
  // Filled at once: an array that begins with holes or small integers would change its shape under the readers.
  readonly keys: string[] = new Array<string>(pageSize).fill('');
  readonly values: (V | undefined)[] = new Array<V | undefined>(pageSize).fill(undefined);

  // What few tables use is made when first needed.
  /** With `staleFor`: only where the entry's term has no number. */
  ttl: Float64Array | undefined;
  staleFor: Float64Array | undefined;
  version: Float64Array | undefined;
  weight: Float64Array | undefined;
  tags: (readonly string[] | undefined)[] | undefined;
  /** The mutation at which a pass saw the slot's key without storing it. */
  seen: Float64Array | undefined;
}
