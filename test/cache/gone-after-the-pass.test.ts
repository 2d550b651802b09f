import { defineCache } from 'holdfast';
import { scriptedSource, world } from 'holdfast/testing';
import { expect, it } from 'vitest';

it('a pass proves nothing of a key that the source said is gone after it', () =>
  world({}, async (w) => {
    const db = scriptedSource<string>({ rows: { a: 'ada' } });
    await using cache = defineCache<string>({
      name: 'users',
      source: db,
      authoritative: true,
      negativeTtl: '3s',
      sweep: { every: '2s' },
    });
    await cache.start();
    await cache.warmed();
    db.erase('a');
    await w.advance('2s');
    expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'source' });
    // The answer is no longer believed, and the pass had seen the row.
    await w.advance('3s');
    expect(cache.lookup('a')).toMatchObject({ status: 'unknown', because: 'not-loaded' });
    expect(cache.lookup('never held')).toMatchObject({ status: 'absent', because: 'pass' });
    await cache.warm();
    await w.advance('1s');
    expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'pass' });
  }));
