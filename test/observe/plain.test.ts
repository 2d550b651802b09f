import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plain } from '../../src/observe/plain.js';

test('anything at all becomes JSON of bounded size, and nothing throws', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withObjectString: true,
    withTypedArray: true,
    withSparseArray: true,
    maxDepth: 9,
  });
  fc.assert(
    fc.property(anything, (value) => {
      const text = JSON.stringify(plain(value));
      expect(typeof text).toBe('string');
      JSON.parse(text);
    }),
    { numRuns: 1000 },
  );
});

test('an error is its name, message and code', () => {
  const error = Object.assign(new TypeError('no', { cause: new Error('deep') }), {
    code: 'E_NO',
    secret: 'x',
  });
  expect(plain({ reason: { type: 'error', error } })).toEqual({
    reason: { type: 'error', error: { name: 'TypeError', message: 'no', code: 'E_NO' } },
  });
});

test('cycles, throwing getters, hostile names and huge things are marked, not followed', () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  expect(plain(cycle)).toEqual({ self: '(circular)' });

  const trap = Object.defineProperty({}, 'a', {
    enumerable: true,
    get: () => {
      throw new Error('trap');
    },
  });
  expect(plain({ trap })).toBe('(unreadable)');

  const hostile = plain(JSON.parse('{"__proto__": {"polluted": true}, "a": 1}'));
  expect(JSON.stringify(hostile)).toBe('{"__proto__":{"polluted":true},"a":1}');
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();

  expect(JSON.stringify(plain('x'.repeat(1 << 20))).length).toBeLessThan(1_000);
  expect(JSON.stringify(plain(Array(1 << 16).fill('xyz'))).length).toBeLessThan(1_000);
  expect(plain(Buffer.alloc(1 << 20))).toBe('(1048576 bytes)');
});
