import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Call, linearized } from './linearizable-checker.js';

type Register = number | undefined;
const never = Number.POSITIVE_INFINITY;

const write = (value: Register, called: number, returned: number): Call<Register> => ({
  what: `write ${value}`,
  called,
  returned,
  after: () => [value],
});
const read = (value: Register, called: number, returned: number): Call<Register> => ({
  what: `read ${value}`,
  called,
  returned,
  after: (state) => (state === value ? [state] : []),
});
const add = (result: number, called: number, returned: number): Call<Register> => ({
  what: `add 1: ${result}`,
  called,
  returned,
  after: (state) => ((state ?? 0) + 1 === result ? [result] : []),
});

const orderOf = (history: readonly Call<Register>[]) => linearized(history, 0)?.map(({ what }) => what);

describe('what one thread could have answered', () => {
  it.each<[string, readonly Call<Register>[], readonly string[]]>([
    ['nothing', [], []],
    ['one after the other', [write(1, 1, 2), read(1, 3, 4)], ['write 1', 'read 1']],
    [
      'a write and two reads at once, one of which is before it',
      [write(1, 1, 6), read(0, 2, 3), read(1, 4, 5)],
      ['read 0', 'write 1', 'read 1'],
    ],
    [
      'two writes at once, in the order in which they returned or the other',
      [write(1, 1, 4), write(2, 2, 3), read(1, 5, 6)],
      ['write 2', 'write 1', 'read 1'],
    ],
    [
      'a read that begins before the write and ends after it has seen it or not',
      [read(1, 1, 5), write(1, 2, 3), read(1, 6, 7)],
      ['write 1', 'read 1', 'read 1'],
    ],
    [
      'a write that nobody was told of, seen late',
      [write(1, 1, never), read(0, 2, 3), read(1, 4, 5)],
      ['read 0', 'write 1', 'read 1'],
    ],
    ['a write that nobody was told of, never seen', [write(1, 1, never), read(0, 2, 3)], ['read 0']],
    [
      'three counts at once',
      [add(3, 1, 9), add(1, 2, 9), add(2, 3, 9)],
      ['add 1: 1', 'add 1: 2', 'add 1: 3'],
    ],
    [
      'a read of what is not there is not one of 0',
      [write(undefined, 1, 2), read(undefined, 3, 4)],
      ['write undefined', 'read undefined'],
    ],
  ])('%s', (_, history, order) => {
    expect(orderOf(history)).toEqual(order);
    expect(orderOf([...history].reverse())).toHaveLength(order.length);
  });
});

describe('what none could', () => {
  it.each<[string, readonly Call<Register>[]]>([
    ['what was before a write, read after it had returned', [write(1, 1, 2), read(0, 3, 4)]],
    ['a value that nobody wrote', [write(1, 1, 4), read(2, 2, 3)]],
    ['a value before it was written', [read(1, 1, 2), write(1, 3, 4)]],
    ['new, then old, while the write still runs', [write(1, 1, 6), read(1, 2, 3), read(0, 4, 5)]],
    [
      'a write that comes twice',
      [write(1, 1, 9), write(2, 3, 4), read(1, 1, 2), read(2, 5, 6), read(1, 7, 8)],
    ],
    [
      'two readers who see two writes in two orders',
      [write(1, 1, 9), write(2, 1, 9), read(1, 2, 3), read(2, 4, 5), read(1, 6, 7)],
    ],
    ['two counts that come to the same', [add(1, 1, 4), add(1, 2, 3)]],
    [
      'a write that nobody was told of, seen and unseen again',
      [write(1, 1, never), read(1, 2, 3), read(0, 4, 5)],
    ],
    ['absent for 0', [read(undefined, 1, 2)]],
  ])('%s', (_, history) => {
    expect(orderOf(history)).toBeUndefined();
  });
});

it('agrees with trying every order', () => {
  const call = fc
    .record({
      make: fc.constantFrom(write, read),
      value: fc.constantFrom<Register>(0, 1, 2),
      called: fc.nat(8),
      lasts: fc.oneof({ weight: 5, arbitrary: fc.nat(6) }, { weight: 1, arbitrary: fc.constant(never) }),
    })
    // A read that nobody was told of says nothing.
    .map(({ make, value, called, lasts }) =>
      lasts === never ? write(value, called, never) : make(value, called, called + lasts),
    );
  let linear = 0;
  const runs = 2000;
  fc.assert(
    fc.property(fc.array(call, { maxLength: 6 }), (history) => {
      const order = linearized(history, 0);
      expect(order !== undefined).toBe(tried(history, 0));
      if (order !== undefined) linear++;
    }),
    { numRuns: runs },
  );
  expect(linear).toBeGreaterThan(runs / 10);
  expect(linear).toBeLessThan((runs * 9) / 10);
});

/** Every order, whole. */
function tried(history: readonly Call<Register>[], state: Register): boolean {
  if (history.every(({ returned }) => returned === never)) return true;
  return history.some((call, at) => {
    const others = history.filter((_, other) => other !== at);
    if (others.some(({ returned }) => returned < call.called)) return false;
    return call.after(state).some((next) => tried(others, next));
  });
}

it('finds its way through 60 calls at once', () => {
  const counts = Array.from({ length: 60 }, (_, n) => add(60 - n, n, 1000 - n));
  expect(linearized(counts, 0)).toHaveLength(60);
});
