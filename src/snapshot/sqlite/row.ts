import { crc32 } from 'node:zlib';
import type { Block } from './block.js';
import { Damage } from './failure.js';
import type { Frame, Operation } from './frame.js';
import type { BlockRow, FloorParameters, RecordParameters, Row } from './schema.js';
import type { Seal } from './seal.js';

/** The row of a record: sealed, and with a checksum over all that matters of it. */
export function sealRow(
  seal: Seal,
  { operation: rank, seq, key: plainKey, body: plainBody }: Frame,
  generation: number,
  { floor, asOf }: FloorParameters,
): RecordParameters {
  const key = seal.key(plainKey);
  const context = contextOf(rank, seq, generation);
  const body = seal.seal(key, context, plainKey, plainBody);
  return { key, seq, rank, generation, crc: checksum(context, key, body), body, floor, asOf };
}

/**
 * The record of a row.
 * @throws Damage
 */
export function unsealRow(seal: Seal, [, column, seq, rank, generation, crc, sealed]: Row): Frame {
  try {
    // One flipped bit of a row's head makes text of bytes, of which a checksum says the same.
    if (!isBytes(column) || !isBytes(sealed)) throw new RangeError('Its columns are of the wrong type.');
    const context = contextOf(rank, seq, generation);
    if (checksum(context, column, sealed) !== crc) throw new RangeError('Its checksum does not match.');
    const { key, body } = seal.open(column, context, sealed);
    return { operation: rank as Operation, seq, key, body };
  } catch (cause) {
    throw new Damage('a record of it does not read back', { cause });
  }
}

/** Where a record has its rank, a block has this. */
const ofBlock = 0xff;
const blockColumn = Buffer.from('block');
const noKey = Buffer.alloc(0);

/** What of a block's row is its body: sealed, bound to its place. And the checksum. */
export function sealBlock(
  seal: Seal,
  { buffer, length }: Block,
  id: number,
  generation: number,
): { readonly crc: number; readonly body: Buffer } {
  const context = contextOf(ofBlock, id, generation);
  const body = seal.seal(blockColumn, context, noKey, Buffer.from(buffer, 0, length));
  return { crc: checksum(context, body), body };
}

/**
 * The block of a row, in a buffer of its own.
 * @throws Damage
 */
export function unsealBlock(seal: Seal, [id, generation, , crc, sealed]: BlockRow): Block {
  try {
    if (!isBytes(sealed)) throw new RangeError('Its column is of the wrong type.');
    const context = contextOf(ofBlock, id, generation);
    if (checksum(context, sealed) !== crc) throw new RangeError('Its checksum does not match.');
    const { body } = seal.open(blockColumn, context, sealed);
    return { buffer: new Uint8Array(body).buffer, length: body.length };
  } catch (cause) {
    throw new Damage('a block of it does not read back', { cause });
  }
}

const isBytes = (column: unknown): boolean => column instanceof Uint8Array;

/** What of a row its checksum and its seal cover beside key and body. */
function contextOf(rank: number, seq: number, generation: number): Buffer {
  const context = Buffer.allocUnsafe(1 + 8 + 8);
  context.writeUInt8(rank, 0);
  context.writeDoubleLE(seq, 1);
  context.writeDoubleLE(generation, 9);
  return context;
}

function checksum(...parts: readonly Uint8Array[]): number {
  let sum = 0;
  // Of an empty part, zlib answers the sum of nothing at all.
  for (const part of parts) if (part.length > 0) sum = crc32(part, sum);
  return sum;
}
