import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import type { OutboxEntry, OutboxOrder } from '../store.js';
import { Damage } from './failure.js';
import type { OrderRow } from './schema.js';
import type { Seal } from './seal.js';

/** An order of the outbox, as it is written. JSON keeps lone surrogates. */
const shape = v.variant('kind', [
  v.object({ kind: v.literal('remove'), key: v.string(), at: v.number() }),
  v.object({ kind: v.literal('touch'), key: v.string(), at: v.number(), expiresAt: v.number() }),
]);

const column = Buffer.from('outbox');

/** The row of an order: sealed, for it holds the key as the source has it, and bound to its place in the order. */
export function sealOrder(seal: Seal, id: number, order: OutboxOrder): OrderRow {
  const context = placeOf(id);
  const body = seal.seal(column, context, column, Buffer.from(JSON.stringify(order)));
  return [id, checksum(context, body), body];
}

/** @throws Damage */
export function unsealOrder(seal: Seal, [id, crc, sealed]: OrderRow): OutboxEntry {
  try {
    const context = placeOf(id);
    if (!(sealed instanceof Uint8Array)) throw new RangeError('Its columns are of the wrong type.');
    if (checksum(context, sealed) !== crc) throw new RangeError('Its checksum does not match.');
    const { body } = seal.open(column, context, sealed);
    return { ...v.parse(shape, JSON.parse(body.toString('utf8'))), id };
  } catch (cause) {
    throw new Damage('an order of its outbox does not read back', { cause });
  }
}

function placeOf(id: number): Buffer {
  const place = Buffer.allocUnsafe(8);
  place.writeDoubleLE(id, 0);
  return place;
}

const checksum = (context: Buffer, body: Uint8Array): number => crc32(body, crc32(context));
