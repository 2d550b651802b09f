/** What the source tells by itself: other writers' work is seen at once, and what was not listened to is in doubt. */
import type { Row, ScriptedSource } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { SourceUnavailableError } from '../../src/errors.js';
import type { Source, SourceListener } from '../../src/sources/index.js';
import { gate, scene } from './build.js';

/** The scripted database, which tells what it is told to. */
function telling<V>(db: ScriptedSource<V>, more: Partial<Source<V>> = {}) {
  const asked: { readonly listener: SourceListener; readonly end: (error?: unknown) => void }[] = [];
  let opens = true;
  const source: Source<V> = {
    ...db,
    ...more,
    subscribe(listener) {
      return new Promise<void>((resolve, reject) => {
        asked.push({ listener, end: (error) => (error === undefined ? resolve() : reject(error)) });
        listener.signal.addEventListener('abort', () => resolve());
        if (opens) listener.onOpen();
      });
    },
  };
  return {
    source,
    asked,
    get now() {
      const last = asked.at(-1);
      if (last === undefined) throw new Error('Nobody listens.');
      return last;
    },
    mute: () => {
      opens = false;
    },
  };
}

const away = (): Error => new SourceUnavailableError('The connection was lost.');

describe('a key that another client wrote', () => {
  it(
    'is read again at once: updated, inserted, deleted; no pass and no sweep is waited for',
    scene({ rows: { a: 'A', b: 'B' } }, async ({ w, db, boot, asked }) => {
      const db2 = telling(db);
      const { cache } = await boot({ source: db2.source });
      await cache.warmed();
      db.write('a', 'A2');
      db.write('c', 'C');
      db.erase('b');
      db2.now.listener.onChange(['a', 'b', 'c']);
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'not-loaded' });
      await w.settle();
      expect(cache.get('a')).toBe('A2');
      expect(cache.get('c')).toBe('C');
      expect(cache.lookup('b')).toMatchObject({ status: 'absent', because: 'source' });
      expect(asked('scan')).toBe(1);
      expect(asked('missing')).toBe(0);
    }),
  );

  it(
    'is not brought back by a load that read it before',
    scene({ rows: { a: 'old' }, latency: 100 }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const { cache } = await boot({ source: db2.source });
      await cache.warmed();
      cache.invalidate('a');
      const reading = cache.read('a');
      await w.advance(50);
      db.write('a', 'new');
      db2.now.listener.onChange(['a']);
      await w.advance(60);
      expect(cache.get('a')).not.toBe('old');
      await w.advance(200);
      expect(cache.get('a')).toBe('new');
      expect(await reading).toMatchObject({ value: 'new' });
    }),
  );

  it(
    'is forgotten, and not loaded, over a source without passes',
    scene({ rows: { a: 'A' }, has: ['ping'] }, async ({ w, db, boot, asked }) => {
      const db2 = telling(db);
      const { cache } = await boot({ source: db2.source });
      await cache.fetch('a');
      db2.now.listener.onChange(['a', 'never asked for']);
      await w.settle();
      expect(cache.lookup('a').status).toBe('unknown');
      expect(asked('load')).toBe(1);
      expect(cache.stats()).toMatchObject({ size: 0, tombstones: 1 });
    }),
  );

  it(
    'is asked for with the key itself where keys are secret, and told by its digest',
    scene({ rows: { token: 'A' }, options: { secretKeys: true } }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const one = await boot({ source: db2.source });
      await one.cache.warmed();
      db.write('token', 'A2');
      db2.now.listener.onChange(['token']);
      await w.settle();
      expect(one.cache.get('token')).toBe('A2');
      expect(JSON.stringify(one.told('invalidated'))).not.toContain('token');
    }),
  );

  it(
    'that was revoked here stays absent, also when our own write comes back as a notice and the database is gone by then',
    scene({ rows: { a: 'A' } }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const { cache } = await boot({ source: db2.source });
      await cache.warmed();
      await cache.remove('a');
      db.become({ mode: 'unreachable' });
      db2.now.listener.onChange(['a']);
      await w.settle();
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'removed' });
    }),
  );

  it(
    'and cannot be read again now is for the next pass',
    scene({ rows: { a: 'A' } }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const { cache } = await boot({ source: db2.source });
      await cache.warmed();
      db.write('a', 'A2');
      db.become({ mode: 'unreachable' });
      db2.now.listener.onChange(['a']);
      await w.settle();
      expect(cache.lookup('a').status).toBe('unknown');
      db.become({ mode: 'up' });
      await w.advance('31s');
      expect(cache.get('a')).toBe('A2');
    }),
  );

  it(
    'among very many puts all in doubt, and is read by a pass',
    scene({ rows: { a: 'A' } }, async ({ w, db, boot, asked }) => {
      const db2 = telling(db);
      const { cache } = await boot({ source: db2.source });
      await cache.warmed();
      await w.advance(1);
      db.write('a', 'A2');
      db2.now.listener.onChange(Array.from({ length: 10_001 }, (_, nth) => `k${nth}`));
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'suspect' });
      await w.settle();
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A2' });
      expect(asked('scan')).toBe(2);
    }),
  );
});

