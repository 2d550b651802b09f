import { edit, mutantsOf } from './mutant.js';

const file = 'src/snapshot/sqlite/snapshot-file.ts';
const connection = 'src/snapshot/sqlite/connection.ts';
const frame = 'src/snapshot/sqlite/frame.ts';
const half = 'process killed (SIGKILL) while the snapshot is written';
const unsound = 'snapshot truncated, bit-flipped, of another version, of another cache';
const input = "`ttl: 50.5`, `ttl: '5 minuets'`, `exipres: 1`, `expire: NaN`";
const oddKeys = "keys `__proto__`, `constructor`, '' , 1 MiB long, lone surrogates";
const wall = 'wall clock set back or forward an hour';

const simulated = mutantsOf('cache')([
  'what a snapshot brings is as good as new',
  'snapshot older than `ttl + staleFor`',
  edit(
    'actors/cache/terms.ts',
    '  if (elapsed >= terms.ttl + terms.staleFor) return undefined;\n  return { ttl: terms.ttl, staleFor: terms.staleFor, confirmedAt: now.age - elapsed };',
    '  return { ttl: terms.ttl, staleFor: terms.staleFor, confirmedAt: now.age };',
  ),
]);

const latched = mutantsOf({ test: 'test/properties/values.test.ts' })([
  'what is over comes back when the wall clock is set back',
  wall,
  ...['actors/cache/memory.ts', 'actors/cache/held.ts'].map((judging) =>
    edit(judging, "if (verdict === 'expired') table.latch(slot);\n", '\n'),
  ),
]);

const killed = mutantsOf({ test: 'test/snapshot/process.test.ts' })(
  [
    'the snapshot file is locked for one statement only',
    'two processes given one snapshot file',
    edit(connection, "db.pragma('locking_mode = EXCLUSIVE');", "db.pragma('locking_mode = NORMAL');"),
  ],
  [
    'each record of a page is written for itself',
    half,
    edit(
      file,
      'const state = connection.db\n        .transaction(',
      'const state = { transaction: (run: () => State) => ({ immediate: run }) }\n        .transaction(',
    ),
  ],
);

const contract = mutantsOf({ test: 'test/snapshot/contract.test.ts' })([
  'a full writing drops the last one when it begins',
  half,
  edit(
    file,
    '...(ends && underWay !== undefined ? { floor',
    '...(begins && underWay !== undefined ? { floor',
  ),
]);

const setAside = mutantsOf({ test: 'test/snapshot/sqlite/set-aside.test.ts' })(
  [
    "another cache's snapshot is taken for its own",
    unsound,
    edit(connection, 'if (cache !== owner.cache) throw', 'if (cache === undefined) throw'),
  ],
  [
    'a snapshot of another version is read like its own',
    unsound,
    edit(
      'src/snapshot/sqlite/schema.ts',
      "(typeof version === 'number' && version in migrations)",
      "typeof version === 'number'",
    ),
  ],
  [
    'a record is believed whatever its checksum says',
    unsound,
    ...['checksum(context, column, sealed)', 'checksum(context, sealed)'].map((sum) =>
      edit('src/snapshot/sqlite/row.ts', `${sum} !== crc) throw`, `${sum} === undefined) throw`),
    ),
  ],
);

const restored = mutantsOf({ test: 'test/cache/snapshot-file.test.ts' })(
  [
    'a length of 24 bits',
    'value of 32 MiB',
    edit(
      frame,
      'at = buffer.writeUInt32LE(body.length, at);',
      'at = buffer.writeUInt32LE(body.length & 0xffffff, at);',
    ),
  ],
  [
    'a key is written as UTF-8, whatever it is',
    oddKeys,
    edit(frame, 'if (key.isWellFormed()) return', 'if (key.length >= 0) return'),
  ],
);

const options = mutantsOf({ test: 'test/cache/options.test.ts' })(
  [
    'a duration is any number',
    input,
    edit(
      'src/runtime/duration.ts',
      "typeof value !== 'number' || !Number.isSafeInteger(value) ||",
      "typeof value !== 'number' ||",
    ),
  ],
  [
    'an option that is not known is passed over',
    input,
    edit(
      'actors/cache/options-schema.ts',
      'export const cacheSchema = v.strictObject({',
      'export const cacheSchema = v.object({',
    ),
  ],
);

const keys = mutantsOf({ test: 'test/table/table.test.ts' })([
  'keys are names of an object',
  oddKeys,
  edit(
    'src/table/burst-trie.ts',
    '#root: Place = new Map();',
    '#root = { size: 0, held: {}, get(key) { return this.held[key]; }, set(key, slot) { this.held[key] = slot; }, delete(key) { delete this.held[key]; } } as any;',
  ),
]);

const asleep = mutantsOf({ test: 'test/cache/lookup.test.ts' })([
  'sweeps that fell due in a sleep are made up for',
  'a laptop sleeps for an hour',
  edit(
    'actors/janitor/machine.ts',
    "import type { CacheCore } from '../cache/core.js';",
    "import { ageNow } from '../../src/runtime/time.js';\nimport type { CacheCore } from '../cache/core.js';",
  ),
  edit(
    'actors/janitor/machine.ts',
    'type Core = CacheCore<unknown>;',
    'type Core = CacheCore<unknown>;\nconst due = new WeakMap<Core, number>();',
  ),
  edit(
    'actors/janitor/machine.ts',
    'interval: ({ context }) => context.core.policy.sweep.every',
    'interval: ({ context: { core } }) => { due.set(core, (due.get(core) ?? ageNow()) + core.policy.sweep.every); return Math.max(0, due.get(core)! - ageNow()); }',
  ),
]);

/** What a process leaves behind for the next one, and what it is given by its user. */
export const persistence = [
  ...simulated,
  ...latched,
  ...killed,
  ...contract,
  ...setAside,
  ...restored,
  ...options,
  ...keys,
  ...asleep,
];
