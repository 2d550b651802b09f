/** The event loop while a cache works on a million sessions, beside what a plain Map of the same does to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cache, defineCache, type ExportedRecord, type Row } from 'holdfast';
import { guest, type LoopReport, watchLoop } from './harness/loop-watch.js';
import { type Session, session, tokens } from './harness/sessions.js';
import { type Bench, suite } from './harness/suite.js';

const page = 1_000;

export default suite({
  name: 'million',
  about:
    'a pass, a sweep, a snapshot, a restore, an export, an import, invalidateTag and prune of 1,000,000 sessions: what the event loop waits, in ms',
  async run(bench) {
    const count = 1_000_000 * bench.scale;
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
    try {
      await passes(bench, count, folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
});

async function passes(bench: Bench, count: number, folder: string): Promise<void> {
  const keys = tokens(count).sort();
  const map = new Map<string, Session>();
  const inMap = await watchLoop(async () => {
    for (let from = 0; from < count; from += page) {
      for (const { key, value } of guest(() => rows(keys, from))) map.set(key, value as Session);
      await new Promise(setImmediate);
    }
  });
  map.clear();

  const snapshot = { file: join(folder, 'sessions.snapshot'), every: '1h' } as const;
  const cache = make(keys, snapshot, Date.now() + 3_600_000);
  await cache.start();
  note(bench, 'pass', await watchLoop(() => cache.warmed()), inMap);
  note(bench, 'second pass', await watchLoop(() => cache.warm()), inMap);
  note(bench, 'snapshot, written whole', await watchLoop(() => cache.stop()), inMap);

  const again = make(keys, { ...snapshot, restoreTimeout: '10m' }, Date.now() + 3_600_000);
  note(bench, 'restore', await watchLoop(() => again.start()), inMap);
  if (again.size !== count) throw new Error(`Restored ${again.size} of ${count}.`);
  await again.stop();

  // All of them expire at one and the same time, which comes while they are held.
  const expiry = Date.now() + 60_000 * Math.max(bench.scale, 0.2);
  const mortal = make(keys, undefined, expiry);
  await mortal.start();
  await mortal.warmed();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, expiry - Date.now()) + 1_000));
  let expired = 0;
  const swept = await watchLoop(async () => {
    ({ expired } = await mortal.sweep());
  });
  if (expired !== count) bench.note(`the sweep found ${expired} of ${count} expired`);
  note(bench, 'sweep, all expired', swept, inMap);
  await mortal.stop();
  await transfers(bench, keys, inMap);
}

/** No pass says that its source has nothing of what is put or imported. */
const passless = (): Cache<Session> =>
  defineCache<Session>({ name: 'million', source: async () => undefined, sweep: { every: '1h' } });

/** Half of the sessions carry one and the same tag. */
async function transfers(bench: Bench, keys: readonly string[], inMap: LoopReport): Promise<void> {
  const cache = passless();
  await cache.start();
  const tags = ['half'];
  for (let from = 0; from < keys.length; from += page) {
    for (const [nth, { key, value, expiresAt }] of rows(keys, from).entries()) {
      cache.put(key, value as Session, { ...(expiresAt && { expiresAt }), ...(nth % 2 === 0 && { tags }) });
    }
    await new Promise(setImmediate);
  }
  const records: ExportedRecord<Session>[] = [];
  const exported = await watchLoop(() => cache.exportTo((record) => guest(() => records.push(record))));
  note(bench, 'export', exported, inMap);
  for (const mode of ['merge', 'replace'] as const) {
    const other = passless();
    await other.start();
    const imported = await watchLoop(() => other.importFrom(records, { mode }));
    if (other.size !== keys.length) throw new Error(`Imported ${other.size} of ${keys.length}.`);
    note(bench, `import, ${mode}`, imported, inMap);
    await other.stop();
  }
  note(bench, 'invalidateTag, half of them', await watchLoop(() => cache.invalidateTag('half')), inMap);
  note(bench, 'prune to none', await watchLoop(() => cache.prune(0)), inMap);
  if (cache.size > 0) throw new Error(`${cache.size} are left.`);
  await cache.stop();
}

const rows = (keys: readonly string[], from: number, expiresAt?: number): Row<Session>[] =>
  keys.slice(from, from + page).map((key, nth) => {
    const value = session(from + nth);
    return { key, value, expiresAt: expiresAt ?? value.expiresAt };
  });

function make(
  keys: readonly string[],
  snapshot: { readonly file: string; readonly every: '1h'; readonly restoreTimeout?: '10m' } | undefined,
  expiresAt: number,
): Cache<Session> {
  return defineCache<Session>({
    name: 'million',
    source: {
      load: async () => undefined,
      async *scan() {
        for (let from = 0; from < keys.length; from += page) {
          yield { rows: guest(() => rows(keys, from, expiresAt)) };
        }
      },
    },
    sweep: { every: '1h' },
    ...(snapshot && { snapshot }),
  });
}

function note(bench: Bench, what: string, loop: LoopReport, map: LoopReport): void {
  const ms = (value: number): number => Math.round(value * 10) / 10;
  bench.record(`${what}: loop delay p99`, 'ms', { holdfast: ms(loop.p99), map: ms(map.p99) });
  bench.record(`${what}: loop delay max`, 'ms', { holdfast: ms(loop.max), map: ms(map.max) });
  bench.record(
    `${what}: longest own stretch`,
    'ms',
    {
      holdfast: ms(loop.longestOwn),
      map: ms(map.longestOwn),
    },
    [{ is: 'at most', value: 10 }],
  );
}
