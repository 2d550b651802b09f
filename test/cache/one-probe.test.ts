import { type Cache, defineCache } from 'holdfast';
import { type ScriptedSource, scriptedSource, type World, world } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';

/** A cache in an outage whose next try is one second off. */
const inOutage = (body: (w: World, db: ScriptedSource<string>, cache: Cache<string>) => Promise<void>) =>
  world({}, async (w) => {
    const db = scriptedSource<string>({ rows: { a: 'ada' } });
    db.become({ mode: 'unreachable' });
    await using cache = defineCache<string>({
      name: 'users',
      source: db,
      warm: { backoff: { min: '1s', max: '1s', jitter: false } },
      load: { timeout: '2s', retries: 0 },
    });
    await cache.start();
    await w.advance('500ms');
    expect(cache.state).toMatchObject({ source: 'down', warmer: 'backoff' });
    await body(w, db, cache);
  });

const askedSince = (db: ScriptedSource<string>, at: number): string[] =>
  db.history.all.flatMap((happened) =>
    happened.type === 'asked' && happened.at >= at ? [`${happened.at} ${happened.method}`] : [],
  );

describe("a load that is the backoff step's probe", () => {
  it('is the only one, when the loop was held up past the end of the step', () =>
    inOutage(async (w, db, cache) => {
      db.become({ mode: 'hang' });
      w.pause('5s');
      const read = cache.read('a');
      await w.advance('1500ms');
      expect(askedSince(db, 1_000)).toEqual(['5500 load']);
      expect(await read).toMatchObject({ status: 'unknown' });
      // It has failed: the warmer takes the next step.
      db.become({ mode: 'up' });
      await w.advance('3s');
      expect(cache.state).toMatchObject({ data: 'complete', source: 'up' });
    }));

  it('and is given up: the warmer tries soon after', () =>
    inOutage(async (w, db, cache) => {
      db.become({ mode: 'hang' });
      w.pause('5s');
      void cache.read('a').catch(() => {});
      await w.settle();
      cache.put('a', 'bob');
      db.become({ mode: 'up' });
      await w.advance('1100ms');
      expect(cache.state).toMatchObject({ data: 'complete', source: 'up' });
    }));

  it('and succeeds: the warmer warms at once', () =>
    inOutage(async (w, db, cache) => {
      db.become({ mode: 'slow', ms: 300 });
      w.pause('5s');
      expect(await cache.read('a')).toMatchObject({ status: 'fresh', value: 'ada' });
      db.become({ mode: 'up' });
      await w.advance('10ms');
      expect(askedSince(db, 1_000)).toEqual(['5500 load', '5800 scan']);
    }));
});

it('to empty the cache does not cut the backoff short', () =>
  inOutage(async (w, db, cache) => {
    db.become({ mode: 'unreachable' });
    for (let i = 0; i < 5; i++) {
      cache.clear();
      await w.advance('10ms');
    }
    expect(askedSince(db, 500)).toEqual([]);
    db.become({ mode: 'up' });
    await w.advance('1s');
    expect(cache.state).toMatchObject({ data: 'complete', source: 'up' });
  }));
