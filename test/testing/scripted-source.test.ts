import { type Row, type ScriptedSource, scriptedSource, type World, world } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { SourceUnavailableError } from '../../src/errors.js';

const never = new AbortController().signal;
const context = { signal: never };

async function scanned(db: ScriptedSource<number>, batch = 2, each: () => void = () => {}) {
  const rows: Row<number>[] = [];
  for await (const page of db.scan!({ signal: never, batch })) {
    rows.push(...page.rows);
    each();
  }
  return rows.map(({ key, value }) => [key, value]);
}

async function all<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const page of pages) found.push(page);
  return found;
}

const inWorld = (body: (w: World, db: ScriptedSource<number>) => Promise<void>) =>
  world({}, (w) => body(w, scriptedSource({ rows: { a: 1, b: 2, c: 3 } })));

describe('a source that is up', () => {
  it('loads, scans in pages by key, tells what is missing, saves and removes', () =>
    inWorld(async (_w, db) => {
      expect(await db.load('a', context)).toEqual({ key: 'a', value: 1 });
      expect(await db.load('x', context)).toBeUndefined();
      expect(await scanned(db)).toEqual([
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ]);
      expect(await db.missing!(['a', 'x'], context)).toEqual(['x']);
      await db.save!({ key: 'd', value: 4 }, context);
      await db.remove!('a', context);
      expect([...db.rows.keys()]).toEqual(['b', 'c', 'd']);
    }));

  it('a page is read when it is asked for', () =>
    inWorld(async (_w, db) => {
      expect(await scanned(db, 1, () => db.write('c', 30))).toEqual([
        ['a', 1],
        ['b', 2],
        ['c', 30],
      ]);
    }));

  it('tells what changed since a cursor, and first from now on', () =>
    inWorld(async (_w, db) => {
      const first = await all(db.changes!(undefined, { signal: never, batch: 10 }));
      expect(first).toMatchObject([{ gone: [], changed: [] }]);
      db.erase('a');
      db.write('b', 20);
      const [next] = await all(db.changes!(first[0]!.cursor, { signal: never, batch: 10 }));
      expect(next).toMatchObject({ gone: ['a'], changed: [{ key: 'b', value: 20 }] });
      expect(await all(db.changes!(next!.cursor, { signal: never, batch: 10 }))).toMatchObject([
        { gone: [], changed: [] },
      ]);
    }));

  it('answers a corrupt row as a bad one until it is written anew', () =>
    inWorld(async (_w, db) => {
      db.corrupt('a');
      expect(await db.load('a', context)).toMatchObject({ key: 'a', value: undefined });
      db.write('a', 10);
      expect(await db.load('a', context)).toEqual({ key: 'a', value: 10 });
    }));

  it('has only the methods it is told to have', () => {
    const db = scriptedSource({ has: ['ping'] });
    expect(db.scan).toBeUndefined();
    expect(db.ping).toBeTypeOf('function');
  });
});

describe('a source that fails', () => {
  it('unreachable: rejects, typed or as a driver does', () =>
    inWorld(async (_w, db) => {
      db.become({ mode: 'unreachable' });
      await expect(db.load('a', context)).rejects.toBeInstanceOf(SourceUnavailableError);
      db.become({ mode: 'unreachable', as: 'ECONNREFUSED' });
      await expect(scanned(db)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    }));

  it('slow: answers late, with what it held when it was asked', () =>
    inWorld(async (w, db) => {
      db.become({ mode: 'slow', ms: 5_000 });
      const late = db.load('a', context);
      db.write('a', 10);
      db.become({ mode: 'up' });
      expect(await db.load('a', context)).toEqual({ key: 'a', value: 10 });
      expect(w.now).toBe(0);
      expect(await late).toEqual({ key: 'a', value: 1 });
      expect(w.now).toBe(5_000);
    }));

  it('hang: never settles; its signal ends it unless it is deaf', () =>
    inWorld(async (w, db) => {
      db.become({ mode: 'hang' });
      await expect(db.load('a', { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
        name: 'TimeoutError',
      });
      db.become({ mode: 'hang', deaf: true });
      let settled = false;
      const mark = () => {
        settled = true;
      };
      db.load('a', { signal: AbortSignal.timeout(50) }).then(mark, mark);
      await w.advance('1h');
      expect(settled).toBe(false);
      expect(db.history.all.filter(({ type }) => type === 'abandoned')).toHaveLength(2);
    }));

  it('throws: anything, as a rejection or before there is a promise', () =>
    inWorld(async (_w, db) => {
      db.become({ mode: 'throws', what: 'undefined' });
      await expect(db.load('a', context)).rejects.toBeUndefined();
      db.become({ mode: 'throws', what: 'trap' });
      await expect(scanned(db)).rejects.toBeTypeOf('object');
      db.become({ mode: 'throws', what: 'TypeError', sync: true });
      expect(() => db.load('a', context)).toThrow(TypeError);
    }));

  it('partial: a scan dies after so many batches, a load does not', () =>
    inWorld(async (_w, db) => {
      db.become({ mode: 'partial', batches: 1 });
      let pages = 0;
      await expect(scanned(db, 1, () => pages++)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      expect(pages).toBe(1);
      expect(await db.load('a', context)).toBeDefined();
    }));

  it('flap: up and away by turns', () =>
    inWorld(async (w, db) => {
      db.become({ mode: 'flap', every: 1_000 });
      expect(await db.load('a', context)).toBeDefined();
      await w.advance('1s');
      await expect(db.load('a', context)).rejects.toThrow();
      await w.advance('1s');
      expect(await db.load('a', context)).toBeDefined();
    }));

  it('lies: answers what it held some time ago', () =>
    inWorld(async (w, db) => {
      await w.advance('10s');
      db.write('a', 10);
      db.erase('b');
      db.become({ mode: 'lies', by: 5_000 });
      await w.advance('4s');
      expect(await db.load('a', context)).toEqual({ key: 'a', value: 1 });
      expect(await scanned(db)).toContainEqual(['b', 2]);
      await w.advance('2s');
      expect(await db.load('a', context)).toEqual({ key: 'a', value: 10 });
    }));

  it('nonsense: answers what its type forbids', () =>
    inWorld(async (_w, db) => {
      db.become({ mode: 'nonsense' });
      const answers = [];
      for (let i = 0; i < 6; i++) answers.push(await db.load('a', context));
      expect(answers).toContain(null);
      expect(answers).toContain('row');
    }));
});
