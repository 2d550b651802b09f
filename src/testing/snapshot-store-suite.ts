import assert from 'node:assert/strict';
import { SnapshotError } from '../errors.js';
import type {
  OutboxOrder,
  SnapshotAppend,
  SnapshotEntry,
  SnapshotOpening,
  SnapshotPage,
  SnapshotStore,
  SnapshotTombstone,
} from '../snapshot/store.js';
import { seededRandom } from './random.js';
import { SnapshotStoreModel, sorted } from './snapshot-store-model.js';

/** One place where snapshots are kept, empty at first. */
export interface SnapshotPlace {
  /** A store over this place, not open yet. Asked for again after the last one was closed: a reboot. */
  store(): SnapshotStore;
  /** Takes the place away. Every store of it was closed. */
  dispose?(): Promise<void>;
}

export interface SnapshotStoreSuiteOptions {
  /** Of your test runner. */
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
  make(): Promise<SnapshotPlace>;
}

const never = new AbortController().signal;

/**
 * What every snapshot store must do, as tests. Any that passes can stand behind a cache. What needs a disk (two processes, a
 * kill, a flipped bit) is not among them.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest';
 * snapshotStoreSuite({ describe, it, make: async () => ({ store: () => redisSnapshotStore(client) }) });
 * ```
 */
