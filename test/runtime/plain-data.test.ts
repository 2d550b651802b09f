import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { plainData } from '../../src/runtime/plain-data.js';

const shared = { n: 1 };

test.each<[string, unknown, unknown]>([
  ['text stays', 'a', 'a'],
  ['a number stays', 1, 1],
  ['null stays', null, null],
  ['undefined stays', undefined, undefined],
  ['a function is left out', () => {}, undefined],
  ['a symbol is left out', Symbol('s'), undefined],
  ['a bigint becomes text', 12n, '12'],
  ['a date becomes text', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['a date that is none is marked', new Date(Number.NaN), '(invalid date)'],
  ['bytes become their number', new Uint8Array(3), '(3 bytes)'],
  ['a list stays one, whatever is left out of it', [1, () => {}, [2n]], [1, undefined, ['2']]],
  ['a set becomes a list', new Set([1, 2n]), [1, '2']],
  ['a map becomes an object', new Map<unknown, unknown>([[1, { a: 2n }]]), { 1: { a: '2' } }],
  ['an actor becomes its id', createActor(createMachine({}), { id: 'a' }), { actor: 'a' }],
  ['an error becomes its words', new TypeError('bad'), { name: 'TypeError', message: 'bad' }],
  [
    'an error keeps its code',
    Object.assign(new Error('bad'), { code: 7n }),
    { name: 'Error', message: 'bad', code: '7' },
  ],
  ['what two fields share is no cycle', { a: shared, b: shared }, { a: { n: 1 }, b: { n: 1 } }],
])('%s', (_, value, expected) => {
  expect(plainData(value)).toEqual(expected);
});

test('a field without plain data is left out', () => {
  expect(Object.keys(plainData({ a: 1, call: () => {}, none: undefined }) as object)).toEqual(['a']);
});

test('an error without a code has none', () => {
  expect(Object.keys(plainData(new Error('bad')) as object)).toEqual(['name', 'message']);
});

test.each<[string, () => unknown, unknown]>([
  ['in an object', () => circle({}, (it, self) => Object.assign(it, { self })), { self: '(circular)' }],
  ['in a list', () => circle([] as unknown[], (it, self) => it.push(self)), ['(circular)']],
  ['in a set', () => circle(new Set(), (it, self) => it.add(self)), ['(circular)']],
  ['in a map', () => circle(new Map(), (it, self) => it.set('self', self)), { self: '(circular)' }],
  [
    'further down',
    () => circle({} as Record<string, unknown>, (it, self) => Object.assign(it, { a: [{ self }] })),
    { a: [{ self: '(circular)' }] },
  ],
])('a cycle %s is marked', (_, make, expected) => {
  expect(plainData(make())).toEqual(expected);
});

function circle<T>(it: T, close: (it: T, self: T) => void): T {
  close(it, it);
  return it;
}

test('what cannot be read is marked, and only that', () => {
  const trap = {
    get x(): never {
      throw new Error('trap');
    },
  };
  const hostile = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error('trap');
      },
    },
  );
  expect(plainData({ trap, hostile, a: 1 })).toEqual({ trap: '(unreadable)', hostile: '(unreadable)', a: 1 });
});

test('a field may be called __proto__', () => {
  const plain = plainData(JSON.parse('{"__proto__": {"polluted": true}}'));
  expect(JSON.stringify(plain)).toBe('{"__proto__":{"polluted":true}}');
});

test('anything at all becomes what JSON can hold, and nothing throws', () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true });
  fc.assert(
    fc.property(anything, (value) => {
      const text = JSON.stringify([plainData(value)]);
      expect(JSON.parse(text)).toHaveLength(1);
    }),
  );
});
