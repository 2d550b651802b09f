import type { Cache, ExportedRecord } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { scene } from './build.js';

const alone = { source: async () => undefined, ttl: '1m', staleFor: '1m' } as const;

async function all<V>(cache: Cache<V>): Promise<ExportedRecord<V>[]> {
  const records: ExportedRecord<V>[] = [];
  for await (const record of cache.exportTo()) records.push(record);
  return records;
}

describe('exportTo and importFrom', () => {
  it(
    'what one gives the other takes, times, tags, versions, weights and removals included',
    scene<string>({ options: alone }, async ({ define, w }) => {
      const [one, two] = [define({ name: 'one' }), define({ name: 'two' })];
      one.cache.put('a', 'A', { tags: ['x'], version: 3, weight: 2, expiresAt: Date.now() + 50_000 });
      one.cache.put('b', 'B', { ttl: '1h', staleFor: '2h' });
      one.cache.put('c', 'C');
      one.cache.revoke('c');
      await w.advance('10s');
      const records = await all(one.cache);
      expect(JSON.parse(JSON.stringify(records))).toEqual(records);
      expect(await two.cache.importFrom(records)).toEqual({
        entries: 2,
        removals: 1,
        kept: 0,
        over: 0,
        refused: 0,
      });
      expect(two.cache.lookup('a')).toEqual({
        status: 'stale',
        because: 'restored',
        value: 'A',
        age: 10_000,
        expiresAt: Date.now() + 40_000,
      });
      expect(two.cache.lookup('c')).toEqual({ status: 'absent', because: 'removed', age: 10_000 });
      expect((await all(two.cache)).sort(byKey)).toEqual(records.sort(byKey));
      expect(await two.cache.invalidateTag('x')).toBe(1);
      expect(two.told('imported')).toMatchObject([{ mode: 'merge', entries: 2 }]);
    }),
  );

  it(
    'a sink is awaited record by record',
    scene<string>({ options: alone }, async ({ define }) => {
      const { cache } = define();
      for (const key of ['a', 'b']) cache.put(key, key);
      const got: string[] = [];
      let under = 0;
      const count = await cache.exportTo(async ({ key }) => {
        under += 1;
        expect(under).toBe(1);
        await Promise.resolve();
        under -= 1;
        got.push(key);
      });
      expect([count, got]).toEqual([2, ['a', 'b']]);
      await expect(cache.exportTo(() => Promise.reject(new Error('sink')))).rejects.toThrow('sink');
    }),
  );

  it(
    'in a merge a removal wins, then what is newer; what is over stays out',
    scene<string>({ options: alone }, async ({ define, w }) => {
      const { cache } = define();
      const record = (key: string, confirmedAt: number, more: object = {}) => ({
        key,
        value: 'theirs',
        confirmedAt,
        ttl: 60_000,
        staleFor: 60_000,
        ...more,
      });
      cache.put('newer here', 'ours');
      cache.put('older here', 'ours');
      cache.put('higher here', 'ours', { version: 2 });
      cache.put('lower here', 'ours', { version: 1 });
      cache.put('gone', 'ours');
      cache.revoke('gone');
      cache.put('removed there later', 'ours');
      cache.put('removed there before', 'ours');
      const now = Date.now();
      await w.advance('1s');
      const report = await cache.importFrom([
        record('newer here', now - 1),
        record('older here', now + 500),
        record('higher here', now + 500, { version: 1 }),
        record('lower here', now - 500, { version: 2 }),
        record('gone', now + 500),
        record('over', now - 200_000),
        record('new', now),
        { key: 'removed there later', removed: 'revoked' as const, at: now + 500 },
        { key: 'removed there before', removed: 'revoked' as const, at: now - 500 },
      ]);
      expect(report).toEqual({ entries: 3, removals: 1, kept: 4, over: 1, refused: 0 });
      expect(Object.fromEntries(cache.entries())).toEqual({
        'newer here': 'ours',
        'older here': 'theirs',
        'higher here': 'ours',
        'lower here': 'theirs',
        'removed there before': 'ours',
        new: 'theirs',
      });
      expect(cache.lookup('removed there later')).toMatchObject({ status: 'absent' });
    }),
  );

  it(
    'what is no record is told and passed over',
    scene<string>({ options: alone }, async ({ define }) => {
      const { cache, told } = define({ key: (key) => key !== 'no' });
      const good = {
        key: 'a',
        value: 'A',
        confirmedAt: Date.now(),
        ttl: 1,
        staleFor: 'until-expiry',
        expiresAt: Date.now() + 9,
      };
      const records = [
        null,
        1,
        {},
        { ...good, value: undefined },
        { ...good, ttl: -1 },
        { ...good, ttl: Number.NaN },
        { ...good, staleFor: 'for ever' },
        { ...good, tags: 'x' },
        { ...good, expiresAt: 'soon' },
        { ...good, key: 'no' },
        { key: 'a', removed: 'lost', at: 1 },
        good,
      ];
      expect(await cache.importFrom(records as never)).toMatchObject({ entries: 1, refused: 11 });
      expect(told('quarantined')).toHaveLength(11);
      await expect(cache.importFrom([], { mode: 'add' } as never)).rejects.toThrow('Option "mode"');
    }),
  );

  it(
    'where keys are secret, only digests come in',
    scene<string>({ options: { ...alone, secretKeys: true } }, async ({ define }) => {
      const [one, two] = [define({ name: 'one' }), define({ name: 'two' })];
      one.cache.put('token', 'A');
      const [record] = await all(one.cache);
      expect(JSON.stringify(record)).not.toContain('token');
      expect(await two.cache.importFrom([{ ...record!, key: 'token' }, record!])).toMatchObject({
        entries: 1,
        refused: 1,
      });
      expect(two.cache.get('token')).toBe('A');
      expect(two.told('quarantined')).toMatchObject([{ key: undefined }]);
    }),
  );
});

