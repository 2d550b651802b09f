import { expect, test } from 'vitest';
import { fromCallback } from 'xstate';
import type { ExitReason } from '../../src/runtime/index.js';
import { Child } from '../../supervisors/children.js';
import { resolveSpec } from '../../supervisors/spec.js';
import { WrongEnds } from '../../supervisors/wrong-ends.js';

const child = new Child(resolveSpec({ id: 'a', logic: fromCallback(() => {}) }, 'spec'), { exited() {} });
const error = (value: unknown): ExitReason => ({ type: 'error', error: value });
const shutdown = (detail: unknown): ExitReason => ({ type: 'shutdown', detail });

/** How often each of the reasons is told. */
function counts(...reasons: ExitReason[]): number[] {
  const ends = new WrongEnds();
  for (const reason of reasons) ends.add(child, reason);
  return [...ends].map(({ count }) => count);
}

test('errors of one name and message are one reason, others are not', () => {
  const boom = new Error('boom');
  expect(counts(error(boom), error(new Error('boom')), error(boom))).toEqual([3]);
  expect(counts(error(boom), error(new Error('bang')))).toEqual([1, 1]);
  expect(counts(error(boom), error(new TypeError('boom')))).toEqual([1, 1]);
  expect(counts(error(boom), shutdown(boom))).toEqual([1, 1]);
});

test('objects that are no errors are one reason only where they are the same', () => {
  const code = { code: 1 };
  expect(counts(error(code), error(code))).toEqual([2]);
  expect(counts(error(code), error({ code: 1 }))).toEqual([1, 1]);
});

test('an error that cannot be looked at is like itself only', () => {
  const trap = (): never => {
    throw new Error('looked at');
  };
  const silent = () => Object.defineProperty(new Error(), 'message', { get: trap });
  const closed = () => new Proxy(new Error(), { get: trap, getPrototypeOf: trap });
  for (const odd of [silent, closed]) {
    const one = odd();
    expect(counts(error(one), error(one), error(odd()))).toEqual([2, 1]);
  }
});

test('anything else is one reason where type and words are the same', () => {
  expect(counts(error('5'), error('5'))).toEqual([2]);
  expect(counts(error('5'), error(5))).toEqual([1, 1]);
  expect(counts(error(null), error(null), error(undefined))).toEqual([2, 1]);
  expect(counts(error('5'), shutdown('5'))).toEqual([1, 1]);
  expect(counts(error(null), shutdown(null))).toEqual([1, 1]);
  expect(counts({ type: 'killed' }, { type: 'killed' }, shutdown(undefined))).toEqual([2, 1]);
  const f = () => 1;
  expect(
    counts(
      error(f),
      error(() => 1),
      shutdown(f),
    ),
  ).toEqual([2, 1]);
});

test('the first child and its reason stand for all', () => {
  const ends = new WrongEnds();
  const first = error(new Error('boom'));
  const other = new Child(child.spec, child.exits);
  ends.add(child, first);
  ends.add(other, error(new Error('boom')));
  expect([...ends]).toEqual([{ child, reason: first, ref: undefined, count: 2 }]);
  expect([...ends][0]?.child).toBe(child);
});
