import { existsSync, readFileSync } from 'node:fs';

const headerLength = 32;
const frameHeaderLength = 24;
/** Its lowest bit says that the checksums read words big-endian. */
const magic = 0x377f0682;

/**
 * Whether the write-ahead log beside the file was damaged since it was written. SQLite would stop at the damage and drop the
 * transactions behind it without a word, acknowledged tombstones among them.
 *
 * A killed process leaves at most one frame of the log's present generation that does not check, its last; whole frames
 * of that generation behind one that does not check were once written and acknowledged.
 *
 * Read it under the lock only: a log that is being written looks damaged.
 */
export function isLogDamaged(path: string): boolean {
  const file = `${path}-wal`;
  if (!existsSync(file)) return false;
  const log = readFileSync(file);
  if (log.length < headerLength) return false;
  const written = log.readUInt32BE(0);
  if (written !== magic && written !== magic + 1) return true;
  const sum = new Checksum(log, written === magic);
  sum.add(0, 24);
  if (!sum.is(24)) return true;

  const frameLength = frameHeaderLength + log.readUInt32BE(8);
  let broken: number | undefined;
  for (let at = headerLength; at + frameLength <= log.length; at += frameLength) {
    const ours = log.compare(log, 16, 24, at + 8, at + 16) === 0;
    if (broken !== undefined) {
      if (ours) return true;
      continue;
    }
    if (ours) {
      sum.add(at, at + 8);
      sum.add(at + frameHeaderLength, at + frameLength);
    }
    if (!ours || !sum.is(at + 16)) broken = at;
  }
  return false;
}

/** SQLite's own running checksum of a log. */
class Checksum {
  readonly #log: Buffer;
  readonly #words: DataView;
  readonly #littleEndian: boolean;
  #a = 0;
  #b = 0;

  constructor(log: Buffer, littleEndian: boolean) {
    this.#log = log;
    this.#words = new DataView(log.buffer, log.byteOffset, log.length);
    this.#littleEndian = littleEndian;
  }

  add(from: number, to: number): void {
    const words = this.#words;
    const littleEndian = this.#littleEndian;
    let a = this.#a;
    let b = this.#b;
    for (let at = from; at < to; at += 8) {
      a = (a + words.getUint32(at, littleEndian) + b) | 0;
      b = (b + words.getUint32(at + 4, littleEndian) + a) | 0;
    }
    this.#a = a;
    this.#b = b;
  }

  is(at: number): boolean {
    return this.#log.readInt32BE(at) === this.#a && this.#log.readInt32BE(at + 4) === this.#b;
  }
}