describe('an import that replaces', () => {
  it(
    'leaves nothing of what was there but removals and what happened meanwhile; a load that was under way brings nothing',
    scene<string>({ options: alone }, async ({ boot }) => {
      let answer!: (value: string) => void;
      const { cache } = await boot({
        source: (key) =>
          key === 'slow' ? new Promise<string>((resolve) => (answer = resolve)) : Promise.resolve(undefined),
      });
      cache.put('old', 'old');
      cache.put('gone', 'gone');
      cache.revoke('gone');
      const records = async function* () {
        const at = { confirmedAt: Date.now(), ttl: 60_000, staleFor: 0 };
        yield { key: 'gone', value: 'theirs', ...at };
        yield { key: 'a', value: 'theirs', ...at };
        yield { key: 'b', value: 'theirs', ...at };
        yield { key: 'c', value: 'theirs', ...at };
        cache.put('b', 'ours');
        cache.revoke('c');
        cache.put('meanwhile', 'ours');
        expect(cache.get('a')).toBeUndefined();
        expect(cache.get('old')).toBe('old');
      };
      const reading = cache.read('slow');
      const report = await cache.importFrom(records(), { mode: 'replace' });
      expect(report).toMatchObject({ entries: 3, kept: 1 });
      expect(Object.fromEntries(cache.entries())).toEqual({ a: 'theirs', b: 'ours', meanwhile: 'ours' });
      expect(cache.lookup('gone')).toMatchObject({ status: 'absent', because: 'removed' });
      expect(cache.lookup('c')).toMatchObject({ status: 'absent', because: 'removed' });
      expect(cache.lookup('b')).toMatchObject({ status: 'fresh' });
      const before = answer;
      before('late');
      await Promise.resolve();
      cache.put('slow', 'ours');
      if (answer !== before) answer('later');
      expect(await reading).toMatchObject({ value: 'ours' });
    }),
  );

  it(
    'that fails half-way changes nothing; one that is overtaken by a clear says so',
    scene<string>({ options: alone }, async ({ boot }) => {
      const { cache } = await boot();
      cache.put('old', 'old');
      const at = { confirmedAt: Date.now(), ttl: 60_000, staleFor: 0 };
      const failing = async function* () {
        yield { key: 'a', value: 'theirs', ...at };
        throw new Error('half-way');
      };
      await expect(cache.importFrom(failing(), { mode: 'replace' })).rejects.toThrow('half-way');
      expect([...cache.keys()]).toEqual(['old']);
      const clearing = async function* () {
        yield { key: 'a', value: 'theirs', ...at };
        cache.clear();
      };
      await expect(cache.importFrom(clearing(), { mode: 'replace' })).rejects.toThrow(
        'was cleared while the import',
      );
      expect([...cache.keys()]).toEqual([]);
    }),
  );

  it(
    'is written to the snapshot whole, and what it did not bring leaves it',
    scene<string>({}, async ({ boot, store }) => {
      const options = { ...alone, snapshot: { store } };
      const first = await boot(options);
      first.cache.put('old', 'old');
      first.cache.put('gone', 'gone');
      first.cache.revoke('gone');
      const at = { confirmedAt: Date.now(), ttl: 60_000, staleFor: 0 };
      await first.cache.importFrom(
        [
          { key: 'a', value: 'A', ...at },
          { key: 'gone', value: 'A', ...at },
        ],
        { mode: 'replace' },
      );
      await first.stop();
      const second = await boot(options);
      expect([...second.cache.entries()]).toEqual([['a', 'A']]);
      expect(second.cache.lookup('gone')).toMatchObject({ status: 'absent' });
    }),
  );
});

const byKey = (a: { key: string }, b: { key: string }): number => a.key.localeCompare(b.key);
