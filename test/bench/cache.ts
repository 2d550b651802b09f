/** What a cache's operations cost, beside a plain Map's and lru-cache's. */
import { TTLCache } from '@isaacs/ttlcache';
import { type Cache, defineCache } from 'holdfast';
import { LRUCache } from 'lru-cache';
import { bulk } from './cache/bulk.js';
import { ets } from './cache/ets.js';
import { fetching } from './cache/fetching.js';
import { storing } from './cache/storing.js';
import { sweeping } from './cache/sweeping.js';
import { warming } from './cache/warming.js';
import { watching } from './cache/watched.js';
import { perSecond, perSecondAwaited } from './harness/rounds.js';
import { type Session, session, shuffled, tokens } from './harness/sessions.js';
import { type Bench, suite } from './harness/suite.js';

const probes = 1 << 16;

export default suite({
  name: 'cache',
  about:
    'every operation that a program waits for, beside a plain Map, lru-cache with ttl, @isaacs/ttlcache, bentocache, async-cache-dedupe and, where an Erlang is found, a raw ETS table',
  async run(bench) {
    const million = 1_000_000 * bench.scale;
    for (const count of [1_000, 100_000, million]) await reads(bench, count);
    await fetching(bench);
    await bulk(bench, million);
    await memory(bench, million);
    await sweeping(bench, million);
    await warming(bench, million);
    await storing(bench, million);
    await watching(bench, million);
  },
});

const empty = (): Cache<Session> =>
  defineCache<Session>({ name: 'bench', source: async () => undefined, ttl: '1h', staleFor: '1h' });

async function reads(bench: Bench, count: number): Promise<void> {
  const title = `of ${count.toLocaleString('en')}`;
  const keys = tokens(count);
  const strangers = shuffled(tokens(1_000), probes);
  const friends = shuffled(keys, probes);
  const map = new Map<string, Session>();
  const lru = new LRUCache<string, Session>({ max: count, ttl: 3_600_000 });
  const ttl = new TTLCache<string, Session>({ max: count, ttl: 3_600_000 });
  const cache = await empty().start();
  keys.forEach((key, index) => {
    const value = session(index);
    map.set(key, value);
    lru.set(key, value);
    ttl.set(key, value);
    cache.put(key, value, { expiresAt: value.expiresAt });
  });
  const times = 2_000_000 * bench.scale;
  const rounds = { rounds: 9 };
  const at = (list: readonly string[], index: number): string => list[index & (probes - 1)] as string;
  const over = (list: readonly string[], read: (key: string) => unknown) => () =>
    perSecond(times, (index) => read(at(list, index)));
  await bench.compare(
    `get, hit, ${title}`,
    'ops/s',
    {
      holdfast: over(friends, (key) => cache.get(key)),
      map: over(friends, (key) => map.get(key)),
      'lru-cache': over(friends, (key) => lru.get(key)),
      ttlcache: over(friends, (key) => ttl.get(key)),
      ...ets('get', count),
    },
    {
      ...rounds,
      aims: [
        { is: 'at least', value: 1, times: 'lru-cache' },
        { is: 'at least', value: 0.6, times: 'map' },
      ],
    },
  );
  await bench.compare(
    `get, miss, ${title}`,
    'ops/s',
    {
      holdfast: over(strangers, (key) => cache.get(key)),
      map: over(strangers, (key) => map.get(key)),
      'lru-cache': over(strangers, (key) => lru.get(key)),
      ttlcache: over(strangers, (key) => ttl.get(key)),
    },
    rounds,
  );
  await bench.compare(
    `lookup (get, and how old), hit, ${title}`,
    'ops/s',
    {
      holdfast: over(friends, (key) => cache.lookup(key)),
      map: over(friends, (key) => map.get(key)),
      'lru-cache get': over(friends, (key) => lru.get(key)),
      'lru-cache': over(friends, (key) => ({ value: lru.get(key), left: lru.getRemainingTTL(key) })),
    },
    { ...rounds, aims: [{ is: 'at least', value: 0.7, times: 'lru-cache get' }] },
  );
  await bench.compare(
    `read (fetch), awaited, hit, ${title}`,
    'ops/s',
    {
      holdfast: () => perSecondAwaited(times / 10, (index) => cache.read(at(friends, index))),
      map: () => perSecondAwaited(times / 10, async (index) => map.get(at(friends, index))),
      'lru-cache': () => perSecondAwaited(times / 10, (index) => lru.fetch(at(friends, index))),
    },
    { ...rounds, aims: [{ is: 'at least', value: 1, times: 'lru-cache' }] },
  );
  await cache.stop();
  if (count === 1_000) await secrets(bench, keys, rounds);
}

/** What the digests cost that stand for secret keys. */
async function secrets(
  bench: Bench,
  keys: readonly string[],
  rounds: { readonly rounds: number },
): Promise<void> {
  const filled = (secretKeys: boolean): Cache<Session> => {
    const cache = defineCache<Session>({
      name: 'bench',
      source: async () => undefined,
      ttl: '1h',
      secretKeys,
    });
    keys.forEach((key, index) => {
      cache.put(key, session(index));
    });
    return cache;
  };
  const friends = shuffled(keys, probes);
  const times = 200_000 * bench.scale;
  const over = (cache: Cache<Session>) => () =>
    perSecond(times, (index) => cache.lookup(friends[index & (probes - 1)] as string));
  await bench.compare(
    'lookup, hit, of 1,000: keys as they are, and secretKeys',
    'ops/s',
    { holdfast: over(filled(false)), 'holdfast, secretKeys': over(filled(true)) },
    rounds,
  );
}

/** Bytes of an entry, its key and its value included, as each holds the same million. */
async function memory(bench: Bench, count: number): Promise<void> {
  const title = `memory, ${count.toLocaleString('en')} sessions`;
  if (!bench.wants(title)) return;
  const { gc } = globalThis as { readonly gc?: () => void };
  if (gc === undefined) return bench.note('memory: left out, it needs --expose-gc');
  const used = (): number => {
    gc();
    gc();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const perEntry = (make: () => { set(key: string, value: Session): unknown }): number => {
    const before = used();
    const held = make();
    for (let index = 0; index < count; index += 1) held.set(tokens(1)[0] as string, session(index));
    const after = used();
    held.set('', session(0)); // still in use, so still there
    return (after - before) / count;
  };
  const etsMemory = Object.fromEntries(
    Object.entries(ets('memory', count)).map(([name, measure]) => [name, measure()]),
  );
  bench.record(
    title,
    'bytes/entry',
    {
      holdfast: perEntry(() => {
        const cache = empty();
        return { set: (key, value) => cache.put(key, value, { expiresAt: value.expiresAt }) };
      }),
      map: perEntry(() => new Map<string, Session>()),
      'lru-cache': perEntry(() => new LRUCache<string, Session>({ max: count, ttl: 3_600_000 })),
      ...etsMemory,
    },
    [
      { is: 'at most', value: 1.25, times: 'map' },
      { is: 'at most', value: 1, times: 'lru-cache' },
    ],
  );
}