describe('something was written, and nobody says what', () => {
  it(
    'the feed of changes is read at once, and not at the next sweep',
    scene({ rows: { a: 'A' } }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const { cache } = await boot({ source: db2.source });
      await cache.warmed();
      db.write('a', 'A2');
      for (let again = 0; again < 50; again++) db2.now.listener.onChange();
      expect(cache.lookup('a').status).toBe('fresh');
      await w.settle();
      expect(cache.get('a')).toBe('A2');
      expect(cache.stats().sweeps).toBeLessThanOrEqual(2);
    }),
  );

  it(
    'without a feed a pass is made, and no more of them than sweeps',
    scene({ rows: { a: 'A' }, has: ['scan'] }, async ({ w, db, boot, asked }) => {
      const db2 = telling(db);
      const { cache } = await boot({ source: db2.source });
      await cache.warmed();
      db.write('a', 'A2');
      for (let second = 0; second < 60; second++) {
        db2.now.listener.onChange();
        await w.advance('1s');
      }
      expect(cache.get('a')).toBe('A2');
      expect(asked('scan')).toBe(1 + 3);
    }),
  );
});

describe('a lost subscription', () => {
  it(
    'puts all that is held in doubt at once; it is listened to again, and a pass confirms what stands',
    scene({ rows: { a: 'A', b: 'B' } }, async ({ w, db, boot, asked }) => {
      const db2 = telling(db);
      const { cache, told, incarnations } = await boot({ source: db2.source });
      await cache.warmed();
      await w.advance(1);
      db2.now.end(away());
      await w.settle();
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'suspect' });
      db.write('b', 'B2');
      await w.advance('30s');
      expect(db2.asked).toHaveLength(2);
      expect(db2.asked[0]?.listener.signal.aborted).toBe(true);
      expect(cache.lookup('a').status).toBe('fresh');
      expect(cache.lookup('b')).toMatchObject({ status: 'fresh', value: 'B2' });
      expect(asked('scan')).toBe(2);
      expect(told('listener.lost')).toMatchObject([{ unavailable: true, attempt: 1 }]);
      expect(told('listener.open')).toMatchObject([{ again: false }, { again: true }]);
      expect(incarnations('listener')).toBe(1);
    }),
  );

  it(
    'what is loaded while nobody listens is in doubt when somebody does again',
    scene({ rows: { a: 'A' }, has: ['ping'] }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const { cache } = await boot({ source: db2.source });
      db2.mute();
      db2.now.end(away());
      await w.advance('1s');
      await cache.fetch('a');
      expect(cache.lookup('a').status).toBe('fresh');
      await w.advance('1s');
      db2.now.listener.onOpen();
      expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'suspect' });
      expect(await cache.read('a')).toMatchObject({ status: 'fresh' });
    }),
  );

  it(
    'a pass that was under way then confirms nothing: another one does',
    scene({ rows: { a: 'A', b: 'B' }, latency: 1_000 }, async ({ w, db, boot, asked }) => {
      const db2 = telling(db);
      const { cache } = await boot({ source: db2.source, warm: { batch: 1, backoff: { jitter: false } } });
      await w.advance('1500ms');
      db.write('a', 'A2');
      db2.now.listener.onGap();
      await w.advance('1s');
      expect(cache.lookup('b')).toMatchObject({ status: 'stale', because: 'suspect' });
      await w.advance('10s');
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A2' });
      expect(cache.lookup('b').status).toBe('fresh');
      expect(asked('scan')).toBe(2);
    }),
  );

  it(
    'is not asked for while the source is away: the warmer owns the clock of an outage',
    scene({ rows: { a: 'A' } }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const { cache } = await boot({ source: db2.source });
      await cache.warmed();
      db.become({ mode: 'unreachable' });
      await cache.read('x');
      db2.now.end(away());
      await w.advance('10m');
      expect(db2.asked).toHaveLength(1);
      db.become({ mode: 'up' });
      await w.advance('31s');
      expect(db2.asked).toHaveLength(2);
      expect(cache.lookup('a').status).toBe('fresh');
    }),
  );

  it(
    'that never begins is given up and tried again, and holds up the first pass no longer than a load may take',
    scene({ rows: { a: 'A' } }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      db2.mute();
      const { cache, told } = await boot({ source: db2.source });
      await w.advance('1900ms');
      expect(cache.state.data).toBe('cold');
      await w.advance('200ms');
      expect(cache.state.data).toBe('complete');
      await w.advance('20s');
      expect(told('listener.lost')).toMatchObject([{ unavailable: false }]);
      expect(db2.asked[0]?.listener.signal.aborted).toBe(true);
      expect(db2.asked.length).toBeGreaterThan(1);
    }),
  );

  it.each<[string, Source<string>['subscribe']]>([
    [
      'throws',
      () => {
        throw new Error('not now');
      },
    ],
    [
      'throws nothing',
      () => {
        throw undefined;
      },
    ],
    ['rejects with anything', () => Promise.reject(Symbol('no'))],
    ['gives no promise', (() => 7) as never],
    ['resolves though nobody gave it up', async ({ onOpen }) => onOpen()],
    [
      'tells nonsense',
      async ({ onOpen, onChange }) => {
        onOpen();
        onChange('a' as never);
        await new Promise(() => {});
      },
    ],
    [
      'tells keys that are none',
      async ({ onOpen, onChange }) => {
        onOpen();
        onChange([7, null, undefined] as never);
      },
    ],
  ])('%s: it is tried again with a backoff, and no actor crashes', (_, subscribe) =>
    scene({ rows: { a: 'A' } }, async ({ w, db, boot }) => {
      const { cache, incarnations, told } = await boot({ source: { ...db, subscribe: subscribe! } });
      await w.advance('5m');
      expect(told('listener.lost').length).toBeGreaterThan(5);
      expect(told('listener.lost').length).toBeLessThan(40);
      expect(incarnations('listener')).toBe(1);
      expect(cache.get('a')).toBe('A');
    })(),
  );
});

