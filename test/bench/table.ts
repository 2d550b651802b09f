/** The table alone, beside the maps that a cache might have been made of. */
import { performance } from 'node:perf_hooks';
import { LRUCache } from 'lru-cache';
import { Table } from '../../src/table/index.js';
import { collectGarbage, perSecond } from './harness/rounds.js';
import { type Bench, suite } from './harness/suite.js';

interface Session {
  readonly userId: string;
  readonly expiresAt: number;
}

const minute = 60_000;
const terms = { ttl: 10 * minute, staleFor: 60 * minute };

/** As it comes over a wire: in one piece. A string that was put together costs twice as much until it is flattened. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

const tokens = (count: number): string[] => Array.from({ length: count }, () => flat(crypto.randomUUID()));

const sessionOf = (nth: number): Session => ({
  userId: flat(`user-${nth}`),
  expiresAt: 2_000_000_000_000 + nth,
});

function makeTable(): Table<Session> {
  return new Table<Session>({ maxNegative: 1000, track: true });
}

const store = (table: Table<Session>, key: string, value: Session, now: number): void =>
  table.put(key, value, { confirmedAt: now, ...terms, expiresAt: value.expiresAt });

function heap(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Bytes that `fill` costs for each entry, keys and values included. */
function bytesPerEntry(count: number, fill: (keys: readonly string[]) => { readonly size: number }): number {
  const before = heap();
  // The keys belong to what is filled: nothing else holds them.
  const filled = fill(tokens(count));
  const after = heap();
  return (after - before) / filled.size;
}

async function reads(bench: Bench, count: number): Promise<void> {
  const keys = tokens(count);
  const map = new Map<string, Session>();
  const lru = new LRUCache<string, Session>({ max: count, ttl: terms.ttl });
  const table = makeTable();
  const now = performance.now();
  const wall = Date.now();
  keys.forEach((key, nth) => {
    const session = sessionOf(nth);
    map.set(key, session);
    lru.set(key, session);
    store(table, key, session, now);
  });
  const mask = 0xffff;
  const asked = Array.from({ length: mask + 1 }, () => keys[Math.floor(Math.random() * count)] ?? '');
  const strangers = tokens(mask + 1);
  const times = Math.ceil(1_000_000 * bench.scale);
  const get = (key: string): Session | undefined => {
    const slot = table.slotOf(key);
    return slot >= 0 && table.hit(slot, now, wall, 0) > 0 ? table.valueAt(slot) : undefined;
  };
  const among = count.toLocaleString('en');
  for (const [what, probes] of [
    ['hit', asked],
    ['miss', strangers],
  ] as const) {
    await bench.compare(`get, ${what}, among ${among}`, 'ops/s', {
      holdfast: () => perSecond(times, (at) => get(probes[at & mask] ?? '')),
      map: () => perSecond(times, (at) => map.get(probes[at & mask] ?? '')),
      'lru-cache': () => perSecond(times, (at) => lru.get(probes[at & mask] ?? '')),
    });
  }
  await bench.compare(`set again, among ${among}`, 'ops/s', {
    holdfast: () => perSecond(times, (at) => store(table, asked[at & mask] ?? '', sessionOf(at), now + at)),
    map: () => perSecond(times, (at) => map.set(asked[at & mask] ?? '', sessionOf(at))),
    'lru-cache': () => perSecond(times, (at) => lru.set(asked[at & mask] ?? '', sessionOf(at))),
  });
}

/** The longest single call while `count` entries come in, collection of garbage by others included: the best of three. */
function longestCall(count: number, make: () => (key: string, value: Session) => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run += 1) {
    const keys = tokens(count);
    const set = make();
    const values = keys.map((_, nth) => sessionOf(nth));
    collectGarbage();
    let longest = 0;
    for (let nth = 0; nth < count; nth += 1) {
      const began = performance.now();
      set(keys[nth] ?? '', values[nth] ?? sessionOf(nth));
      longest = Math.max(longest, performance.now() - began);
    }
    best = Math.min(best, longest);
  }
  return best;
}

/** The longest a caller waits between two places to breathe while everything is evicted at once. */
function longestBreath(count: number): number {
  const table = makeTable();
  for (const [nth, key] of tokens(count).entries()) store(table, key, sessionOf(nth), nth / 1000);
  collectGarbage();
  let longest = 0;
  let last = performance.now();
  for (const _ of table.due(100 * minute, Date.now())) {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}

export default suite({
  name: 'table',
  about: 'the table in memory: reads, writes, bytes, the longest single call',
  async run(bench) {
    const million = Math.ceil(1_000_000 * bench.scale);
    for (const count of [1000, million]) await reads(bench, count);
    bench.record(`memory, ${million.toLocaleString('en')} entries`, 'bytes/entry', {
      holdfast: bytesPerEntry(million, (keys) => {
        const table = makeTable();
        keys.forEach((key, nth) => {
          store(table, key, sessionOf(nth), nth);
        });
        return table;
      }),
      map: bytesPerEntry(million, (keys) => new Map(keys.map((key, nth) => [key, sessionOf(nth)]))),
    });
    bench.record(`longest set, ${million.toLocaleString('en')} entries`, 'ms', {
      holdfast: longestCall(million, () => {
        const table = makeTable();
        return (key, value) => store(table, key, value, 0);
      }),
      map: longestCall(million, () => {
        const map = new Map<string, Session>();
        return (key, value) => map.set(key, value);
      }),
    });
    bench.record(`longest step of a sweep that evicts ${million.toLocaleString('en')}`, 'ms', {
      holdfast: longestBreath(million),
    });
  },
});
