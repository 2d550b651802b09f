/** The snapshot's file by itself, with a million small sessions: how long it takes, and what the calling thread waits. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqliteSnapshotStore } from '../../src/snapshot/sqlite/index.js';
import type { SnapshotEntry, SnapshotStore } from '../../src/snapshot/store.js';
import { watchLoop } from './harness/loop-watch.js';
import { session, tokens } from './harness/sessions.js';
import { type Bench, suite } from './harness/suite.js';

const page = 1_000;
const { signal } = new AbortController();

export default suite({
  name: 'snapshot',
  about: 'the SQLite file: 1,000,000 small sessions written whole and restored; a journal meanwhile',
  async run(bench) {
    const count = 1_000_000 * bench.scale;
    const keys = tokens(count);
    await file(bench, 'keys in order', [...keys].sort());
    await file(bench, 'keys at random', keys);
    await file(bench, 'encrypted', [...keys].sort(), 'a secret');
  },
});

async function file(bench: Bench, what: string, keys: readonly string[], secret?: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const path = join(folder, 'sessions.snapshot');
  const store = sqliteSnapshotStore({ file: path, ...(secret === undefined ? {} : { secret }) });
  try {
    await store.open({ cache: 'bench', signal });
    await timed(bench, `${what}: written whole`, () => write(store, keys));
    const waits = await timed(bench, `${what}: written again, with journals`, () => journaled(store, keys));
    bench.record(`${what}: longest wait of a journal`, 'ms', { holdfast: Math.round(Math.max(...waits)) });
    await timed(bench, `${what}: closed`, () => store.close());
    bench.record(`${what}: file`, 'bytes/entry', { holdfast: Math.round(statSync(path).size / keys.length) });
    await timed(bench, `${what}: opened`, () => store.open({ cache: 'bench', signal }));
    const restored = await timed(bench, `${what}: restored`, () => restore(store));
    if (restored !== keys.length) throw new Error(`Restored ${restored} of ${keys.length}.`);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed<Result>(bench: Bench, what: string, work: () => Promise<Result>): Promise<Result> {
  let result: Result | undefined;
  const began = performance.now();
  const loop = await watchLoop(async () => {
    result = await work();
  });
  bench.record(what, 'ms', { holdfast: Math.round(performance.now() - began - 20) });
  bench.record(`${what}: longest own stretch`, 'ms', { holdfast: Math.round(loop.longestOwn * 10) / 10 });
  bench.record(`${what}: loop delay max`, 'ms', { holdfast: Math.round(loop.max * 10) / 10 });
  return result as Result;
}

async function write(store: SnapshotStore, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += page) {
    const entries = keys.slice(from, from + page).map(
      (key, nth): SnapshotEntry => ({
        key,
        value: session(from + nth),
        seq: from + nth + 1,
        confirmedAt: 1,
      }),
    );
    const last = from + page >= keys.length;
    const full = from === 0 ? (last ? 'both' : 'begin') : last ? 'end' : undefined;
    await store.append({
      entries,
      gone: [],
      tombstones: [],
      lifted: [],
      writtenAt: 1,
      ...(full === undefined ? {} : { full }),
    });
  }
}

async function journaled(store: SnapshotStore, keys: readonly string[]): Promise<readonly number[]> {
  const waits: number[] = [0];
  let over = false;
  const journals = async (): Promise<void> => {
    while (!over) {
      const began = performance.now();
      // Older than the entry: the number of the sessions stays what it is.
      await store.journal([{ key: keys[0] as string, kind: 'revoked', seq: 0, at: 1 }]);
      waits.push(performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const journaling = journals();
  await write(store, keys);
  over = true;
  await journaling;
  return waits;
}

async function restore(store: SnapshotStore): Promise<number> {
  const map = new Map<string, unknown>();
  for await (const { entries } of store.restore({ signal })) {
    for (const { key, value } of entries) map.set(key, value);
  }
  return map.size;
}