describe('a listener that is started anew in an outage', () => {
  it(
    'does not ask: the warmer owns the clock of an outage',
    scene({ rows: { a: 'A' } }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const { cache, crash, incarnations } = await boot({ source: db2.source });
      await cache.warmed();
      db.become({ mode: 'unreachable' });
      await cache.read('x');
      crash('listener');
      await w.advance('1m');
      expect(incarnations('listener')).toBe(2);
      expect(db2.asked).toHaveLength(1);
      db.become({ mode: 'up' });
      await w.advance('31s');
      expect(db2.asked).toHaveLength(2);
      expect(cache.health().listener).toMatchObject({ subscribed: true });
    }),
  );
});

describe('health().listener', () => {
  it(
    'says whether it tells, since when it does, since when it does not, and why not',
    scene({ rows: { a: 'A' } }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const one = await boot({ source: db2.source });
      const { cache } = one;
      await cache.warmed();
      const since = Date.now();
      expect(cache.health()).toMatchObject({ degraded: false, listener: { subscribed: true, since } });
      await w.advance('1h');
      const lostSince = Date.now();
      db2.mute();
      db2.now.end(away());
      await w.settle();
      const lost = { subscribed: false, lostSince, error: 'The connection was lost.' };
      expect(cache.health()).toMatchObject({ degraded: true });
      expect(cache.health().listener).toEqual(lost);
      await w.advance('1m');
      expect(cache.health().listener).toEqual({
        ...lost,
        error: 'The source did not begin to tell in time.',
      });
      const again = Date.now();
      db2.now.listener.onOpen();
      await w.settle();
      expect(cache.health()).toMatchObject({ degraded: false });
      expect(cache.health().listener).toEqual({ subscribed: true, since: again });
    }),
  );

  it(
    'is lost with the listener itself, and is not there where nothing is told',
    scene({ rows: { a: 'A' } }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const one = await boot({ source: db2.source });
      await one.cache.warmed();
      db2.mute();
      one.crash('listener');
      await w.settle();
      expect(one.cache.health().listener).toEqual({ subscribed: false, lostSince: Date.now() });
      await one.stop();
      const plain = await boot();
      expect(plain.cache.health()).not.toHaveProperty('listener');
    }),
  );

  it(
    'of one that has never told has no time',
    scene({ rows: { a: 'A' } }, async ({ w, db, boot }) => {
      const { cache } = await boot({ source: { ...db, subscribe: () => Promise.reject(new Error('No.')) } });
      expect(cache.health().listener).toMatchObject({ subscribed: false });
      await w.advance('1m');
      expect(cache.health()).toMatchObject({ degraded: true, listener: { subscribed: false, error: 'No.' } });
      expect(cache.health().listener).not.toHaveProperty('lostSince');
    }),
  );
});

