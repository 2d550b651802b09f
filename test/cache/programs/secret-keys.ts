/**
 * A cache with secret keys, at everything that it does with one, over a real table and a real snapshot file. Then it prints
 * whether a key can be found in anything that was told, or in the memory of this process: `secret-keys.ts FOLDER`.
 */
import { join } from 'node:path';
import { getHeapSnapshot } from 'node:v8';
import Database from 'better-sqlite3';
import {
  child,
  createRuntime,
  defineCache,
  exit,
  type Source,
  type SourceContext,
  SourceUnavailableError,
} from 'holdfast';
import { sqliteSource } from 'holdfast/sqlite';

/** Never written down whole: it would be found in this file's own text. */
const secret = (name: string): string => ['tell', name, 'nobody'].join('-');
const needle = /tell-[a-z]+-nobody/;

const [folder = ''] = process.argv.slice(2);
const file = join(folder, 'sessions.db');

function fill(): void {
  const database = new Database(file);
  database.exec(
    'CREATE TABLE sessions (token BLOB PRIMARY KEY, user TEXT, updated_at INTEGER, revoked_at INTEGER)',
  );
  const insert = database.prepare('INSERT INTO sessions VALUES (?, ?, ?, NULL)');
  for (const name of ['held', 'gone', 'removed', 'revoked']) insert.run(secret(name), name, Date.now());
  insert.run(secret('bad'), 'bad', 'yesterday');
  insert.run(Buffer.from(secret('blob')), 'blob', Date.now());
  database.close();
}

function erase(name: string): void {
  const database = new Database(file);
  database.prepare('DELETE FROM sessions WHERE token = ?').run(secret(name));
  database.close();
}

const told: string[] = [];
/** Whatever can be read of it, errors and what is not enumerable of them included. */
function tell(what: unknown, met = new Set<unknown>()): void {
  if (typeof what !== 'object' || what === null) {
    if (typeof what === 'string') told.push(what);
    return;
  }
  if (met.has(what)) return;
  met.add(what);
  if (what instanceof Error)
    for (const part of ['name', 'message', 'stack', 'cause']) tell(Reflect.get(what, part), met);
  for (const key of Reflect.ownKeys(what)) {
    if (typeof key === 'string') told.push(key);
    tell(Reflect.get(what, key), met);
  }
}

async function rejected(work: Promise<unknown>): Promise<void> {
  await work.then(
    () => told.push('nothing was thrown'),
    (error: unknown) => tell(error),
  );
}

let failing: 'none' | 'away' | 'late' = 'none';

function source(): Source<string> {
  const table = sqliteSource<string>({
    file,
    table: 'sessions',
    key: 'token',
    value: 'user',
    updatedAt: 'updated_at',
    revokedAt: 'revoked_at',
    writable: true,
  });
  const { load } = table;
  return Object.assign(table, {
    load(key: string, context: SourceContext) {
      if (failing === 'away')
        throw new SourceUnavailableError(`Cannot load ${key}.`, { cause: new Error(key) });
      if (failing === 'late') return new Promise(() => {});
      return load.call(table, key, context);
    },
  });
}

async function main(): Promise<void> {
  fill();
  const log = (fields: object, message: string): void => {
    tell(fields);
    told.push(message);
  };
  const cache = defineCache<string>({
    name: 'sessions',
    source: source(),
    secretKeys: true,
    key: (key) => {
      if (key.includes('throws')) throw new TypeError(`What is ${key}?`);
      return !key.includes('malformed');
    },
    load: { timeout: '200ms', retries: 0 },
    warm: { backoff: { min: '50ms', max: '50ms' } },
    snapshot: { file: join(folder, 'sessions.snapshot'), every: '50ms', secret: 'sixteen bytes, or more' },
    throttle: { allowance: 2, refuseAfter: 4, delay: '1ms', maxDelay: '1ms' },
  });
  cache.bus.subscribe('*', (event) => tell(event));
  const runtime = createRuntime(
    { children: [child({ id: 'sessions', logic: cache.supervisor })] },
    { logger: { debug: log, info: log, warn: log, error: log } },
  );
  runtime.bus.subscribe('*', (event) => tell(event));
  await runtime.start();
  await cache.warmed();

  const client = { client: 'somebody' };
  if (cache.get(secret('held')) !== 'held') throw new Error('It is not there.');
  cache.lookup(secret('unknown'));
  cache.lookup(secret('malformed'));
  cache.has(secret('throws'));
  await cache.read(secret('held'), client);
  for (const name of ['a', 'b', 'c', 'd', 'malformed', 'throws']) {
    await cache.read(secret(name), client).catch((error: unknown) => tell(error));
  }
  await cache.fetch(secret('bad')).catch((error: unknown) => tell(error));
  cache.put(secret('put'), 'put');
  cache.invalidate([secret('put'), secret('other')]);
  cache.revoke(secret('revoked'));
  await cache.save(secret('saved'), 'saved');
  await cache.remove(secret('removed'));
  await rejected(cache.save(secret('malformed'), 'x'));
  try {
    cache.put(secret('malformed'), 'x');
  } catch (error) {
    tell(error);
  }
  erase('gone');
  await cache.sweep();
  await cache.warm();
  const crashed = runtime.whereis('sessions/cache');
  if (crashed !== undefined) exit(crashed, { type: 'error', error: new Error('a crash') });
  for (const how of ['away', 'late'] as const) {
    failing = 'none';
    while (cache.state.source !== 'up') await new Promise((resolve) => setTimeout(resolve, 10));
    failing = how;
    await cache.read(secret(how));
    tell(cache.health());
    // Another one's error is told of the source, and not of that key.
    await rejected(cache.fetch(secret('another')));
  }
  failing = 'none';
  tell([cache.stats(), cache.health(), cache.state, runtime.tree()]);
  await new Promise((resolve) => setTimeout(resolve, 300));
  tell([cache.stats(), cache.health()]);

  // The last subject of a regular expression is kept by the engine: none of ours.
  /^x$/.test('x');
  const inMemory = await found(getHeapSnapshot());
  await runtime.stop();
  const all = told.join('\n');
  console.log(
    JSON.stringify({
      told: told.length,
      leaks: told.filter((text) => needle.test(text)),
      inMemory,
      digests: /[0-9a-f]{64}/.test(all),
    }),
  );
}

/** The keys in it. */
async function found(snapshot: AsyncIterable<Buffer | string>): Promise<readonly string[]> {
  const keys = new Set<string>();
  let tail = '';
  for await (const chunk of snapshot) {
    const text = tail + chunk.toString();
    for (const [key] of text.matchAll(/tell-[a-z]+-nobody/g)) keys.add(key);
    tail = text.slice(-40);
  }
  return [...keys];
}

await main();
