import { DefaultSerializer, deserialize } from 'node:v8';
import { SnapshotError } from '../../errors.js';
import type { SnapshotEntry } from '../store.js';
import { decodeKey, encodeKey } from './frame.js';

/**
 * Many entries in one buffer, which is one row of the file: a row for each costs ten times as much. Its layout: how many entries, the
 * end of their heads, the `seq` of each, the end of each key, the keys; then batches of entries, each with its count and its
 * length, of what V8 serializes at once.
 */
export interface Block {
  readonly buffer: ArrayBuffer;
  readonly length: number;
}

/** Entries in one block. A page with fewer than the least of them makes no block. */
export const blockSize = { least: 64, most: 512 } as const;

/** The `seq` of an entry that is not in force. */
const nowhere = -1;

/** Entries in one batch, and about how many bytes. Values that are larger are better off in rows of their own. */
const batchSize = { least: 4, first: 16, most: 256, bytes: 64 * 1024 } as const;

const headLength = 8;
const batchHeadLength = 8;

/** Of the entries of a batch, field by field; without those that no entry has. */
type Columns = [
  values: readonly unknown[],
  confirmedAt: readonly number[],
  ...others: (readonly unknown[] | undefined)[],
];
const others = ['expiresAt', 'version', 'ttl', 'staleFor', 'tags', 'weight'] as const;

/** A view shares its memory with all that is read with it, so it is not packed with others. */
class BatchSerializer extends DefaultSerializer {
  _writeHostObject(): never {
    throw new SnapshotError('The value has a view of a buffer.');
  }
}

function serializeBatch(entries: readonly SnapshotEntry[]): Buffer {
  const columns: Columns = [
    entries.map(({ value }) => value),
    entries.map(({ confirmedAt }) => confirmedAt),
    ...others.map((field) =>
      entries.some((entry) => entry[field] !== undefined) ? entries.map((entry) => entry[field]) : undefined,
    ),
  ];
  while (columns.at(-1) === undefined) columns.pop();
  const serializer = new BatchSerializer();
  serializer.writeHeader();
  serializer.writeValue(columns);
  return serializer.releaseBuffer();
}

interface Batch {
  readonly entries: readonly SnapshotEntry[];
  readonly body: Buffer;
}

/** Gathers entries into blocks. */
export class BlockWriter {
  readonly #blocks: Block[] = [];
  #batches: Batch[] = [];
  #entries = 0;
  #next: number = batchSize.first;

  /** How many entries are best handed over next; none where they are too large for a block. */
  get appetite(): number {
    return this.#next < batchSize.least ? 0 : Math.min(this.#next, blockSize.most - this.#entries);
  }

  /**
   * Takes a batch.
   * @throws what `v8.serialize` throws, or a getter of a value; SnapshotError for what belongs in a row of its own. Then nothing was taken.
   */
  add(entries: readonly SnapshotEntry[]): void {
    const body = serializeBatch(entries);
    this.#next = Math.min(
      batchSize.most,
      this.#next * 2,
      Math.floor((batchSize.bytes * entries.length) / body.length),
    );
    if (body.length > batchSize.bytes * batchSize.most) throw new SnapshotError('The values are large.');
    this.#batches.push({ entries, body });
    this.#entries += entries.length;
    if (this.#entries >= blockSize.most) this.#seal();
  }

