/**
 * How records travel between the calling thread and the file's: packed into few buffers that are handed over, instead of
 * a million small objects that would be cloned. One record: operation, `seq`, the lengths of key and body, key, body.
 */

/** What a record asks for; the first three are also what a row is, and the order in which ties of `seq` are broken. */
export const operation = { entry: 0, invalidated: 1, revoked: 2, gone: 3, lifted: 4, skipped: 5 } as const;
export type Operation = (typeof operation)[keyof typeof operation];

export interface Frame {
  readonly operation: Operation;
  readonly seq: number;
  /** As `encodeKey` makes it. A view of the chunk it came in. */
  readonly key: Buffer;
  /** A view of the chunk it came in. */
  readonly body: Buffer;
}

/** A buffer, and how much of it is written. */
export interface Chunk {
  readonly buffer: ArrayBuffer;
  readonly length: number;
}

const headLength = 1 + 8 + 4 + 4;
const chunkLength = 256 * 1024;

/** Packs records into chunks. */
export class FrameWriter {
  readonly #full: Chunk[] = [];
  #open: Buffer | undefined;
  #length = 0;
  /** Bytes written so far. */
  bytes = 0;

  add(what: Operation, seq: number, key: Uint8Array, body: Uint8Array): void {
    const needed = headLength + key.length + body.length;
    const buffer = this.#room(needed);
    let at = buffer.writeUInt8(what, this.#length);
    at = buffer.writeDoubleLE(seq, at);
    at = buffer.writeUInt32LE(key.length, at);
    at = buffer.writeUInt32LE(body.length, at);
    buffer.set(key, at);
    buffer.set(body, at + key.length);
    this.#length += needed;
    this.bytes += needed;
  }

  /** What was written. The writer is empty again. */
  take(): readonly Chunk[] {
    this.#seal();
    return this.#full.splice(0);
  }

  #room(needed: number): Buffer {
    if (this.#open === undefined || this.#length + needed > this.#open.length) {
      this.#seal();
      this.#open = Buffer.from(new ArrayBuffer(Math.max(chunkLength, needed)));
    }
    return this.#open;
  }

  #seal(): void {
    if (this.#open !== undefined && this.#length > 0) {
      this.#full.push({ buffer: this.#open.buffer as ArrayBuffer, length: this.#length });
    }
    this.#open = undefined;
    this.#length = 0;
  }
}

/** The records of the chunks, in the order in which they were written. */
export function* readFrames(chunks: readonly Chunk[]): Generator<Frame, void> {
  for (const { buffer, length } of chunks) {
    const bytes = Buffer.from(buffer, 0, length);
    let at = 0;
    while (at < length) {
      const what = bytes.readUInt8(at) as Operation;
      const seq = bytes.readDoubleLE(at + 1);
      const keyEnd = at + headLength + bytes.readUInt32LE(at + 9);
      const end = keyEnd + bytes.readUInt32LE(at + 13);
      yield {
        operation: what,
        seq,
        key: bytes.subarray(at + headLength, keyEnd),
        body: bytes.subarray(keyEnd, end),
      };
      at = end;
    }
  }
}

/** UTF-8 has no lone surrogates, and no byte 0xff: a key that has such is UTF-16 behind that byte. */
const utf16Mark = 0xff;

export function encodeKey(key: string): Buffer {
  if (key.isWellFormed()) return Buffer.from(key, 'utf8');
  const bytes = Buffer.allocUnsafe(1 + key.length * 2);
  bytes.writeUInt8(utf16Mark, 0);
  bytes.write(key, 1, 'utf16le');
  return bytes;
}

/** The key that stands between two places of a buffer: by default, in all of it. */
export function decodeKey(bytes: Buffer, from = 0, to = bytes.length): string {
  return bytes[from] === utf16Mark
    ? bytes.toString('utf16le', from + 1, to)
    : bytes.toString('utf8', from, to);
}
