import { crc32 } from 'node:zlib';
import * as v from 'valibot';
import { Damage } from './failure.js';
import type { Statements } from './schema.js';
import type { Lock, Seal } from './seal.js';

/** Whose file it is. Readable without the secret. */
export interface Identity {
  readonly cache: string;
  /** Of a file with a secret. */
  readonly lock?: Lock;
}

/** How far the file is. Written with every transaction. */
export interface State {
  readonly seq: number;
  readonly writtenAt?: number | undefined;
  readonly cursor?: string | undefined;
  readonly complete: boolean;
  /** Of the full writing that was begun last. */
  readonly generation: number;
  /** What the last finished full writing dropped and nobody has deleted yet; 0 when nothing is left to delete. */
  readonly floor: number;
  readonly asOf: number;
  /** The number of the last order of the outbox, ever. A file of the first version has none. */
  readonly order?: number;
}

export const emptyState: State = { seq: 0, complete: false, generation: 0, floor: 0, asOf: -1 };

const bytes = v.pipe(
  v.string(),
  v.transform((text) => Buffer.from(text, 'base64')),
);
const identityShape = v.object({
  cache: v.string(),
  lock: v.exactOptional(v.object({ salt: bytes, proof: bytes })),
});
const stateShape = v.object({
  seq: v.number(),
  writtenAt: v.exactOptional(v.number()),
  cursor: v.exactOptional(v.string()),
  complete: v.boolean(),
  generation: v.number(),
  floor: v.number(),
  asOf: v.number(),
  order: v.exactOptional(v.number()),
});

/** @throws Damage */
export function readIdentity(statements: Pick<Statements, 'meta'>): Identity {
  return parsed(identityShape, read(statements, 'identity'));
}

export function writeIdentity(statements: Statements, { cache, lock }: Identity): void {
  const told = lock && { salt: lock.salt.toString('base64'), proof: lock.proof.toString('base64') };
  write(statements, 'identity', Buffer.from(JSON.stringify({ cache, lock: told })));
}

/** The state may hold a cursor, and a cursor may hold a key: it is sealed as records are. */
const stateColumn = Buffer.from('state');
const noContext = new Uint8Array(0);

/** @throws Damage */
export function readState(statements: Pick<Statements, 'meta'>, seal: Seal): State {
  const value = read(statements, 'state');
  try {
    return parsed(stateShape, seal.open(stateColumn, noContext, value).body);
  } catch (cause) {
    throw new Damage('its state does not read back', { cause });
  }
}

export function writeState(statements: Statements, seal: Seal, state: State): void {
  const text = Buffer.from(JSON.stringify(state));
  write(statements, 'state', seal.seal(stateColumn, noContext, stateColumn, text));
}

function read(statements: Pick<Statements, 'meta'>, name: string): Buffer {
  const row = statements.meta.get(name);
  if (row === undefined || crc32(row[0]) !== row[1]) throw new Damage(`its ${name} does not read back`);
  return row[0];
}

function write(statements: Statements, name: string, value: Buffer): void {
  statements.setMeta.run(name, value, crc32(value));
}

function parsed<Schema extends v.GenericSchema>(schema: Schema, text: Buffer): v.InferOutput<Schema> {
  try {
    return v.parse(schema, JSON.parse(text.toString('utf8')));
  } catch (cause) {
    throw new Damage('its head does not read back', { cause });
  }
}