  /** What was taken. The writer is empty again. */
  take(): readonly Block[] {
    this.#seal();
    if (this.#next < batchSize.least) this.#next = batchSize.first;
    return this.#blocks.splice(0);
  }

  #seal(): void {
    if (this.#entries > 0) this.#blocks.push(layOut(this.#batches, this.#entries));
    this.#batches = [];
    this.#entries = 0;
  }
}

function layOut(batches: readonly Batch[], count: number): Block {
  const keys = batches.flatMap(({ entries }) => entries.map(({ key }) => encodeKey(key)));
  const headsEnd = headLength + 12 * count + keys.reduce((sum, { length }) => sum + length, 0);
  const length = batches.reduce((sum, { body }) => sum + batchHeadLength + body.length, headsEnd);
  const buffer = new ArrayBuffer(length);
  const bytes = Buffer.from(buffer);
  const seqs = new Float64Array(buffer, headLength, count);
  const ends = new Uint32Array(buffer, headLength + 8 * count, count);
  bytes.writeUInt32LE(count, 0);
  bytes.writeUInt32LE(headsEnd, 4);
  let nth = 0;
  for (const { entries } of batches) for (const { seq } of entries) seqs[nth++] = seq;
  let at = headLength + 12 * count;
  for (const [of, key] of keys.entries()) {
    bytes.set(key, at);
    at += key.length;
    ends[of] = at;
  }
  for (const { entries, body } of batches) {
    bytes.writeUInt32LE(entries.length, at);
    bytes.writeUInt32LE(body.length, at + 4);
    bytes.set(body, at + batchHeadLength);
    at += batchHeadLength + body.length;
  }
  return { buffer, length };
}

/** What is in a block. */
export class BlockReader {
  readonly seqs: Float64Array;
  readonly #bytes: Buffer;
  readonly #ends: Uint32Array;
  readonly #headsEnd: number;

  /** @throws RangeError for what is no block. */
  constructor({ buffer, length }: Block) {
    this.#bytes = Buffer.from(buffer, 0, length);
    const count = this.#bytes.readUInt32LE(0);
    this.#headsEnd = this.#bytes.readUInt32LE(4);
    this.seqs = new Float64Array(buffer, headLength, count);
    this.#ends = new Uint32Array(buffer, headLength + 8 * count, count);
  }

  get count(): number {
    return this.seqs.length;
  }

  key(nth: number): Buffer {
    return this.#bytes.subarray(this.#keyAt(nth), this.#ends[nth]);
  }

  #keyAt(nth: number): number {
    return nth === 0 ? headLength + 12 * this.count : this.#ends[nth - 1]!;
  }

  /** The entry is not in force: it is never read. */
  void(nth: number): void {
    this.seqs[nth] = nowhere;
  }

  isVoid(nth: number): boolean {
    return this.seqs[nth] === nowhere;
  }

  /**
   * The entries that are in force, batch by batch.
   * @throws what `v8.deserialize` throws; SnapshotError for what was not packed here.
   */
  *batches(): Generator<readonly SnapshotEntry[], void> {
    let first = 0;
    for (let at = this.#headsEnd; at < this.#bytes.length; ) {
      const end = first + this.#bytes.readUInt32LE(at);
      const from = at + batchHeadLength;
      at = from + this.#bytes.readUInt32LE(at + 4);
      if (this.seqs.subarray(first, end).some((seq) => seq !== nowhere)) {
        yield this.#batch(first, end, this.#bytes.subarray(from, at));
      }
      first = end;
    }
  }

  #batch(first: number, end: number, body: Buffer): readonly SnapshotEntry[] {
    const columns: unknown = deserialize(body);
    if (!Array.isArray(columns) || !columns.slice(0, 2).every((column) => column?.length === end - first)) {
      throw new SnapshotError('The batch is none of entries.');
    }
    const [values, confirmedAt, ...rest] = columns as unknown as Columns;
    const entries: SnapshotEntry[] = [];
    for (let nth = first; nth < end; nth += 1) {
      if (this.isVoid(nth)) continue;
      const at = nth - first;
      const entry = {
        key: decodeKey(this.#bytes, this.#keyAt(nth), this.#ends[nth]),
        value: values[at],
        seq: this.seqs[nth]!,
        confirmedAt: confirmedAt[at]!,
      };
      entries.push(rest.length === 0 ? entry : withOthers(entry, rest, at));
    }
    return entries;
  }
}

/** Most have one field more, a time: those are made at once, others field by field. */
function withOthers(
  entry: SnapshotEntry,
  columns: readonly (readonly unknown[] | undefined)[],
  at: number,
): SnapshotEntry {
  const { key, value, seq, confirmedAt } = entry;
  const expiresAt = columns[0]?.[at] as number | undefined;
  if (columns.length === 1 && expiresAt !== undefined) return { key, value, seq, confirmedAt, expiresAt };
  const whole: Record<string, unknown> = entry as unknown as Record<string, unknown>;
  for (let field = 0; field < columns.length; field += 1) {
    const given = columns[field]?.[at];
    if (given !== undefined) whole[others[field] as string] = given;
  }
  return entry;
}