export function snapshotStoreSuite({ describe, it, make }: SnapshotStoreSuiteOptions): void {
  const test = (name: string, body: (place: Tester) => Promise<void>): unknown =>
    it(name, async () => {
      const place = await make();
      const tester = new Tester(place);
      try {
        await body(tester);
      } finally {
        await tester.close();
        await place.dispose?.();
      }
    });

  describe('opening', () => {
    test('an empty store says so', async (t) => {
      assert.deepEqual(await t.boot(), emptyOpening);
      assert.deepEqual(await t.contents(), []);
    });
    test('a boot finds what was written before it', async (t) => {
      await t.boot();
      await t.append({ entries: [entry('a', 1)], writtenAt: 100, cursor: 'c1', full: 'both' });
      await t.append({ entries: [entry('b', 2)], tombstones: [tombstone('c', 3)], writtenAt: 200 });
      await t.journal([tombstone('a', 4)]);
      const opening = await t.boot();
      assert.deepEqual(
        { ...opening, entries: 0 },
        { seq: 4, writtenAt: 200, cursor: 'c1', complete: true, entries: 0 },
      );
      assert.deepEqual(await t.contents(), [tombstone('a', 4), entry('b', 2), tombstone('c', 3)]);
    });
    test('every number that was seen counts for the highest, also of what is no longer there', async (t) => {
      await t.boot();
      await t.append({ gone: [{ key: 'a', seq: 11 }] });
      assert.equal((await t.boot()).seq, 11);
      await t.append({ lifted: [{ key: 'a', seq: 12 }] });
      assert.equal((await t.boot()).seq, 12);
      await t.append({ entries: [{ ...entry('a', 13), value: () => 'no data' }] });
      assert.equal((await t.boot()).seq, 13);
    });
    test("another cache's records are set aside, and that is reported", async (t) => {
      await t.boot('sessions');
      await t.append({ entries: [entry('a', 5)], full: 'both' });
      const { aside, ...opening } = await t.boot('users');
      assert.deepEqual(opening, emptyOpening);
      assert.match(aside?.because ?? '', /sessions/);
      assert.deepEqual(await t.contents(), []);
      assert.equal((await t.boot('users')).aside, undefined);
    });
    test('an aborted opening rejects with the reason, and the next one works', async (t) => {
      const reason = new Error('the actor died');
      await assert.rejects(t.open('sessions', AbortSignal.abort(reason)), (error) => error === reason);
      assert.deepEqual(await t.boot(), emptyOpening);
    });
    test('opening an open store begins anew', async (t) => {
      await t.boot();
      const store = t.current;
      await t.append({ entries: [entry('a', 1)], full: 'both' });
      assert.equal((await store.open({ cache: 'sessions', signal: never })).seq, 1);
      assert.deepEqual(await t.contents(), [entry('a', 1)]);
    });
  });

  describe('closing', () => {
    test('is idempotent, and nothing is done before an opening or after it', async (t) => {
      await t.boot();
      const store = t.current;
      await store.close();
      await store.close();
      for (const call of [
        () => store.append(page({})),
        () => store.journal([tombstone('a', 1)]),
        () => store.enqueue([order('a')]),
        () => store.waiting(),
        () => store.acknowledge([1]),
        () => store.compact(),
        () => collected(store.restore({ signal: never })),
      ]) {
        await assert.rejects(call, (error) => error instanceof SnapshotError);
      }
    });
    test('lets finish what was accepted', async (t) => {
      await t.boot();
      const appended = t.append({ entries: [entry('a', 1)] });
      const journaled = t.journal([tombstone('b', 2)]);
      await t.current.close();
      await Promise.all([appended, journaled]);
      await t.boot();
      assert.deepEqual(await t.contents(), [entry('a', 1), tombstone('b', 2)]);
    });
  });

  describe('records', () => {
    test('come back with all that they carry', async (t) => {
      await t.boot();
      const whole: SnapshotEntry = {
        ...entry('whole', 2 ** 52),
        confirmedAt: 1_700_000_000_000.5,
        expiresAt: 1_800_000_000_000,
        version: 7.25,
        ttl: 60_000,
        staleFor: Number.POSITIVE_INFINITY,
        sliding: false,
        tags: ['a', '', '\ud800'],
      };
      const late: SnapshotEntry = { ...entry('late', 3), staleFor: 5 };
      const dead: SnapshotTombstone = { key: 'dead', kind: 'invalidated', seq: 9, at: 1.5 };
      await t.append({ entries: [whole, late], tombstones: [dead] });
      assert.deepEqual(await t.contents(), [dead, late, whole]);
      await t.boot();
      assert.deepEqual(await t.contents(), [dead, late, whole]);
    });
    test('have any value that can be cloned, falsy ones too', async (t) => {
      await t.boot();
      const values: Record<string, unknown> = {
        undefined: undefined,
        null: null,
        false: false,
        zero: 0,
        minusZero: -0,
        nan: Number.NaN,
        empty: '',
        bigint: 2n ** 70n,
        date: new Date(12),
        map: new Map([['a', new Set([1])]]),
        regexp: /x/gi,
        error: new RangeError('r'),
        bytes: new Uint8Array([1, 2, 3, 0x5c]),
        words: new Float64Array([1.5, -1]),
        lone: 'a\udfffb',
        array: new Array(3),
        proto: JSON.parse('{"__proto__": {"polluted": true}}'),
      };
      const entries = Object.entries(values).map(([key, value], nth) => ({ ...entry(key, nth + 1), value }));
      await t.append({ entries });
      await t.boot();
      for (const { key, value } of (await t.contents()) as SnapshotEntry[]) {
        assert.deepEqual(value, values[key], key);
      }
      const bytes = (await t.contents()).find(({ key }) => key === 'bytes') as SnapshotEntry;
      const { buffer } = bytes.value as Uint8Array;
      assert.ok(buffer.byteLength < 100, 'a view must not keep other records alive');
    });
    test('have any key', async (t) => {
      await t.boot();
      const keys = [
        '',
        '__proto__',
        'constructor',
        'toString',
        ' ',
        '\0',
        'a\0b',
        'ü',
        '😀',
        "'; DROP TABLE x;--",
      ];
      const surrogates = ['\ud800', '\udfff', '\udc00\ud800', 'a\ud800', '\ufffd', '\ufeffa', '\uffff'];
      const all = [...keys, ...surrogates, 'k'.repeat(2 ** 20), `${'k'.repeat(2 ** 20)}!`];
      const entries = all.map((key, nth) => ({ ...entry(key, nth + 1), value: nth }));
      await t.append({ entries });
      await t.boot();
      assert.deepEqual(await t.contents(), sorted(entries));
      const tombstones = all.map((key, nth) => tombstone(key, nth + 100));
      await t.journal(tombstones);
      assert.deepEqual(await t.contents(), sorted(tombstones));
    });
    test('may be as large as 32 MiB', async (t) => {
      await t.boot();
      const value = new Uint8Array(32 * 2 ** 20);
      for (let at = 0; at < value.length; at += 4093) value[at] = at % 251;
      await t.append({ entries: [entry('small', 1), { ...entry('large', 2), value }], full: 'both' });
      await t.boot();
      const [large, small] = (await t.contents()) as SnapshotEntry[];
      assert.deepEqual(small, entry('small', 1));
      assert.ok(Buffer.from(large?.value as Uint8Array).equals(value));
    });
    test('whose value cannot be cloned are skipped, with what was held of them', async (t) => {
      await t.boot();
      await t.append({
        entries: [entry('a', 1), entry('b', 2), entry('d', 9)],
        tombstones: [tombstone('c', 3)],
      });
      const unlucky = { a: () => 1, c: Symbol('s'), d: () => 1 };
      const throwing = {
        get secret() {
          throw new TypeError('not now');
        },
      };
      const { skipped } = await t.append({
        entries: [
          { ...entry('a', 4), value: unlucky },
          { ...entry('c', 5), value: throwing },
          { ...entry('d', 6), value: unlucky.d },
          entry('e', 7),
        ],
      });
      assert.deepEqual(
        skipped.map(({ key }) => key),
        ['a', 'c', 'd'],
      );
      assert.ok(skipped.every(({ error }) => error instanceof Error));
      assert.deepEqual(await t.contents(), [entry('b', 2), entry('d', 9), entry('e', 7)]);
    });
    test('are what they were when they were given', async (t) => {
      await t.boot();
      const value = { user: 'ann' };
      await t.append({ entries: [{ ...entry('a', 1), value }] });
      value.user = 'bob';
      const [held] = (await t.contents()) as SnapshotEntry[];
      (held?.value as { user: string }).user = 'eve';
      assert.deepEqual(((await t.contents()) as SnapshotEntry[])[0]?.value, { user: 'ann' });
    });
  });

  describe('the higher seq holds', () => {
    test('a page that was gathered before a journal and written after it brings nothing back', async (t) => {
      await t.boot();
      await t.journal([tombstone('a', 8)]);
      await t.append({ entries: [entry('a', 7), entry('b', 6)] });
      assert.deepEqual(await t.contents(), [tombstone('a', 8), entry('b', 6)]);
      await t.append({ entries: [entry('a', 9)] });
      assert.deepEqual(await t.contents(), [entry('a', 9), entry('b', 6)]);
      await t.journal([tombstone('a', 8)]);
      assert.deepEqual(await t.contents(), [entry('a', 9), entry('b', 6)]);
    });
    test('within one page the order does not matter', async (t) => {
      await t.boot();
      await t.append({
        entries: [entry('a', 5), entry('a', 4), entry('b', 1), entry('c', 9), entry('d', 2)],
        tombstones: [tombstone('b', 2), tombstone('c', 8), tombstone('e', 3)],
        gone: [{ key: 'd', seq: 3 }],
        lifted: [{ key: 'e', seq: 3 }],
      });
      assert.deepEqual(await t.contents(), [entry('a', 5), tombstone('b', 2), entry('c', 9)]);
    });
    test('gone drops no tombstone, lifted no entry, and neither what is newer', async (t) => {
      await t.boot();
      await t.append({
        entries: [entry('a', 5), entry('b', 5)],
        tombstones: [tombstone('c', 5), tombstone('d', 5)],
      });
      const all = ['a', 'b', 'c', 'd'];
      await t.append({
        gone: all.map((key) => ({ key, seq: 4 })),
        lifted: all.map((key) => ({ key, seq: 4 })),
      });
      assert.equal((await t.contents()).length, 4);
      await t.append({
        gone: ['a', 'c'].map((key) => ({ key, seq: 5 })),
        lifted: ['b', 'd'].map((key) => ({ key, seq: 5 })),
      });
      assert.deepEqual(await t.contents(), [entry('b', 5), tombstone('c', 5)]);
    });
    test('of two with the same number the one that forgets more, and a record written again is renewed', async (t) => {
      await t.boot();
      await t.journal([tombstone('a', 5, 'revoked'), tombstone('b', 5)]);
      await t.append({ entries: [entry('a', 5), { ...entry('c', 5), confirmedAt: 1 }] });
      await t.journal([tombstone('a', 5), tombstone('b', 5, 'revoked')]);
      await t.append({ entries: [{ ...entry('c', 5), confirmedAt: 2 }] });
      assert.deepEqual(await t.contents(), [
        tombstone('a', 5, 'revoked'),
        tombstone('b', 5, 'revoked'),
        { ...entry('c', 5), confirmedAt: 2 },
      ]);
    });
    test('whatever comes in whatever order, as the model says', async (t) => {
      for (let seed = 1; seed <= 5; seed += 1) {
        await t.boot(`random-${seed}`);
        await randomWrites(t, seed, `random-${seed}`);
      }
    });
  });

  describe('a page', () => {
    test('is written whole or not at all', async (t) => {
      await t.boot();
      await t.append({ entries: [entry('a', 1)], writtenAt: 100 });
      const refused = t.append({
        entries: [entry('a', 2), entry('b', 3)],
        tombstones: [tombstone('c', 4)],
        cursor: 'never',
        writtenAt: 200,
        full: 'end',
      });
      await assert.rejects(refused, (error) => error instanceof SnapshotError);
      const opening = await t.boot();
      assert.deepEqual([opening.seq, opening.writtenAt, opening.cursor], [1, 100, undefined]);
      assert.deepEqual(await t.contents(), [entry('a', 1)]);
    });
    test('is written in the order of the calls', async (t) => {
      await t.boot();
      // Too many to be taken in within one stretch, so that the second page could overtake the first.
      const many = Array.from({ length: 3000 }, (_, nth) => ({
        ...entry(`k${nth}`, nth + 1),
        value: Array.from({ length: 100 }, (_, at) => `${at}`),
      }));
      await Promise.all([
        t.append({ entries: many, writtenAt: 100 }),
        t.append({ gone: many.map(({ key }) => ({ key, seq: 5000 })), writtenAt: 200 }),
      ]);
      assert.deepEqual(await t.contents(), []);
      assert.equal((await t.boot()).writtenAt, 200);
    });
    test('that waits is overtaken by a journal', async (t) => {
      await t.boot();
      const done: string[] = [];
      const pages = Array.from({ length: 20 }, async (_, nth) => {
        const entries = Array.from({ length: 200 }, (_, at) => entry(`${nth}-${at}`, nth * 200 + at + 1));
        await t.append({ entries });
        done.push('page');
      });
      await t.journal([tombstone('0-0', 9999)]);
      done.push('journal');
      await Promise.all(pages);
      assert.ok(
        done.indexOf('journal') < 19,
        `the journal came after ${done.indexOf('journal')} pages of 20`,
      );
    });
  });

  describe('a full writing', () => {
    const held = [entry('a', 1), entry('b', 2)];

    test('drops at its end what was not written again', async (t) => {
      await t.boot();
      await t.append({ entries: held, tombstones: [tombstone('t', 3), tombstone('u', 4)], full: 'both' });
      await t.append({ entries: [entry('b', 2)], full: 'begin', asOf: 3 });
      assert.equal((await t.contents()).length, 4, 'nothing is dropped before the end');
      await t.append({ entries: [entry('c', 5)], full: 'end' });
      const after = [entry('b', 2), entry('c', 5), tombstone('u', 4)];
      assert.deepEqual(await t.contents(), after);
      const opening = await t.boot();
      assert.equal(opening.complete, true);
      assert.deepEqual(await t.contents(), after);
    });
    test('that did not reach its end dropped nothing, and the next boot knows', async (t) => {
      await t.boot();
      await t.append({ entries: held, full: 'both' });
      await t.append({ entries: [entry('b', 3)], full: 'begin' });
      const opening = await t.boot();
      assert.equal(opening.complete, false);
      assert.deepEqual(await t.contents(), [entry('a', 1), entry('b', 3)]);
      await assert.rejects(t.append({ full: 'end' }), (error) => error instanceof SnapshotError);
      await t.append({ entries: [entry('b', 3)], full: 'both' });
      assert.deepEqual(await t.contents(), [entry('b', 3)]);
      assert.equal((await t.boot()).complete, true);
    });
    test('never drops a tombstone that was journaled while it was gathered', async (t) => {
      await t.boot();
      await t.append({ entries: held, full: 'both' });
      // The table stood at 5 when the gathering began; the journal was quicker than the first page.
      await t.journal([tombstone('a', 6)]);
      await t.append({ entries: [entry('b', 2), entry('a', 1)], full: 'begin', asOf: 5 });
      await t.journal([tombstone('b', 7)]);
      await t.append({ full: 'end' });
      assert.deepEqual(await t.contents(), [tombstone('a', 6), tombstone('b', 7)]);
    });
    test('of many records leaves none of the old ones behind', async (t) => {
      await t.boot();
      const many = Array.from({ length: 5000 }, (_, nth) => entry(`k${nth}`, nth + 1));
      await t.append({ entries: many, full: 'both' });
      await t.append({ entries: [entry('new', 9000)], full: 'both' });
      assert.deepEqual(await t.contents(), [entry('new', 9000)]);
      await t.append({ entries: [entry('k7', 8)] });
      assert.deepEqual(await t.contents(), [entry('k7', 8), entry('new', 9000)]);
      await t.current.compact();
      assert.deepEqual(await t.contents(), [entry('k7', 8), entry('new', 9000)]);
      await t.boot();
      assert.deepEqual(await t.contents(), [entry('k7', 8), entry('new', 9000)]);
    });
    test('may begin anew before it ended', async (t) => {
      await t.boot();
      await t.append({ entries: held, full: 'begin' });
      await t.append({ entries: [entry('b', 2)], full: 'begin' });
      await t.append({ full: 'end' });
      assert.deepEqual(await t.contents(), [entry('b', 2)]);
    });
  });

  describe('the outbox', () => {
    test('gives back what it was given, in that order, across boots', async (t) => {
      await t.boot();
      const orders: OutboxOrder[] = [
        order('b'),
        order('a', { at: 1_800_000_000_000.5 }),
        touch('a', 1_800_000_000_000.5),
        order('b'),
        ...['', '__proto__', '\0', '\ud800', '\udc00\ud800', 'ü', 'k'.repeat(2 ** 20)].map((key) =>
          order(key),
        ),
      ];
      const [first, rest] = [orders.slice(0, 2), orders.slice(2)];
      const ids = await Promise.all([t.current.enqueue(first), t.current.enqueue(rest)]);
      for (let boots = 0; boots < 2; boots += 1) {
        const waiting = await t.current.waiting();
        assert.deepEqual(
          waiting.map(({ id: _, ...given }) => given),
          orders,
        );
        assert.deepEqual(
          waiting.map(({ id }) => id),
          ids.flat(),
        );
        assert.deepEqual(
          ids.flat(),
          [...new Set(ids.flat())].sort((a, b) => a - b),
        );
        await t.boot();
      }
    });
    test('gives so many at a time, from where it is told', async (t) => {
      await t.boot();
      const orders = Array.from({ length: 2500 }, (_, nth) => order(`k${nth}`));
      const ids = await t.current.enqueue(orders);
      const keys: string[] = [];
      for (let after = 0; ; ) {
        const some = await t.current.waiting({ after });
        if (some.length === 0) break;
        assert.ok(some.length <= 1000);
        keys.push(...some.map(({ key }) => key));
        after = some.at(-1)?.id ?? 0;
      }
      assert.deepEqual(
        keys,
        orders.map(({ key }) => key),
      );
      const two = await t.current.waiting({ after: ids[4] as number, most: 2 });
      assert.deepEqual(
        two.map(({ key }) => key),
        ['k5', 'k6'],
      );
    });
    test('loses what is acknowledged, nothing else, and for good', async (t) => {
      await t.boot();
      const ids = await t.current.enqueue([order('a'), order('b'), order('c')]);
      await t.current.acknowledge([ids[1] as number, 999_999]);
      await t.current.acknowledge([ids[1] as number]);
      await t.boot();
      const keys = async () => (await t.current.waiting()).map(({ key }) => key);
      assert.deepEqual(await keys(), ['a', 'c']);
      await t.current.acknowledge(ids);
      assert.deepEqual(await keys(), []);
    });
    test('never gives a number twice, though the one who had it has gone', async (t) => {
      await t.boot();
      const ids = await t.current.enqueue([order('a'), order('b')]);
      await t.current.acknowledge(ids);
      await t.boot();
      const [next] = await t.current.enqueue([order('c')]);
      assert.ok((next as number) > Math.max(...ids));
    });
    test('is nobody else’s: full writings, removals and compactions leave it, and it leaves the records', async (t) => {
      await t.boot();
      await t.append({ entries: [entry('a', 1), entry('b', 2)], full: 'both' });
      await t.current.enqueue([order('a')]);
      await t.append({ gone: [{ key: 'a', seq: 9 }], lifted: [{ key: 'a', seq: 9 }] });
      await t.append({ entries: [entry('b', 10)], full: 'both', asOf: 10 });
      await t.current.compact();
      assert.deepEqual(await t.contents(), [entry('b', 10)]);
      assert.equal((await t.boot()).seq, 10);
      assert.deepEqual(
        (await t.current.waiting()).map(({ key }) => key),
        ['a'],
      );
    });
    test("another cache's is set aside with the rest", async (t) => {
      await t.boot('sessions');
      await t.current.enqueue([order('a')]);
      assert.match((await t.boot('users')).aside?.because ?? '', /sessions/);
      assert.deepEqual(await t.current.waiting(), []);
    });
    test('is written before the pages that wait, and finished by a close', async (t) => {
      await t.boot();
      const done: string[] = [];
      const pages = Array.from({ length: 20 }, async (_, nth) => {
        const entries = Array.from({ length: 200 }, (_, at) => entry(`${nth}-${at}`, nth * 200 + at + 1));
        await t.append({ entries });
        done.push('page');
      });
      await t.current.enqueue([order('a')]);
      done.push('order');
      assert.ok(done.indexOf('order') < 19, `the order came after ${done.indexOf('order')} pages of 20`);
      const late = t.current.enqueue([order('b')]);
      await t.current.close();
      await Promise.all([...pages, late]);
      await t.boot();
      assert.deepEqual(
        (await t.current.waiting()).map(({ key }) => key),
        ['a', 'b'],
      );
    });
  });

  describe('a restore', () => {
    const entries = Array.from({ length: 25 }, (_, nth) => entry(`k${nth}`, nth + 1));
    const tombstones = Array.from({ length: 12 }, (_, nth) => tombstone(`t${nth}`, nth + 100));

    test('gives pages of at most so many records, the tombstones first, each key once', async (t) => {
      await t.boot();
      await t.append({ entries, tombstones });
      const pages = await collected(t.current.restore({ signal: never, page: 10 }));
      assert.ok(pages.every((page) => page.entries.length + page.tombstones.length <= 10));
      assert.ok(pages.every((page) => page.entries.length + page.tombstones.length > 0));
      const firstEntry = pages.findIndex((page) => page.entries.length > 0);
      assert.ok(pages.slice(firstEntry + 1).every((page) => page.tombstones.length === 0));
      assert.deepEqual(sorted(pages.flatMap((page) => page.entries)), sorted(entries));
      assert.deepEqual(sorted(pages.flatMap((page) => page.tombstones)), sorted(tombstones));
    });
    test('ends when its reader stops, and the store goes on', async (t) => {
      await t.boot();
      await t.append({ entries, tombstones });
      for await (const _ of t.current.restore({ signal: never, page: 5 })) break;
      await t.append({ entries: [entry('new', 200)] });
      assert.equal((await t.contents()).length, 38);
    });
    test('ends with the reason when its signal fires', async (t) => {
      await t.boot();
      await t.append({ entries, tombstones });
      const abort = new AbortController();
      const reason = new Error('restoreTimeout');
      const reading = async (): Promise<void> => {
        for await (const _ of t.current.restore({ signal: abort.signal, page: 5 })) abort.abort(reason);
      };
      await assert.rejects(reading, (error) => error === reason);
      assert.equal((await t.contents()).length, 37);
    });
    test('lets journals and pages through while it runs', async (t) => {
      await t.boot();
      await t.append({ entries });
      const seen = new Set<string>();
      for await (const page of t.current.restore({ signal: never, page: 5 })) {
        for (const { key } of page.entries) {
          assert.ok(!seen.has(key), `${key} twice`);
          seen.add(key);
        }
        await t.journal([tombstone(`j${seen.size}`, 100 + seen.size)]);
        await t.append({ entries: [entry(`n${seen.size}`, 200 + seen.size)] });
      }
      assert.ok(entries.every(({ key }) => seen.has(key)));
    });
  });
}

