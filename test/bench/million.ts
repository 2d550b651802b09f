/** The event loop while a cache works on a million sessions, beside what a plain Map of the same does to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { type Cache, defineCache, type ExportedRecord, type Row } from 'holdfast';
import type { Aim } from './harness/aims.js';
import { guest, type LoopReport, watchLoop } from './harness/loop-watch.js';
import { collectGarbage } from './harness/rounds.js';
import { type Session, session, tokens } from './harness/sessions.js';
import { type Bench, suite } from './harness/suite.js';

const page = 1_000;

/** What is measured: how others fare meanwhile, the collector included; and how long the cache itself holds the loop. */
const measures = {
  loop: ['loop delay p99', 'loop delay max'],
  own: ['longest own stretch'],
} as const;
type Measure = keyof typeof measures;

const works = [
  'pass',
  'second pass',
  'snapshot, written whole',
  'restore',
  'sweep, all expired',
  'export',
  'import, merge',
  'import, replace',
  'invalidateTag, half of them',
  'prune to none',
] as const;
type Work = (typeof works)[number];

/** Does a piece of work and notes how the loop fared. */
type Watch = (what: Work, work: () => Promise<unknown>) => Promise<void>;

export default suite({
  name: 'million',
  about:
    'a pass, a sweep, a snapshot, a restore, an export, an import, invalidateTag and prune of 1,000,000 sessions: what the event loop waits, in ms',
  async run(bench) {
    for (const measure of ['loop', 'own'] as const) {
      if (!works.some((what) => measures[measure].some((name) => bench.wants(`${what}: ${name}`)))) continue;
      // V8 tells how long it collected garbage, but not of the marking that it does in steps: that would count as the cache's own.
      if (measure === 'own') {
        collectGarbage();
        setFlagsFromString('--no-incremental-marking');
      }
      const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
      try {
        await everything(bench, measure, folder);
      } finally {
        rmSync(folder, { recursive: true, force: true });
        if (measure === 'own') setFlagsFromString('--incremental-marking');
      }
    }
  },
});

async function everything(bench: Bench, measure: Measure, folder: string): Promise<void> {
  const count = 1_000_000 * bench.scale;
  const keys = tokens(count).sort();
  const map = new Map<string, Session>();
  const inMap = await watchLoop(async () => {
    for (let from = 0; from < count; from += page) {
      for (const { key, value } of guest(() => rows(keys, from))) map.set(key, value as Session);
      await new Promise(setImmediate);
    }
  });
  map.clear();
  const watch: Watch = async (what, work) => {
    const loop = await watchLoop(work, { explain: bench.explain && measure === 'own' });
    note(bench, measure, what, loop, inMap);
  };
  await passes(bench, keys, folder, watch);
  await transfers(keys, watch);
}

async function passes(bench: Bench, keys: readonly string[], folder: string, watch: Watch): Promise<void> {
  const count = keys.length;
  const snapshot = { file: join(folder, 'sessions.snapshot'), every: '1h' } as const;
  const cache = make(keys, snapshot, Date.now() + 3_600_000);
  await cache.start();
  await watch('pass', () => cache.warmed());
  await watch('second pass', () => cache.warm());
  await watch('snapshot, written whole', () => cache.stop());

  const again = make(keys, { ...snapshot, restoreTimeout: '10m' }, Date.now() + 3_600_000);
  await watch('restore', () => again.start());
  if (again.size !== count) throw new Error(`Restored ${again.size} of ${count}.`);
  await again.stop();

  // All of them expire at one and the same time, which comes while they are held.
  const expiry = Date.now() + 60_000 * Math.max(bench.scale, 0.2);
  const mortal = make(keys, undefined, expiry);
  await mortal.start();
  await mortal.warmed();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, expiry - Date.now()) + 1_000));
  let expired = 0;
  await watch('sweep, all expired', async () => {
    ({ expired } = await mortal.sweep());
  });
  if (expired !== count) bench.note(`the sweep found ${expired} of ${count} expired`);
  await mortal.stop();
}

/** No pass says that its source has nothing of what is put or imported. */
const passless = (): Cache<Session> =>
  defineCache<Session>({ name: 'million', source: async () => undefined, sweep: { every: '1h' } });

/** Half of the sessions carry one and the same tag. */
async function transfers(keys: readonly string[], watch: Watch): Promise<void> {
  const cache = passless();
  await cache.start();
  const tags = ['half'];
  for (let from = 0; from < keys.length; from += page) {
    for (const [nth, { key, value, expiresAt }] of rows(keys, from).entries()) {
      cache.put(key, value as Session, { ...(expiresAt && { expiresAt }), ...(nth % 2 === 0 && { tags }) });
    }
    await new Promise(setImmediate);
  }
  // In pages: one array of a million grows by copying.
  const pages: ExportedRecord<Session>[][] = [];
  await watch('export', () =>
    cache.exportTo((record) => {
      if (pages.length === 0 || pages.at(-1)!.length === page) pages.push([]);
      pages.at(-1)!.push(record);
    }),
  );
  for (const mode of ['merge', 'replace'] as const) {
    const other = passless();
    await other.start();
    await watch(`import, ${mode}`, () => other.importFrom(all(pages), { mode }));
    if (other.size !== keys.length) throw new Error(`Imported ${other.size} of ${keys.length}.`);
    await other.stop();
  }
  await watch('invalidateTag, half of them', () => cache.invalidateTag('half'));
  await watch('prune to none', () => cache.prune(0));
  if (cache.size > 0) throw new Error(`${cache.size} are left.`);
  await cache.stop();
}

function* all<T>(pages: Iterable<Iterable<T>>): Generator<T, void, void> {
  for (const each of pages) yield* each;
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

function note(bench: Bench, measure: Measure, what: Work, loop: LoopReport, map: LoopReport): void {
  const ms = (value: number): number => Math.round(value * 10) / 10;
  const record = (name: string, of: (report: LoopReport) => number, aims?: readonly Aim[]): void =>
    bench.record(`${what}: ${name}`, 'ms', { holdfast: ms(of(loop)), map: ms(of(map)) }, aims);
  if (measure === 'loop') {
    record('loop delay p99', ({ p99 }) => p99);
    record('loop delay max', ({ max }) => max);
  } else {
    record('longest own stretch', ({ longestOwn }) => longestOwn, [{ is: 'at most', value: 10 }]);
    for (const line of loop.explained) bench.note(`  ${line}`);
  }
}
