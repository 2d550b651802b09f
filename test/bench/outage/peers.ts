import { BentoCache, bentostore } from 'bentocache';
import { fileDriver } from 'bentocache/drivers/file';
import { memoryDriver } from 'bentocache/drivers/memory';
import { Cacheable } from 'cacheable';
import { defineCache } from 'holdfast';
import { LRUCache } from 'lru-cache';
import type { Load, Session } from './database.js';

/** What one read told its caller. `says`: what the answer itself says about what it is. */
export interface Answer {
  readonly value: Session | undefined;
  readonly says?: 'fresh' | 'stale' | 'absent' | 'unknown';
}

/** A cache, set up as its own documentation sets it up against a database that may be away. */
export interface Contender {
  readonly name: string;
  /** The npm package. */
  readonly package: string;
  /** `folder`: where it may keep what outlives the process. */
  open(load: Load, terms: { readonly ttl: number; readonly folder: string }): Promise<Opened>;
}

export interface Opened {
  /** The call that loads what is not there. */
  read(key: string): Promise<Answer>;
  /** The quickest call for what is there. */
  hit(key: string): unknown;
  close(): Promise<void>;
}

const lruCache: Contender = {
  name: 'lru-cache',
  package: 'lru-cache',
  async open(load, { ttl }) {
    const cache = new LRUCache<string, Session>({
      max: 10_000,
      ttl,
      allowStaleOnFetchRejection: true,
      allowStaleOnFetchAbort: true,
      fetchMethod: (key, _stale, { signal }) => load(key, signal),
    });
    return {
      read: async (key) => ({ value: await cache.fetch(key, { signal: AbortSignal.timeout(1000) }) }),
      hit: (key) => cache.get(key),
      close: async () => cache.clear(),
    };
  },
};

const bentocache: Contender = {
  name: 'bentocache',
  package: 'bentocache',
  async open(load, { ttl, folder }) {
    const bento = new BentoCache({
      default: 'sessions',
      ttl,
      grace: '1h',
      timeout: '200ms',
      hardTimeout: '1s',
      stores: {
        sessions: bentostore()
          .useL1Layer(memoryDriver({ maxItems: 10_000 }))
          .useL2Layer(fileDriver({ directory: folder, pruneInterval: false })),
      },
    });
    return {
      read: async (key) => ({
        value: await bento.getOrSet({
          key,
          factory: async ({ skip }) => (await load(key)) ?? skip(),
        }),
      }),
      hit: (key) => bento.get({ key }),
      close: () => bento.disconnectAll(),
    };
  },
};

const cacheable: Contender = {
  name: 'cacheable',
  package: 'cacheable',
  async open(load, { ttl }) {
    const cache = new Cacheable({ ttl });
    return {
      read: async (key) => ({
        value: await cache.getOrSet(key, () => load(key), { ttl, throwErrors: true }),
      }),
      hit: (key) => cache.get(key),
      close: () => cache.disconnect(),
    };
  },
};

const holdfast: Contender = {
  name: 'holdfast',
  package: 'holdfast',
  async open(load, { ttl, folder }) {
    const cache = defineCache<Session>({
      name: 'sessions',
      source: (key, { signal }) => load(key, signal),
      ttl,
      snapshot: { file: `${folder}/sessions.snapshot` },
    });
    await cache.start();
    return {
      async read(key) {
        const answer = await cache.read(key);
        return { value: 'value' in answer ? answer.value : undefined, says: answer.status };
      },
      hit: (key) => cache.get(key),
      close: () => cache.stop(),
    };
  },
};

export const contenders: readonly Contender[] = [lruCache, bentocache, cacheable, holdfast];
