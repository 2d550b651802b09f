import { defineCache } from 'holdfast';
import { scriptedSource, world } from 'holdfast/testing';
import { expect, it } from 'vitest';

it('over a source without scan, a revoked key is back when the change feed brings its row anew', () =>
  world({}, async (w) => {
    const db = scriptedSource<string>({ rows: { a: 'ada' }, has: ['changes'] });
    await using cache = defineCache<string>({ name: 'users', source: db, sweep: { every: '3s' } });
    await cache.start();
    await cache.read('a');
    await w.advance('3s');
    cache.revoke('a');
    // What the feed brings is what changed since: the revoked row itself does not come back.
    await w.advance('30s');
    expect(await cache.read('a')).toMatchObject({ status: 'absent', because: 'removed' });
    db.write('a', 'ada again');
    await w.advance('3s');
    expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'ada again' });
    // Of what nobody ever asked for nothing is kept.
    db.write('b', 'bob');
    await w.advance('3s');
    expect(cache.lookup('b')).toMatchObject({ status: 'unknown' });
  }));
