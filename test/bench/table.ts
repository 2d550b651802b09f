/** The table alone, beside the maps that a cache might have been made of. */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { BurstTrie } from '../../src/table/burst-trie.js';
import { Table } from '../../src/table/index.js';
import { collectGarbage, perSecond } from './harness/rounds.js';
import { type Bench, suite } from './harness/suite.js';

interface Session {
  readonly userId: string;
  readonly expiresAt: number;
}

const minute = 60_000;
const ttl = 10 * minute;
const staleFor = 60 * minute;

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
  table.put(key, value, { confirmedAt: now, ttl, staleFor, expiresAt: value.expiresAt });

/** What is in use once everything that can be given back was: the buffers of typed arrays go a turn later. */
async function heap(): Promise<number> {
  for (let turn = 0; turn < 4; turn += 1) {
    collectGarbage();
    await pause(50);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Bytes that each entry costs, key and value included. */
async function bytesPerEntry(
  count: number,
  filled: { readonly size: number },
  add: (key: string, value: Session) => void,
): Promise<number> {
  const before = await heap();
  for (let nth = 0; nth < count; nth += 1) add(flat(crypto.randomUUID()), sessionOf(nth));
  const after = await heap();
  return (after - before) / filled.size;
}

async function reads(bench: Bench, count: number): Promise<void> {
  const keys = tokens(count);
  const map = new Map<string, Session>();
  const lru = new LRUCache<string, Session>({ max: count, ttl });
  const table = makeTable();
  const trie = new BurstTrie();
  const ends = new Map<string, { readonly session: Session; readonly due: number }>();
  const now = performance.now();
  const clocks = { age: now, wall: Date.now() };
  const tally = { fresh: 0, stale: 0 };
  keys.forEach((key, nth) => {
    const session = sessionOf(nth);
    map.set(key, session);
    lru.set(key, session);
    store(table, key, session, now);
    trie.add(key, nth);
    ends.set(key, { session, due: 1000 + nth });
  });
  const mask = 0xffff;
  const asked = Array.from({ length: mask + 1 }, () => keys[Math.floor(Math.random() * count)] ?? '');
  const strangers = tokens(mask + 1);
  const times = Math.ceil(1_000_000 * bench.scale);
  /** The least that a cache does whose entries end: one object for each, in one Map. */
  const ending = (key: string): Session | undefined => {
    const entry = ends.get(key);
    return entry !== undefined && tally.stale < entry.due ? entry.session : undefined;
  };
  const get = (key: string): Session | undefined => table.glance(key, clocks, 0, tally);
  const among = count.toLocaleString('en');
  for (const [what, probes] of [
    ['hit', asked],
    ['miss', strangers],
  ] as const) {
    await bench.compare(`get, ${what}, among ${among}`, 'ops/s', {
      holdfast: () => perSecond(times, (at) => get(probes[at & mask] ?? '')),
      // The first half of the way: from the key to the number of its slot.
      'slot only': () => perSecond(times, (at) => trie.get(probes[at & mask] ?? '')),
      map: () => perSecond(times, (at) => map.get(probes[at & mask] ?? '')),
      'a Map of entries with an end': () => perSecond(times, (at) => ending(probes[at & mask] ?? '')),
      'lru-cache': () => perSecond(times, (at) => lru.get(probes[at & mask] ?? '')),
    });
  }
  await bench.compare(`set again, among ${among}`, 'ops/s', {
    holdfast: () => perSecond(times, (at) => store(table, asked[at & mask] ?? '', sessionOf(at), now + at)),
    map: () => perSecond(times, (at) => map.set(asked[at & mask] ?? '', sessionOf(at))),
    'lru-cache': () => perSecond(times, (at) => lru.set(asked[at & mask] ?? '', sessionOf(at))),
  });
}

/**
 * The longest single call while `count` entries come in. Of three equal runs each call counts by its shortest: what grows
 * stalls at the same call every time, what else the machine does, does not.
 */
function longestCall(count: number, make: () => (key: string, value: Session) => unknown): number {
  const keys = tokens(count);
  const values = keys.map((_, nth) => sessionOf(nth));
  const shortest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  for (let run = 0; run < 3; run += 1) {
    const set = make();
    collectGarbage();
    for (const [nth, value] of values.entries()) {
      const began = performance.now();
      set(keys[nth] ?? '', value);
      shortest[nth] = Math.min(shortest[nth] ?? 0, performance.now() - began);
    }
  }
  return shortest.reduce((longest, took) => Math.max(longest, took), 0);
}

/** The longest wait between two places to breathe while everything is evicted at once; by three equal runs, as above. */
function longestBreath(count: number): number {
  const keys = tokens(count);
  const shortest: number[] = [];
  for (let run = 0; run < 3; run += 1) {
    const table = makeTable();
    for (const [nth, key] of keys.entries()) store(table, key, sessionOf(nth), nth / 1000);
    collectGarbage();
    let last = performance.now();
    let step = 0;
    for (const _ of table.due(100 * minute, Date.now())) {
      const now = performance.now();
      shortest[step] = Math.min(shortest[step] ?? Number.POSITIVE_INFINITY, now - last);
      last = now;
      step += 1;
    }
  }
  return shortest.reduce((longest, took) => Math.max(longest, took), 0);
}

export default suite({
  name: 'table',
  about: 'the table in memory: reads, writes, bytes, the longest single call',
  async run(bench) {
    const million = Math.ceil(1_000_000 * bench.scale);
    for (const count of [1000, million / 10, million]) await reads(bench, count);
    const map = new Map<string, Session>();
    const mapBytes = await bytesPerEntry(million, map, (key, value) => map.set(key, value));
    map.clear();
    const table = makeTable();
    const tableBytes = await bytesPerEntry(million, table, (key, value) => store(table, key, value, 0));
    table.clear();
    bench.record(`memory, ${million.toLocaleString('en')} entries`, 'bytes/entry', {
      holdfast: tableBytes,
      map: mapBytes,
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
