/** What it costs to ask for what is there, or is not: beside the caches that load by themselves. */
import { createCache } from 'async-cache-dedupe';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { type Cache, defineCache } from 'holdfast';
import { LRUCache } from 'lru-cache';
import { perSecondAwaited } from '../harness/rounds.js';
import type { Bench } from '../harness/suite.js';

interface Value {
  readonly id: string;
}

type Asks = (key: string) => Promise<unknown>;

const loads = async (key: string): Promise<Value> => ({ id: key });

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const asHit = [{ is: 'at least', value: 1, times: 'lru-cache' }] as const;

/** How many entries they may hold: more than any case makes. */
const room = 4_000_000;

function peers(load: (key: string) => Promise<Value>): Record<string, Asks> {
  const lru = new LRUCache<string, Value>({ max: room, ttl: 3_600_000, fetchMethod: load });
  const bento = new BentoCache({
    default: 'memory',
    ttl: '1h',
    stores: { memory: bentostore().useL1Layer(memoryDriver({ maxItems: room, serialize: false })) },
  });
  const deduped = createCache({ ttl: 3600, storage: { type: 'memory', options: { size: room } } }).define(
    'row',
    load,
  );
  return {
    'lru-cache': (key) => lru.fetch(key),
    bentocache: (key) => bento.getOrSet({ key, factory: () => load(key) }),
    'async-cache-dedupe': (key) => deduped.row(key),
  };
}

/** Of each contender the same, with keys that nobody had before where they are to be missed. */
export async function fetching(bench: Bench): Promise<void> {
  const cache = await defineCache<Value>({ name: 'bench', source: loads, ttl: '1h' }).start();
  const asks: Record<string, Asks> = { holdfast: (key) => cache.fetch(key), ...peers(loads) };
  const rounds = { rounds: 9, warmUp: 2 };
  const each = (
    contenders: Record<string, Asks>,
    run: (ask: Asks, name: string) => Promise<number>,
  ): Record<string, () => Promise<number>> =>
    Object.fromEntries(Object.entries(contenders).map(([name, ask]) => [name, () => run(ask, name)]));

  const known = Array.from({ length: 1_000 }, (_, index) => `known ${index}`);
  for (const ask of Object.values(asks)) for (const key of known) await ask(key);
  const hits = 100_000 * bench.scale;
  const hit = (ask: Asks) => perSecondAwaited(hits, (index) => ask(known[index % known.length] as string));
  await bench.compare('fetch, awaited, hit, of 1,000', 'ops/s', each(asks, hit), { ...rounds, aims: asHit });
  const read: Record<string, Asks> = { ...asks, holdfast: (key) => cache.read(key) };
  await bench.compare('read, awaited, hit, of 1,000', 'ops/s', each(read, hit), { ...rounds, aims: asHit });

  let made = 0;
  const misses = 20_000 * bench.scale;
  await bench.compare(
    'fetch, awaited, miss, a trivial loader',
    'ops/s',
    each(asks, (ask) => {
      const keys = Array.from({ length: misses }, () => `miss ${made++}`);
      return perSecondAwaited(misses, (index) => ask(keys[index] as string));
    }),
    {
      ...rounds,
      aims: [
        { is: 'at least', value: 2, times: 'lru-cache' },
        { is: 'at least', value: 10, times: 'bentocache' },
      ],
    },
  );

  const callers = 10_000 * bench.scale;
  await bench.compare(
    `${callers.toLocaleString('en')} callers of one missing key`,
    'ms',
    each(asks, async (ask) => {
      const key = `one ${made++}`;
      return took(() => Promise.all(Array.from({ length: callers }, () => ask(key))));
    }),
    { ...rounds, aims: [{ is: 'at most', value: 1, times: 'lru-cache' }] },
  );
  await cache.stop();

  const slow = async (key: string): Promise<Value> => {
    await sleep(200);
    return { id: key };
  };
  const distinct = 20_000 * bench.scale;
  const uncapped = await defineCache<Value>({
    name: 'uncapped',
    source: slow,
    load: { concurrency: distinct, timeout: '1m' },
  }).start();
  await bench.compare(
    `${distinct.toLocaleString('en')} distinct misses, loads of 200 ms, no cap`,
    'ms',
    each({ holdfast: (key) => uncapped.fetch(key), ...peers(slow) }, (ask) => {
      const keys = Array.from({ length: distinct }, () => `slow ${made++}`);
      return took(() => Promise.all(keys.map(ask)));
    }),
    { rounds: 5, aims: [{ is: 'at most', value: 600 }] },
  );
  await uncapped.stop();
  await batches(bench);
}

/** The same keys key by key and by `loadMany`. */
async function batches(bench: Bench): Promise<void> {
  const row = (key: string) => ({ key, value: { id: key } });
  const one = await defineCache<Value>({
    name: 'one by one',
    source: { load: async (key) => row(key) },
    load: { concurrency: 1_000 },
  }).start();
  const many = await defineCache<Value>({
    name: 'batched',
    source: {
      load: async (key) => row(key),
      loadMany: async (keys) => new Map(keys.map((key) => [key, row(key)])),
    },
  }).start();
  let made = 0;
  const reads = (cache: Cache<Value>) => async () => {
    const keys = Array.from({ length: 1_000 }, () => `many ${made++}`);
    const ms = await took(() => cache.readMany(keys));
    return 1_000 / (ms / 1_000);
  };
  await bench.compare(
    'readMany of 1,000 misses',
    'keys/s',
    { holdfast: reads(many), 'without loadMany': reads(one) },
    { rounds: 9, warmUp: 3 },
  );
  await one.stop();
  await many.stop();
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
