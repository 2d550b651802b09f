import type { LRUCache } from 'lru-cache';
import { Table } from '../../src/table/index.js';

/** What a trace needs of a cache. */
export interface Contender {
  /** Whether it holds the key; if so, it was read. */
  asks(key: string): boolean;
  takes(key: string): void;
}

/** The share of a trace's questions that are answered by what is held; whatever is not is then taken in. */
export function hitRatio(trace: Iterable<string>, contender: Contender): number {
  let asked = 0;
  let hits = 0;
  for (const key of trace) {
    asked += 1;
    if (contender.asks(key)) hits += 1;
    else contender.takes(key);
  }
  return hits / asked;
}

export function tableOf(maxEntries: number): Contender {
  const table = new Table<true>({ maxEntries, maxNegative: 0 });
  const options = { confirmedAt: 0, ttl: 3_600_000, staleFor: 0 };
  return {
    asks(key) {
      const slot = table.slotOf(key);
      if (slot >= 0) table.touch(slot);
      return slot >= 0;
    },
    takes: (key) => table.put(key, true, options),
  };
}

export const lruOf = (lru: LRUCache<string, true>): Contender => ({
  asks: (key) => lru.get(key) !== undefined,
  takes: (key) => void lru.set(key, true),
});
