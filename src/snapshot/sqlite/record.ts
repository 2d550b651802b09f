import { deserialize, serialize } from 'node:v8';
import { SnapshotError } from '../../errors.js';
import type { SnapshotEntry, SnapshotTombstone } from '../store.js';
import { decodeKey, encodeKey, type Frame, type FrameWriter, operation } from './frame.js';

/** SQLite's limit is 1e9 bytes a row. */
const longestBody = 900_000_000;

/** What stands before an ArrayBuffer's view in V8's format (`\`, a host object). */
const hostObject = 0x5c;

/** An entry without its key and `seq`, as it is serialized: trailing fields that it does not have are left out. */
type Fields = [
  value: unknown,
  confirmedAt: number,
  expiresAt?: number | undefined,
  version?: number | undefined,
  ttl?: number | undefined,
  staleFor?: number | undefined,
  tags?: readonly string[] | undefined,
  weight?: number | undefined,
  sliding?: boolean | undefined,
];

/**
 * Packs an entry.
 * @throws what `v8.serialize` throws, or a getter of the value; SnapshotError for more than a row can hold.
 */
export function packEntry(writer: FrameWriter, entry: SnapshotEntry): void {
  const fields: Fields = [
    entry.value,
    entry.confirmedAt,
    entry.expiresAt,
    entry.version,
    entry.ttl,
    entry.staleFor,
    entry.tags,
    entry.weight,
    entry.sliding,
  ];
  while (fields.length > 2 && fields.at(-1) === undefined) fields.pop();
  const key = encodeKey(entry.key);
  const body = serialize(fields);
  if (key.length + body.length > longestBody) {
    throw new SnapshotError(
      `The entry takes ${key.length + body.length} bytes; the snapshot's file holds at most ${longestBody} of one entry.`,
    );
  }
  writer.add(operation.entry, entry.seq, key, body);
}

export function packTombstone(writer: FrameWriter, { key, kind, seq, at }: SnapshotTombstone): void {
  const body = Buffer.allocUnsafe(8);
  body.writeDoubleLE(at);
  writer.add(operation[kind], seq, encodeKey(key), body);
}

const nothing = new Uint8Array(0);

/** Packs word of a key: that its entry is gone, its tombstone lifted, its value not serializable. */
export function packWord(
  writer: FrameWriter,
  what: 'gone' | 'lifted' | 'skipped',
  { key, seq }: { readonly key: string; readonly seq: number },
): void {
  writer.add(operation[what], seq, encodeKey(key), nothing);
}

/** @throws when the body is not what was packed, or was written by a newer Node whose format this one cannot read. */
export function unpackEntry({ key, seq, body }: Frame): SnapshotEntry {
  // A view in the value would share memory with all other records of the chunk, and keep it alive.
  const own = body.includes(hostObject) ? Buffer.from(new Uint8Array(body).buffer) : body;
  const fields: unknown = deserialize(own);
  if (!Array.isArray(fields) || typeof fields[1] !== 'number') {
    throw new SnapshotError('The record is no entry.');
  }
  const [value, confirmedAt, expiresAt, version, ttl, staleFor, tags, weight, sliding] =
    fields as unknown as Fields;
  return {
    key: decodeKey(key),
    value,
    seq,
    confirmedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(version === undefined ? {} : { version }),
    ...(ttl === undefined ? {} : { ttl }),
    ...(staleFor === undefined ? {} : { staleFor }),
    ...(tags === undefined ? {} : { tags }),
    ...(weight === undefined ? {} : { weight }),
    ...(sliding === undefined ? {} : { sliding }),
  };
}

export function unpackTombstone({ operation: what, key, seq, body }: Frame): SnapshotTombstone {
  if (body.length !== 8) throw new SnapshotError('The record is no tombstone.');
  const kind = what === operation.revoked ? 'revoked' : 'invalidated';
  return { key: decodeKey(key), kind, seq, at: body.readDoubleLE(0) };
}
