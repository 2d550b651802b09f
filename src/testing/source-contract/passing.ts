import assert from 'node:assert/strict';
import { oddKeys } from './keys.js';
import type { Suite } from './suite.js';
import { isLiving } from './tester.js';

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, nth) => `k${String(nth).padStart(4, '0')}`);

/** The whole of it, batch by batch. */
export function passing({ describe, test, has, holds, without }: Suite): void {
  if (!has('scan')) return;
  describe('scan', () => {
    test('gives every row once, in batches of at most so many', async (t) => {
      const keys = names(205);
      await t.write(...keys);
      for (const batch of [1, 7, 100, 205, 1_000]) {
        const batches = await t.batches(t.method('scan')({ ...t.context, batch }));
        assert.ok(
          batches.every(({ rows }) => rows.length <= batch),
          `a batch of ${Math.max(...batches.map(({ rows }) => rows.length))} rows, where ${batch} were asked for`,
        );
        const rows = batches.flatMap(({ rows }) => rows);
        assert.deepEqual(rows.map(({ key }) => key).sort(), keys);
        assert.deepEqual(rows.find(({ key }) => key === 'k0003')?.value, t.value(3));
      }
      await t.holdsNothing(without);
    });
    test('ends, over nothing at all', async (t) => {
      assert.deepEqual(await t.scanned(), []);
    });
    test('gives no living row of what has expired, and none of what is gone', async (t) => {
      const expiresAt = Date.now() + 3_600_000;
      await t.write('a', 'b', 'c');
      await t.harness.write({ key: 'over', value: t.value(0), expiresAt: Date.now() - 1 });
      await t.harness.write({ key: 'later', value: t.value(0), expiresAt });
      await t.harness.erase('b');
      if (has('revoke')) await t.hand('revoke')('c');
      const living = (await t.scanned()).filter(isLiving);
      assert.deepEqual(
        living.map(({ key }) => key).sort(),
        has('revoke') ? ['a', 'later'] : ['a', 'c', 'later'],
      );
      assert.equal(living.find(({ key }) => key === 'later')?.expiresAt, expiresAt);
    });
    if (has('spoil')) {
      test('gives a row that cannot be read as a bad one, and goes on', async (t) => {
        await t.write('a', 'b', 'c');
        await t.hand('spoil')('b');
        const rows = await t.scanned(1);
        assert.deepEqual(rows.map(({ key }) => key).sort(), ['a', 'b', 'c']);
        assert.equal(rows.find(({ key }) => key === 'b')?.value, undefined);
      });
    }
    test('gives rows of any key', async (t) => {
      const storable = oddKeys.filter(holds);
      await t.write(...storable);
      const rows = await t.scanned(3);
      assert.deepEqual(rows.map(({ key }) => key).sort(), [...storable].sort());
    });
    test('gives once and whole what was there all the while, whatever is written meanwhile', async (t) => {
      const keys = names(60);
      await t.write(...keys);
      const seen = new Map<string, number>();
      let turn = 0;
      for await (const { rows } of t.method('scan')({ ...t.context, batch: 10 })) {
        for (const { key } of rows) seen.set(key, (seen.get(key) ?? 0) + 1);
        turn++;
        await t.harness.write({ key: `a${turn}`, value: t.value(1) });
        await t.harness.write({ key: `z${turn}`, value: t.value(1) });
        await t.harness.write({ key: keys[turn] ?? '', value: t.value(9) });
        await t.harness.write({ key: keys.at(-turn) ?? '', value: t.value(9) });
      }
      for (const key of keys) assert.equal(seen.get(key), 1, `${key}, which was there all the while`);
      await t.holdsNothing(without);
    });
    test('lets others be asked meanwhile, and another scan run', async (t) => {
      await t.write(...names(30));
      const sizes = await Promise.all(
        [5, 10, 30].map(async (batch) => {
          let size = 0;
          for await (const { rows } of t.method('scan')({ ...t.context, batch })) {
            size += rows.length;
            assert.ok(await t.load('k0001'));
          }
          return size;
        }),
      );
      assert.deepEqual(sizes, [30, 30, 30]);
    });
    test('ends when its reader stops, and holds nothing any more', async (t) => {
      await t.write(...names(50));
      for await (const _ of t.method('scan')({ ...t.context, batch: 5 })) break;
      await t.holdsNothing(without);
      assert.equal((await t.scanned()).length, 50);
    });
    test('ends when its signal fires while it waits to be asked on, and holds nothing any more', async (t) => {
      await t.write(...names(50));
      for (let again = 0; again < 20; again++) {
        const giving = new AbortController();
        const iterator = t.method('scan')({ signal: giving.signal, batch: 5 })[Symbol.asyncIterator]();
        await t.soon(iterator.next() as Promise<unknown>, 'the first batch');
        giving.abort(new Error('nobody waits'));
      }
      await t.holdsNothing(without);
      assert.equal((await t.scanned()).length, 50);
    });
    test('ends with an error when its signal fires, and not as if it were complete', async (t) => {
      await t.write(...names(50));
      const giving = new AbortController();
      let seen = 0;
      let ended = 'complete';
      try {
        for await (const { rows } of t.method('scan')({ signal: giving.signal, batch: 5 })) {
          seen += rows.length;
          giving.abort(new Error('nobody waits'));
        }
      } catch {
        ended = 'error';
      }
      assert.ok(ended === 'error' || seen === 50, `it ended as if it were complete after ${seen} of 50 rows`);
      await t.holdsNothing(without);
    });
  });
}
