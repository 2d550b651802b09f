import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import type { Suite } from './suite.js';
import type { Tester } from './tester.js';

/** Every question that the source has, with the key of a row that is there. */
function questions(t: Tester, has: Suite['has'], signal: AbortSignal): [string, () => Promise<unknown>][] {
  const context = { signal };
  const first = async (given: AsyncIterable<unknown>): Promise<unknown> => {
    const iterator = given[Symbol.asyncIterator]();
    const { value } = await iterator.next();
    await iterator.return?.();
    return value;
  };
  const all: [Parameters<Suite['has']>[0] | 'load', () => Promise<unknown>][] = [
    ['load', async () => t.source.load('a', context)],
    ['loadMany', async () => t.method('loadMany')(['a'], context)],
    ['scan', () => first(t.method('scan')({ ...context, batch: 10 }))],
    ['changes', () => first(t.method('changes')(undefined, { ...context, batch: 10 }))],
    ['missing', async () => t.method('missing')(['a'], context)],
    ['save', async () => t.method('save')({ key: 'b', value: t.value(1) }, context)],
    ['remove', async () => t.method('remove')('a', context)],
    ['ping', async () => t.method('ping')(context)],
  ];
  return all.filter(([name]) => name === 'load' || has(name));
}

/** The database away, mute, or closed by its own side. */
export function outages({ describe, test, has, without }: Suite): void {
  if (has('ping')) {
    describe('ping', () => {
      test('resolves while the database is there', async (t) => {
        await t.soon(t.method('ping')(t.context), 'ping');
      });
    });
  }

  if (has('takeAway')) {
    describe('while the database is away', () => {
      test('every question rejects with what says so, in time; afterwards every one is answered', async (t) => {
        await t.write('a');
        for (let again = 0; again < 3; again++) {
          await t.hand('takeAway')();
          for (const [name, question] of questions(t, has, t.context.signal)) await t.isAway(question, name);
          await t.hand('bringBack')();
          // Of a connection that broke meanwhile somebody may be told late.
          await t.until('after an outage the source must answer again', () =>
            t.load('a').then(
              () => true,
              () => false,
            ),
          );
          for (const [name, question] of questions(t, has, t.context.signal)) await t.soon(question(), name);
          await t.write('a');
        }
        await t.holdsNothing(without);
      });
      test('very many at once are told so', async (t) => {
        await t.write('a');
        await t.load('a');
        await t.hand('takeAway')();
        await Promise.all(
          Array.from({ length: 100 }, () => t.isAway(() => t.source.load('a', t.context), 'load')),
        );
        await t.hand('bringBack')();
        await t.holdsNothing(without);
      });
      if (has('scan')) {
        test('a scan under way does not end as if it were complete', async (t) => {
          await t.write(...Array.from({ length: 40 }, (_, nth) => `k${nth}`));
          let seen = 0;
          await t.isAwayOr(
            async () => {
              for await (const { rows } of t.method('scan')({ ...t.context, batch: 10 })) {
                seen += rows.length;
                if (seen === 10) await t.hand('takeAway')();
              }
            },
            () => assert.equal(seen, 40, 'the scan ended as if it were complete'),
          );
          await t.hand('bringBack')();
          await t.holdsNothing(without);
        });
      }
    });
  }

  if (has('stall')) {
    describe('while the database does not answer', () => {
      test('a question rejects when its signal fires, at once, and nothing is held for it', async (t) => {
        await t.write('a');
        const on = await t.hand('stall')();
        for (const [name] of questions(t, has, t.context.signal)) {
          const giving = new AbortController();
          const reason = new Error('nobody waits any more');
          const asked = questions(t, has, giving.signal).find(
            ([other]) => other === name,
          )?.[1] as () => Promise<unknown>;
          // A ping may not touch what is locked.
          const outcome = t.soon(asked(), name).then(
            () => 'answered',
            (error: unknown) => error,
          );
          await new Promise((resolve) => setTimeout(resolve, 20));
          giving.abort(reason);
          const told = await outcome;
          if (told === 'answered') assert.equal(name, 'ping', `${name} answered while it could not`);
          else
            assert.ok(told === reason || (told as Error).name === 'AbortError', `${name}: ${String(told)}`);
        }
        await t.holdsNothing(without);
        await on();
        assert.ok(await t.load('a'));
      });
      test('a hundred that were given up leave it as it was', async (t) => {
        await t.write('a');
        const on = await t.hand('stall')();
        const giving = new AbortController();
        setMaxListeners(0, giving.signal);
        const asked = Array.from({ length: 100 }, () =>
          t.soon(t.source.load('a', { signal: giving.signal }), 'load').catch((error: unknown) => {
            if (error instanceof assert.AssertionError) throw error;
            return 'given up';
          }),
        );
        await new Promise((resolve) => setTimeout(resolve, 20));
        giving.abort(new Error('nobody waits any more'));
        assert.ok((await Promise.all(asked)).every((told) => told === 'given up'));
        await t.holdsNothing(without);
        await on();
        assert.ok(await t.load('a'));
      });
    });
  }

  describe('a signal that has fired already', () => {
    test('ends the question, or it is answered: it does not hang', async (t) => {
      await t.write('a');
      for (const [name, question] of questions(t, has, AbortSignal.abort(new Error('too late')))) {
        await t.soon(question(), name).catch((error: unknown) => {
          if (error instanceof assert.AssertionError) throw error;
        });
      }
      await t.holdsNothing(without);
    });
  });

  if (has('close')) {
    describe('close', () => {
      test('may be done at any time, twice, and at once', async (t) => {
        await t.soon(t.method('close')(), 'close of a source that was never asked');
        await t.write('a');
        const asked = t.source.load('a', t.context).catch(() => {});
        await t.soon(Promise.all([t.method('close')(), t.method('close')()]), 'close');
        await t.soon(asked, 'a question under way when the source was closed');
        await t.soon(t.method('close')(), 'close');
        await t.holdsNothing(without);
      });
      test('afterwards a question is answered, or rejects with what says "away": it does not hang', async (t) => {
        await t.write('a');
        await t.load('a');
        await t.method('close')();
        for (const [name, question] of questions(t, has, t.context.signal)) {
          await t.isAwayOr(question, () => {}, name);
        }
        await t.soon(t.method('close')(), 'close');
        await t.holdsNothing(without);
      });
    });
  }
}
