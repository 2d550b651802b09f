import { describe, expect, test } from 'vitest';
import { createActor } from 'xstate';
import { Names } from '../../src/runtime/names.js';
import { obedient } from './running.js';

describe('who waits for a bearer', () => {
  const bearer = (path: string) => ({ path, ref: createActor(obedient).start() });

  test('is told once, of the next that is ready, and so is each of them', () => {
    const names = new Names();
    const [first, second] = [bearer('first'), bearer('second')];
    const told: unknown[] = [];
    names.claim('n', first);
    names.claim('m', first);
    for (const n of [1, 2]) names.whenReady('n', (ref) => told.push([n, ref]));
    names.whenReady('m', (ref) => told.push(['m', ref]));
    names.ready('other', first);
    names.ready('n', second);
    expect(told).toEqual([]);
    for (const _ of [1, 2]) names.ready('n', first);
    expect(told).toEqual([
      [1, first.ref],
      [2, first.ref],
    ]);
    names.ready('m', first);
    expect(told.slice(2)).toEqual([['m', first.ref]]);
  });

  test('can give up, and the others wait on', () => {
    const names = new Names();
    const it = bearer('it');
    const told: unknown[] = [];
    names.claim('n', it);
    const [one, two] = [1, 2].map((n) => names.whenReady('n', () => told.push(n)));
    names.whenReady('n', () => told.push(3));
    two?.();
    names.ready('n', it);
    expect(told).toEqual([1, 3]);
    // One that gives up when it has been told does not take another's place away.
    names.whenReady('n', () => told.push(4));
    one?.();
    names.ready('n', it);
    expect(told).toEqual([1, 3, 4]);
    const all = [5, 6].map((n) => names.whenReady('n', () => told.push(n)));
    for (const off of all) off();
    names.whenReady('n', () => told.push(7));
    for (const off of all) off();
    names.ready('n', it);
    expect(told).toEqual([1, 3, 4, 7]);
  });

  test('is told that there will be none when the runtime ends, or has ended', () => {
    const names = new Names();
    const told: unknown[] = [];
    names.whenReady('n', (ref) => told.push(['n', ref]));
    const off = names.whenReady('m', (ref) => told.push(['m', ref]));
    names.close();
    expect(told).toEqual([
      ['n', undefined],
      ['m', undefined],
    ]);
    off();
    names.whenReady('n', (ref) => told.push(['late', ref]))();
    names.close();
    expect(told.slice(2)).toEqual([['late', undefined]]);
  });
});
