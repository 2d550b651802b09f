import fc from 'fast-check';
import { child, createRuntime, defineCache, type Row, type Source } from 'holdfast';
import { tapeArbitrary, world } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';

/** More of them, or others: `RUNS=5000 SEED=random npx vitest run test/properties/complete-feed.test.ts`. */
const numRuns = Number(process.env.RUNS ?? 200);

const keys = ['a', 'b', 'c'] as const;
type Key = (typeof keys)[number];

interface Step {
  readonly at: number;
  readonly do:
    | 'write'
    | 'erase'
    | 'corrupt'
    | 'gap'
    | 'read'
    | 'put'
    | 'update'
    | 'invalidate'
    | 'revoke'
    | 'touch'
    | 'prolong'
    | 'use'
    | 'sweep'
    | 'warm';
  readonly key: Key;
  /** How long what it asks of the source takes: until the source looks, and until it has answered. */
  readonly latency: readonly [number, number];
}

/** The most that an answer may be older than the moment when it came. */
const longest = 200;

const step: fc.Arbitrary<Step> = fc.record({
  at: fc.nat(100).map((tenth) => tenth * 50),
  do: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('sweep' as const, 'read' as const, 'write' as const) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        'erase' as const,
        'corrupt' as const,
        'gap' as const,
        'put' as const,
        'update' as const,
        'invalidate' as const,
        'revoke' as const,
        'touch' as const,
        'prolong' as const,
        'use' as const,
        'warm' as const,
      ),
    },
  ),
  key: fc.constantFrom(...keys),
  latency: fc.tuple(fc.constantFrom(0, 1, 60, 90), fc.constantFrom(0, 1, 60, 90)),
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const play = (steps: readonly Step[], tape: readonly number[], passes: boolean, slides: boolean) =>
  world({ tape, hops: true, within: '1d' }, async (w) => {
    let latency: readonly [number, number] = [0, 0];
    let lost = false;
    let versions = 0;
    const log: { readonly key: Key; readonly row: Row<string> | undefined }[] = [];
    /** What each row was from when on. */
    const past: { readonly at: number; readonly key: Key; readonly value: string | undefined }[] = [];
    const puts = new Map<string, number>();
    const rows = new Map<string, Row<string>>();
    const change = (key: Key, row: Row<string> | undefined): void => {
      if (row === undefined) rows.delete(key);
      else rows.set(key, row);
      log.push({ key, row });
      past.push({ at: w.now, key, value: row?.value });
    };
    const source: Source<string> = {
      changesComplete: true,
      async touch(key, { expiresAt }) {
        const [before, after] = latency;
        await pause(before);
        const row = rows.get(key);
        if (row !== undefined) rows.set(key, { ...row, expiresAt });
        await pause(after);
      },
      async load(key) {
        const [before, after] = latency;
        await pause(before);
        const row = rows.get(key);
        await pause(after);
        return row;
      },
      async *changes(since) {
        const [before, after] = latency;
        await pause(before);
        const reset = since !== undefined && lost;
        lost = false;
        let from = since === undefined || reset ? log.length : Number(since);
        const until = log.length;
        do {
          const changes = log.slice(from, Math.min(from + 2, until));
          from += changes.length;
          await pause(after);
          yield {
            // As it is now: what a log still has of a row that was written again is older than it may be.
            gone: changes.filter(({ key }) => !rows.has(key)).map(({ key }) => key),
            changed: changes.flatMap(({ key }) => rows.get(key) ?? []),
            cursor: String(from),
            reset: reset && from === until,
          };
        } while (from < until);
      },
      ...(passes && {
        async *scan() {
          const [before, after] = latency;
          const cursor = String(log.length);
          for (const key of keys) {
            await pause(before);
            const row = rows.get(key);
            await pause(after);
            yield { rows: row === undefined ? [] : [row], cursor };
          }
        },
      }),
    };
    for (const key of keys) change(key, { key, value: `${key}0`, expiresAt: Date.now() + 60_000 });
    const cache = defineCache<string>({
      name: 'fed',
      source,
      ttl: 1000,
      staleFor: 1500,
      negativeTtl: 300,
      sliding: slides,
      sweep: { every: '1h' },
      warm: { every: '1d', backoff: { jitter: false } },
    });
    const runtime = createRuntime({ children: [child({ id: 'cache', logic: cache.supervisor })] });
    await runtime.start();
    await cache.warmed();

    const look = (): void => {
      for (const key of keys) {
        const told = cache.lookup(key);
        if (told.status !== 'fresh' && told.status !== 'stale') continue;
        // Touched and sliding ones say the age since then, which is no confirmation.
        const put = puts.get(told.value);
        if (put !== undefined) {
          expect(w.now - put, `${told.value} was put`).toBeLessThan(2500);
          continue;
        }
        const last = past.findLast((one) => one.key === key);
        if (last?.value === told.value) continue;
        // It is old: then since when?
        const begun = past.findIndex((one) => one.key === key && one.value === told.value);
        const replaced = past.find((one, at) => at > begun && one.key === key);
        expect(begun, `${told.value} came from somewhere`).toBeGreaterThanOrEqual(0);
        const old = w.now - (replaced?.at ?? 0);
        expect(old, `${told.value} is not the row any more`).toBeLessThan(2500 + longest);
      }
    };
    const order = (one: Step): unknown => {
      latency = one.latency;
      switch (one.do) {
        case 'write':
          versions += 1;
          return change(one.key, {
            key: one.key,
            value: `${one.key}${versions}`,
            expiresAt: Date.now() + 60_000,
          });
        case 'erase':
          return change(one.key, undefined);
        case 'corrupt':
          return change(one.key, { key: one.key, value: undefined });
        case 'gap':
          lost = true;
          // What the log held is not told any more.
          return undefined;
        case 'put':
          versions += 1;
          puts.set(`${one.key}p${versions}`, w.now);
          return cache.put(one.key, `${one.key}p${versions}`);
        case 'update': {
          versions += 1;
          const value = `${one.key}u${versions}`;
          if (cache.update(one.key, () => value) !== undefined) puts.set(value, w.now);
          return undefined;
        }
        case 'invalidate':
        case 'revoke':
        case 'touch':
          return cache[one.do](one.key);
        case 'prolong':
          return cache.expire(one.key, '1h');
        case 'use':
          return cache.touch(one.key, { expiresAt: Date.now() + 3_600_000 });
        case 'read':
          return cache.read(one.key);
        case 'sweep':
        case 'warm':
          return cache[one.do]();
      }
    };
    for (const one of [...steps].sort((a, b) => a.at - b.at)) {
      if (one.at > w.now) await w.advance(one.at - w.now);
      look();
      void Promise.resolve(order(one)).catch(() => {});
      await w.settle();
      look();
    }
    // It goes on being read to its end: what was missed once must not be confirmed for ever.
    latency = [0, 0];
    for (let time = 0; time < 12; time++) {
      await w.advance(500);
      await cache.sweep();
      look();
    }
    await runtime.stop();
  });

describe('a complete change feed, among loads, passes, writes and gaps', () => {
  it('never keeps alive what the source has replaced, nor what was only put here', {
    timeout: 300_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30, size: 'max' }),
        tapeArbitrary(fc),
        fc.boolean(),
        fc.boolean(),
        (steps, tape, passes, slides) => play(steps, tape, passes, slides),
      ),
      { numRuns },
    );
  });
});
