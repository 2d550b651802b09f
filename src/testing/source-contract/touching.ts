import assert from 'node:assert/strict';
import { oddKeys } from './keys.js';
import type { Suite } from './suite.js';

const minute = 60_000;

/** That a row is in use. */
export function touching({ describe, test, has, holds }: Suite): void {
  if (!has('touch')) return;
  describe('touch', () => {
    test('extends a row, changes nothing else of it, and may be done twice', async (t) => {
      const now = Date.now();
      await t.harness.write({ key: 'a', value: t.value(1), expiresAt: now + minute });
      await t.harness.write({ key: 'b', value: t.value(2), expiresAt: now + minute });
      const touch = { expiresAt: now + 5 * minute, at: now };
      await t.soon(t.method('touch')('a', touch, t.context), 'touch');
      await t.method('touch')('a', touch, t.context);
      const row = await t.load('a');
      assert.deepEqual(row?.value, t.value(1));
      assert.equal(row?.expiresAt, touch.expiresAt);
      assert.equal((await t.load('b'))?.expiresAt, now + minute, 'no other row is extended');
    });
    test('never makes a row expire sooner, nor one expire that never did', async (t) => {
      const now = Date.now();
      await t.harness.write({ key: 'a', value: t.value(1), expiresAt: now + 5 * minute });
      await t.write('eternal');
      for (const key of ['a', 'eternal']) {
        await t.method('touch')(key, { expiresAt: now + minute, at: now }, t.context);
      }
      assert.equal((await t.load('a'))?.expiresAt, now + 5 * minute);
      const eternal = await t.load('eternal');
      assert.ok(eternal !== undefined && eternal.expiresAt === undefined);
    });
    test('brings back no row that is not there, was deleted or removed', async (t) => {
      const touch = { expiresAt: Date.now() + minute, at: Date.now() - minute };
      await t.write('erased', 'removed');
      await t.harness.erase('erased');
      if (has('remove')) await t.method('remove')('removed', t.context);
      else await t.harness.erase('removed');
      for (const key of ['erased', 'removed', 'never']) {
        await t.soon(t.method('touch')(key, touch, t.context), 'touch of a row that is not there');
        assert.equal(await t.load(key), undefined, key);
      }
      if (has('scan')) assert.deepEqual(await t.scanned(), []);
    });
    test('brings back what has expired since it was known to be there, and nothing that had expired by then', async (t) => {
      const now = Date.now();
      for (const key of ['since', 'before']) {
        await t.harness.write({ key, value: t.value(1), expiresAt: now - minute });
      }
      const expiresAt = now + minute;
      await t.method('touch')('since', { expiresAt, at: now - 2 * minute }, t.context);
      await t.method('touch')('before', { expiresAt, at: now - minute }, t.context);
      assert.equal((await t.load('since'))?.expiresAt, expiresAt);
      assert.equal(await t.livingValue('before'), undefined);
    });
    if (has('revoke')) {
      test('brings back no row that was revoked', async (t) => {
        const now = Date.now();
        await t.harness.write({ key: 'a', value: t.value(1), expiresAt: now + minute });
        await t.hand('revoke')('a');
        await t.method('touch')('a', { expiresAt: now + 2 * minute, at: now }, t.context);
        assert.equal(await t.load('a'), undefined);
      });
    }
    test('takes no key for another', async (t) => {
      const now = Date.now();
      const storable = oddKeys.filter(holds);
      for (const key of storable) {
        await t.harness.write({ key, value: t.value(1), expiresAt: now + minute });
      }
      for (const [nth, key] of oddKeys.entries()) {
        const touch = { expiresAt: now + (2 + nth) * minute, at: now };
        await t.soon(t.method('touch')(key, touch, t.context), 'touch');
      }
      for (const key of storable) {
        const end = now + (2 + oddKeys.indexOf(key)) * minute;
        assert.equal((await t.load(key))?.expiresAt, end, key.slice(0, 40));
      }
    });
    if (has('changes')) {
      test('is seen by the feed of changes', async (t) => {
        const now = Date.now();
        await t.harness.write({ key: 'a', value: t.value(1), expiresAt: now + minute });
        const since = await t.cursorNow();
        await t.method('touch')('a', { expiresAt: now + 2 * minute, at: now }, t.context);
        const told = (await t.changes(since)).flatMap(({ changed }) => changed);
        assert.equal(told.findLast(({ key }) => key === 'a')?.expiresAt, now + 2 * minute);
      });
    }
  });
}
