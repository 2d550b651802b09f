import assert from 'node:assert/strict';
import { oddKeys } from './keys.js';
import type { Suite } from './suite.js';
import { isLiving, told } from './tester.js';

const hour = 3_600_000;

/** Single rows, and several at once. */
export function reading({ describe, test, has, holds, values }: Suite): void {
  describe('load', () => {
    test('gives the row that is there, by its key', async (t) => {
      await t.write('a', 'b');
      const row = await t.load('b');
      assert.equal(row?.key, 'b');
      assert.deepEqual(row?.value, t.value(1));
    });
    test('gives undefined where there is no row, and when it was deleted', async (t) => {
      assert.equal(await t.load('a'), undefined);
      await t.write('a');
      assert.ok(await t.load('a'));
      await t.harness.erase('a');
      assert.equal(await t.load('a'), undefined);
    });
    test('sees what another client has written since', async (t) => {
      await t.write('a');
      await t.load('a');
      await t.harness.write({ key: 'a', value: t.value(1) });
      assert.deepEqual(await t.livingValue('a'), t.value(1));
    });
    test('says until when a row is valid', async (t) => {
      const expiresAt = Date.now() + hour;
      await t.harness.write({ key: 'a', value: t.value(0), expiresAt });
      assert.equal((await t.load('a'))?.expiresAt, expiresAt);
      await t.harness.write({ key: 'b', value: t.value(0) });
      assert.equal((await t.load('b'))?.expiresAt, undefined);
    });
    test('gives no living row of one that has expired', async (t) => {
      await t.harness.write({ key: 'a', value: t.value(0), expiresAt: Date.now() - 1 });
      assert.ok(
        !isLiving(await t.load('a')),
        'an expired row: undefined, or one that says so by its expiresAt',
      );
    });
    if (has('revoke')) {
      test('gives undefined of a row that is revoked', async (t) => {
        await t.write('a');
        await t.hand('revoke')('a');
        assert.equal(await t.load('a'), undefined);
      });
    }
    if (has('spoil')) {
      test('gives a row that cannot be read as a bad one: without a value, and without rejecting', async (t) => {
        await t.write('a');
        await t.hand('spoil')('a');
        const row = await t.load('a');
        assert.equal(row?.key, 'a');
        assert.equal(row?.value, undefined);
      });
    }
    test('gives values as they were written', async (t) => {
      for (const [nth, value] of values.entries()) {
        await t.harness.write({ key: `k${nth}`, value });
        assert.deepEqual((await t.load(`k${nth}`))?.value, value);
      }
    });
    test('takes no key for another', async (t) => {
      const storable = oddKeys.filter(holds);
      for (const [nth, key] of storable.entries()) await t.harness.write({ key, value: t.value(nth) });
      for (const [nth, key] of storable.entries()) {
        const row = await t.load(key);
        assert.equal(row?.key, key, `the row of ${told(key)}`);
        assert.deepEqual(row?.value, t.value(nth), `the value of ${told(key)}`);
      }
    });
    test('gives undefined of keys that are not there, whatever they are', async (t) => {
      const small = oddKeys.filter((key) => holds(key) && key.length < 100);
      await t.write(...small);
      for (const key of oddKeys.filter((one) => !small.includes(one))) {
        assert.equal(await t.load(key), undefined, `${told(key)} was never there`);
      }
      for (const key of small) {
        await t.harness.erase(key);
        assert.equal(await t.load(key), undefined, `${told(key)} was deleted`);
        await t.write(key);
      }
    });
    test('answers very many at once', async (t) => {
      const keys = Array.from({ length: 50 }, (_, nth) => `k${nth}`);
      await t.write(...keys);
      const asked = Array.from({ length: 400 }, (_, nth) => `k${nth % 100}`);
      const rows = await Promise.all(asked.map((key) => t.load(key)));
      for (const [nth, row] of rows.entries()) {
        assert.equal(row?.key, nth % 100 < 50 ? asked[nth] : undefined);
      }
    });
  });

  if (has('loadMany')) {
    describe('loadMany', () => {
      test('gives those that live, and no others', async (t) => {
        await t.write('a', 'b', 'c', 'd');
        await t.harness.write({ key: 'over', value: t.value(0), expiresAt: Date.now() - 1 });
        await t.harness.erase('d');
        const rows = await t.method('loadMany')(['a', 'c', 'd', 'over', 'never'], t.context);
        const living = [...rows].filter(([, row]) => isLiving(row));
        assert.deepEqual(living.map(([key]) => key).sort(), ['a', 'c']);
        for (const [key, row] of rows) assert.equal(row.key, key);
        assert.deepEqual(rows.get('c')?.value, t.value(2));
      });
      test('takes an empty list, one key several times, and thousands', async (t) => {
        const { context } = t;
        assert.equal((await t.method('loadMany')([], context)).size, 0);
        const keys = Array.from({ length: 30 }, (_, nth) => `k${nth}`);
        await t.write(...keys);
        assert.equal((await t.method('loadMany')(['k1', 'k1', 'k1'], context)).size, 1);
        const many = [...keys, ...Array.from({ length: 3_000 }, (_, nth) => `none${nth}`), ...keys];
        assert.deepEqual([...(await t.method('loadMany')(many, context)).keys()].sort(), [...keys].sort());
      });
      test('takes no key for another', async (t) => {
        const storable = oddKeys.filter(holds);
        for (const [nth, key] of storable.entries()) await t.harness.write({ key, value: t.value(nth) });
        const rows = await t.method('loadMany')(oddKeys, t.context);
        assert.deepEqual([...rows.keys()].sort(), [...storable].sort());
        for (const [nth, key] of storable.entries()) assert.deepEqual(rows.get(key)?.value, t.value(nth));
      });
    });
  }

  if (has('missing')) {
    describe('missing', () => {
      test('tells those that are not there, of those that were asked for', async (t) => {
        await t.write('a', 'b', 'c', 'd');
        await t.harness.erase('b');
        const { context } = t;
        assert.deepEqual([...(await t.method('missing')(['a', 'b', 'c', 'never'], context))].sort(), [
          'b',
          'never',
        ]);
        assert.deepEqual([...(await t.method('missing')(['a', 'c'], context))], []);
        assert.deepEqual([...(await t.method('missing')([], context))], []);
      });
      if (has('revoke')) {
        test('tells those that are revoked', async (t) => {
          await t.write('a', 'b');
          await t.hand('revoke')('b');
          assert.deepEqual([...(await t.method('missing')(['a', 'b'], t.context))], ['b']);
        });
      }
      test('takes any key, and thousands', async (t) => {
        const storable = oddKeys.filter(holds);
        await t.write(...storable);
        const none = Array.from({ length: 3_000 }, (_, nth) => `none${nth}`);
        const told = await t.method('missing')([...none, ...oddKeys], t.context);
        const unstorable = oddKeys.filter((key) => !storable.includes(key));
        assert.deepEqual([...told].sort(), [...none, ...unstorable].sort());
      });
    });
  }
}
