import assert from 'node:assert/strict';
import { oddKeys } from './keys.js';
import type { Suite } from './suite.js';

/** The feed of changes, and what a source writes itself. */
export function changing({ describe, test, has, holds, values }: Suite): void {
  if (has('changes')) {
    describe('changes', () => {
      test('without a cursor begin now, and say where to read on', async (t) => {
        await t.write('before');
        const batches = await t.changes(undefined);
        assert.ok(batches.every(({ reset }) => reset !== true));
        assert.equal(typeof batches.at(-1)?.cursor, 'string');
      });
      test('since a cursor tell what was written and what has ended', async (t) => {
        await t.write('a', 'b', 'c');
        const since = await t.cursorNow();
        await t.harness.write({ key: 'b', value: t.value(5) });
        await t.harness.write({ key: 'new', value: t.value(6) });
        await t.harness.write({ key: 'c', value: t.value(7), expiresAt: Date.now() - 1 });
        const words = await t.changedSince(since);
        assert.deepEqual(words.get('b'), t.value(5));
        assert.deepEqual(words.get('new'), t.value(6));
        assert.ok(words.has('c') && words.get('c') === undefined, 'what has expired is gone');
      });
      if (has('revoke')) {
        test('tell that a row was revoked', async (t) => {
          await t.write('a', 'b');
          const since = await t.cursorNow();
          await t.hand('revoke')('a');
          const batches = await t.changes(since);
          assert.ok(batches.some(({ gone }) => gone.includes('a')));
          assert.ok(!batches.some(({ changed }) => changed.some(({ key }) => key === 'a')));
        });
      }
      test('may be read again from the same cursor, and then tell the same', async (t) => {
        await t.write('a');
        const since = await t.cursorNow();
        await t.write('a', 'b', 'c');
        const first = await t.changedSince(since);
        const second = await t.changedSince(since);
        assert.deepEqual(second, first);
        for (const key of ['a', 'b', 'c']) assert.ok(first.has(key));
      });
      test('lose nothing from one cursor to the next, however they are read', async (t) => {
        let cursor = await t.cursorNow();
        const told = new Map<string, unknown>();
        for (let turn = 0; turn < 12; turn++) {
          const written = Array.from({ length: 1 + (turn % 4) }, (_, nth) => `k${turn}-${nth}`);
          for (const key of written) await t.harness.write({ key, value: t.value(turn) });
          for (const { changed, cursor: next } of await t.changes(cursor, 1 + (turn % 3))) {
            for (const { key, value } of changed) told.set(key, value);
            cursor = next;
          }
          for (const key of written) assert.deepEqual(told.get(key), t.value(turn), key);
        }
      });
      test('lose nothing when the reading is broken off after any batch', async (t) => {
        const since = await t.cursorNow();
        const keys = Array.from({ length: 9 }, (_, nth) => `k${nth}`);
        await t.write(...keys);
        for (let broken = 1; broken < 6; broken++) {
          const told = new Set<string>();
          let cursor = since;
          let left = broken;
          for await (const batch of t.method('changes')(since, { ...t.context, batch: 2 })) {
            for (const { key } of batch.changed) told.add(key);
            cursor = batch.cursor;
            left--;
            if (left === 0) break;
          }
          for (const key of (await t.changedSince(cursor)).keys()) told.add(key);
          assert.deepEqual([...told].sort(), keys, `broken off after ${broken} batches`);
        }
      });
      test('come in batches of at most so many, and end', async (t) => {
        const since = await t.cursorNow();
        await t.write(...Array.from({ length: 50 }, (_, nth) => `k${nth}`));
        const batches = await t.changes(since, 7);
        assert.ok(batches.every(({ gone, changed }) => gone.length + changed.length <= 7));
        assert.equal(new Set(batches.flatMap(({ changed }) => changed.map(({ key }) => key))).size, 50);
      });
      if (has('scan')) {
        test("since a scan's cursor tell what the scan may have missed", async (t) => {
          await t.write(...Array.from({ length: 20 }, (_, nth) => `k${String(nth).padStart(2, '0')}`));
          let cursor: string | undefined;
          let begun = false;
          for await (const batch of t.method('scan')({ ...t.context, batch: 5 })) {
            cursor ??= batch.cursor;
            if (!begun) {
              await t.harness.write({ key: 'k01', value: t.value(9) });
              await t.harness.write({ key: 'a-new', value: t.value(8) });
            }
            begun = true;
          }
          assert.equal(typeof cursor, 'string', 'a scan of a source with changes must bring a cursor');
          const words = await t.changedSince(cursor as string);
          assert.deepEqual(words.get('k01'), t.value(9));
          assert.deepEqual(words.get('a-new'), t.value(8));
        });
      }
      if (has('begin')) {
        test('find what was stamped before the cursor and committed after it', async (t) => {
          await t.write('a');
          const commit = await t.hand('begin')({ key: 'late', value: t.value(3) });
          await t.write('b');
          let cursor = await t.cursorNow();
          for (let turn = 0; turn < 3; turn++) cursor = (await t.changes(cursor)).at(-1)?.cursor ?? cursor;
          await commit();
          assert.deepEqual((await t.changedSince(cursor)).get('late'), t.value(3));
        });
      }
      test('say that there is a gap where the cursor is none of theirs', async (t) => {
        await t.write('a');
        for (const since of ['', 'nonsense', '{}', 'null', '[]']) {
          const [first] = await t.changes(since);
          assert.equal(first?.reset, true, `since ${JSON.stringify(since)}`);
          assert.equal(typeof first?.cursor, 'string');
        }
      });
    });
  }

  if (has('save')) {
    describe('save', () => {
      test('writes a row that is then loaded, and writes over it', async (t) => {
        const save = t.method('save');
        const expiresAt = Date.now() + 3_600_000;
        for (const [nth, value] of values.entries()) {
          await t.soon(save({ key: 'a', value, expiresAt: expiresAt + nth }, t.context), 'save');
          const row = await t.load('a');
          assert.deepEqual(row?.value, value);
          assert.equal(row?.expiresAt, expiresAt + nth);
        }
      });
      test('may be done twice', async (t) => {
        const row = { key: 'a', value: t.value(1) };
        await t.method('save')(row, t.context);
        await t.method('save')(row, t.context);
        assert.deepEqual((await t.load('a'))?.value, row.value);
        if (has('scan')) assert.equal((await t.scanned()).length, 1);
      });
      test('takes no key for another', async (t) => {
        const storable = oddKeys.filter(holds);
        for (const [nth, key] of storable.entries()) {
          await t.method('save')({ key, value: t.value(nth) }, t.context);
        }
        for (const [nth, key] of storable.entries())
          assert.deepEqual((await t.load(key))?.value, t.value(nth));
      });
      test('refuses a key that cannot be held, and changes no other row', async (t) => {
        const storable = oddKeys.filter(holds);
        await t.write(...storable);
        for (const key of oddKeys.filter((one) => !holds(one))) {
          await assert.rejects(async () => t.method('save')({ key, value: t.value(77) }, t.context));
        }
        for (const [nth, key] of storable.entries())
          assert.deepEqual((await t.load(key))?.value, t.value(nth));
      });
      if (has('changes')) {
        test('is seen by the feed of changes', async (t) => {
          const since = await t.cursorNow();
          await t.method('save')({ key: 'a', value: t.value(1) }, t.context);
          assert.deepEqual((await t.changedSince(since)).get('a'), t.value(1));
        });
      }
    });
  }

  if (has('remove')) {
    describe('remove', () => {
      test('ends a row for load, scan and missing; twice is once', async (t) => {
        await t.write('a', 'b');
        await t.soon(t.method('remove')('a', t.context), 'remove');
        await t.method('remove')('a', t.context);
        assert.equal(await t.load('a'), undefined);
        assert.ok(await t.load('b'));
        if (has('scan'))
          assert.deepEqual(
            (await t.scanned()).map(({ key }) => key),
            ['b'],
          );
        if (has('missing')) assert.deepEqual([...(await t.method('missing')(['a', 'b'], t.context))], ['a']);
      });
      test('of a row that is not there does nothing, whatever its key', async (t) => {
        const storable = oddKeys.filter((key) => holds(key) && key.length < 100);
        await t.write(...storable);
        for (const key of oddKeys.filter((one) => !storable.includes(one))) {
          await t.soon(t.method('remove')(key, t.context), 'remove');
        }
        for (const key of storable) assert.ok(await t.load(key), 'no other row was removed');
      });
    });
  }
}
