import assert from 'node:assert/strict';
import { oddKeys } from './keys.js';
import type { Suite } from './suite.js';
import type { Tester } from './tester.js';

/** What one who listens has been told. */
interface Heard {
  /** Keys that were named. */
  readonly keys: Set<string>;
  /** How often something was told without them. */
  readonly unnamed: () => number;
  readonly opened: () => number;
  /** Ends it; what came of it. */
  end(): Promise<void>;
  /** How it ended by itself. */
  readonly ended: Promise<unknown>;
}

async function listening(t: Tester): Promise<Heard> {
  const giving = new AbortController();
  const keys = new Set<string>();
  let unnamed = 0;
  let opened = 0;
  const ended = t
    .method('subscribe')({
      signal: giving.signal,
      onOpen: () => {
        opened++;
      },
      onChange: (told) => {
        if (told === undefined) unnamed++;
        for (const key of told ?? []) keys.add(key);
      },
      onGap: () => {
        unnamed++;
      },
    })
    .then(
      () => 'resolved',
      (error: unknown) => error,
    );
  await t.until('subscribe must say by onOpen when it listens', () => opened > 0);
  return {
    keys,
    unnamed: () => unnamed,
    opened: () => opened,
    ended,
    async end() {
      giving.abort(new Error('nobody listens any more'));
      assert.equal(await t.soon(ended, 'subscribe after its signal'), 'resolved');
    },
  };
}

/** What is told of other writers, at once. */
export function listeningTo({ describe, test, has, holds, without }: Suite): void {
  if (!has('subscribe')) return;
  describe('subscribe', () => {
    const hears = async (t: Tester, heard: Heard, key: string, write: () => Promise<void>): Promise<void> => {
      heard.keys.delete(key);
      const before = heard.unnamed();
      await write();
      await t.until(
        `what was written is told (${key.slice(0, 40)})`,
        () => heard.keys.has(key) || heard.unnamed() > before,
      );
    };
    test('tells what another client writes and deletes', async (t) => {
      const heard = await listening(t);
      await hears(t, heard, 'a', () => t.write('a'));
      await hears(t, heard, 'a', () => t.harness.write({ key: 'a', value: t.value(3) }));
      if (has('revoke')) await hears(t, heard, 'a', () => t.hand('revoke')('a'));
      await hears(t, heard, 'a', () => t.harness.erase('a'));
      await heard.end();
      await t.holdsNothing(without);
    });
    test('tells of any key', async (t) => {
      const heard = await listening(t);
      for (const key of oddKeys.filter(holds)) {
        await hears(t, heard, key, () => t.harness.write({ key, value: t.value(1) }));
      }
      await heard.end();
    });
    test('tells what a reader then finds: never before it was committed', async (t) => {
      const heard = await listening(t);
      for (let turn = 0; turn < 10; turn++) {
        await hears(t, heard, 'a', () => t.harness.write({ key: 'a', value: t.value(turn) }));
        assert.deepEqual(await t.livingValue('a'), t.value(turn));
      }
      await heard.end();
    });
    test('may be asked for several times, and ends when the signal fires, also before it has begun', async (t) => {
      const [one, other] = await Promise.all([listening(t), listening(t)]);
      await hears(t, one, 'a', () => t.write('a'));
      await t.until('the other hears it too', () => other.keys.has('a') || other.unnamed() > 0);
      await one.end();
      await hears(t, other, 'a', () => t.write('a'));
      await other.end();
      const early = AbortSignal.abort(new Error('too early'));
      const none = { signal: early, onOpen() {}, onChange() {}, onGap() {} };
      await t.soon(t.method('subscribe')(none), 'subscribe by a signal that has fired');
      await t.holdsNothing(without);
    });
    if (has('takeAway')) {
      test('after an outage tells again, or has rejected: nothing is missed in silence', async (t) => {
        await t.write('a');
        const heard = await listening(t);
        const before = heard.unnamed();
        let ended: unknown;
        void heard.ended.then((how) => {
          ended = how;
        });
        await t.hand('takeAway')();
        await t.hand('bringBack')();
        await t.write('a');
        await t.until(
          'what was written after an outage is told, or the subscription rejects',
          () => ended !== undefined || heard.keys.has('a') || heard.unnamed() > before,
        );
        assert.notEqual(ended, 'resolved', 'nobody gave it up: it must reject');
        if (ended === undefined) await heard.end();
        await t.until('the database is back', () =>
          t.load('a').then(
            () => true,
            () => false,
          ),
        );
        const again = await listening(t);
        await hears(t, again, 'a', () => t.write('a'));
        await again.end();
        await t.holdsNothing(without);
      });
    }
  });
}