/** Drives the stores of one place, one at a time. */
class Tester {
  readonly #place: SnapshotPlace;
  #store: SnapshotStore | undefined;

  constructor(place: SnapshotPlace) {
    this.#place = place;
  }

  get current(): SnapshotStore {
    assert.ok(this.#store, 'boot first');
    return this.#store;
  }

  async boot(cache = 'sessions'): Promise<SnapshotOpening> {
    return this.open(cache, never);
  }

  async open(cache: string, signal: AbortSignal): Promise<SnapshotOpening> {
    await this.#store?.close();
    this.#store = this.#place.store();
    return this.#store.open({ cache, signal });
  }

  append(given: Partial<SnapshotAppend>) {
    return this.current.append(page(given));
  }

  journal(tombstones: readonly SnapshotTombstone[]): Promise<void> {
    return this.current.journal(tombstones);
  }

  async contents(): Promise<readonly (SnapshotEntry | SnapshotTombstone)[]> {
    const pages = await collected(this.current.restore({ signal: never }));
    return sorted(pages.flatMap((found) => [...found.tombstones, ...found.entries]));
  }

  async close(): Promise<void> {
    await this.#store?.close();
  }
}

const emptyOpening: SnapshotOpening = {
  seq: 0,
  writtenAt: undefined,
  cursor: undefined,
  complete: false,
  entries: 0,
};

const entry = (key: string, seq: number): SnapshotEntry => ({
  key,
  value: { of: key.slice(0, 10), seq },
  seq,
  confirmedAt: 1000 + seq,
});

const tombstone = (
  key: string,
  seq: number,
  kind: SnapshotTombstone['kind'] = 'invalidated',
): SnapshotTombstone => ({ key, kind, seq, at: 2000 + seq });

const order = (key: string, more: { readonly at?: number } = {}): OutboxOrder => ({
  kind: 'remove',
  key,
  at: 3000,
  ...more,
});

const touch = (key: string, at: number): OutboxOrder => ({ kind: 'touch', key, at, expiresAt: at + 1 });

const page = (given: Partial<SnapshotAppend>): SnapshotAppend => ({
  entries: [],
  gone: [],
  tombstones: [],
  lifted: [],
  writtenAt: 1,
  ...given,
});

async function collected(pages: AsyncIterable<SnapshotPage>): Promise<readonly SnapshotPage[]> {
  const all: SnapshotPage[] = [];
  for await (const one of pages) all.push(one);
  return all;
}

async function randomWrites(t: Tester, seed: number, cache: string): Promise<void> {
  const random = seededRandom(seed);
  const below = (bound: number): number => Math.floor(random.next() * bound);
  const some = <Item>(make: () => Item): Item[] => Array.from({ length: below(4) }, make);
  const model = new SnapshotStoreModel();
  const key = (): string => `k${below(6)}`;
  const seq = (): number => 1 + below(30);
  const word = (): { key: string; seq: number } => ({ key: key(), seq: seq() });
  const dead = (): SnapshotTombstone => tombstone(key(), seq(), below(2) === 0 ? 'revoked' : 'invalidated');
  for (let step = 0; step < 40; step += 1) {
    const what = below(20);
    if (what === 0) {
      const { complete, seq: highest } = await t.boot(cache);
      model.reopen();
      assert.deepEqual([complete, highest], [model.complete, model.seq], `seed ${seed}, step ${step}`);
    } else if (what < 3) {
      const orders = some(() => (step % 2 === 0 ? order(key(), { at: step }) : touch(key(), step)));
      model.enqueue(orders, await t.current.enqueue(orders));
    } else if (what < 5) {
      const ids = some(() => model.orders[below(model.orders.length + 1)]?.id ?? step);
      await t.current.acknowledge(ids);
      model.acknowledge(ids);
    } else if (what < 9) {
      const tombstones = some(dead);
      await t.journal(tombstones);
      model.journal(tombstones);
    } else {
      const ends = model.writes === 'full' && below(3) === 0;
      const begins = below(6) === 0;
      const full = ends ? 'end' : begins ? (below(2) === 0 ? 'both' : 'begin') : undefined;
      const given = page({
        entries: some(() => entry(key(), seq())),
        tombstones: some(dead),
        gone: some(word),
        lifted: some(word),
        writtenAt: step,
        ...(full === undefined ? {} : { full }),
        ...(full === undefined || below(2) === 0 ? {} : { asOf: seq() }),
      });
      await t.current.append(given);
      model.append(given);
    }
    assert.deepEqual(await t.contents(), model.contents(), `seed ${seed}, step ${step}`);
    assert.deepEqual(await t.current.waiting(), model.orders, `seed ${seed}, step ${step}`);
  }
}