describe('the listener crashes', () => {
  it(
    'the subscription ends, another begins, and what may have been missed is read again',
    scene({ rows: { a: 'A' }, latency: 50 }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const one = await boot({ source: db2.source });
      await one.cache.warmed();
      db.write('a', 'A2');
      db2.now.listener.onChange(['a']);
      await w.advance(10);
      one.crash('listener');
      await w.advance('1s');
      expect(db2.asked).toHaveLength(2);
      expect(db2.asked[0]?.listener.signal.aborted).toBe(true);
      expect(one.incarnations('listener')).toBe(2);
      expect(one.cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A2' });
    }),
  );

  it(
    'what the dead subscription still tells is heard by nobody',
    scene({ rows: { a: 'A' } }, async ({ w, db, boot }) => {
      const db2 = telling(db);
      const one = await boot({ source: db2.source });
      await one.cache.warmed();
      one.crash('listener');
      await w.advance('1s');
      db2.asked[0]?.listener.onChange(['a']);
      db2.asked[0]?.listener.onGap();
      expect(one.cache.lookup('a').status).toBe('fresh');
    }),
  );
});

describe('a scan of one snapshot', () => {
  /** All rows as they are when the scan begins, one a batch, the next when it is told to. */
  const snapshots = (db: ScriptedSource<string>, next: () => Promise<void>): Partial<Source<string>> => ({
    async *scan() {
      const rows: Row<string>[] = [...db.rows.values()].map(({ key, value }) => ({
        key,
        value: value as string,
      }));
      for (const row of rows) {
        yield { rows: [row], snapshot: true };
        await next();
      }
    },
  });

  it.each(['remove', 'revoke', 'invalidate', 'put', 'save'] as const)(
    'does not bring back what was there when it began: %s between its batches',
    (how) =>
      scene({ rows: { a: 'A', b: 'B', c: 'old' } }, async ({ w, db, boot }) => {
        // The second batch is asked for by now, the third is not.
        const step = gate();
        const { cache } = await boot({ source: { ...db, ...snapshots(db, () => step.promise) } });
        await w.settle();
        expect(cache.get('a')).toBe('A');
        if (how === 'put') cache.put('c', 'new');
        else if (how === 'save') await cache.save('c', 'new');
        else if (how === 'remove') await cache.remove('c');
        else cache[how]('c');
        step.open();
        await cache.warmed();
        expect(cache.get('c')).toBe(how === 'put' || how === 'save' ? 'new' : undefined);
      })(),
  );
});
