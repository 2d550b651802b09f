import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chains } from '../../src/table/chains.js';
import { breath, done, ExpiryIndex, expiryLists } from '../../src/table/expiry-index.js';

const second = 1000;
const year = 365 * 86_400 * second;

/** An index over deadlines that the test holds. */
function build() {
  const deadlines = new Map<number, number>();
  const index = new ExpiryIndex(new Chains(expiryLists));
  const deadlineOf = (slot: number): number => deadlines.get(slot)!;
  return {
    index,
    set(slot: number, deadline: number): void {
      index.update(slot, deadlines.get(slot) ?? Number.POSITIVE_INFINITY, deadline);
      deadlines.set(slot, deadline);
    },
    /** What is due, and how many steps it took to say so. */
    due(now: number): { slots: number[]; steps: number } {
      const slots: number[] = [];
      let steps = 0;
      for (let slot = index.step(now, deadlineOf); slot !== done; slot = index.step(now, deadlineOf)) {
        steps += 1;
        if (slot === breath) continue;
        slots.push(slot);
        deadlines.delete(slot);
      }
      return { slots: slots.sort((a, b) => a - b), steps };
    },
  };
}

describe('the expiry index', () => {
  it('says what is due, to the millisecond', () => {
    const { set, due } = build();
    set(1, 1500);
    set(2, 1501);
    expect(due(1499).slots).toEqual([]);
    expect(due(1500).slots).toEqual([1]);
    expect(due(1501).slots).toEqual([2]);
  });

  it('finds what was put before a time it has already looked at', () => {
    const { set, due } = build();
    set(1, year);
    expect(due(year).slots).toEqual([1]);
    set(2, 5 * second);
    set(3, year + second);
    expect(due(4 * second).slots).toEqual([]);
    expect(due(5 * second).slots).toEqual([2]);
    expect(due(year + second).slots).toEqual([3]);
  });

  it('does not work through the seconds of an idle year', () => {
    const { set, due } = build();
    due(0);
    set(1, 10 * year);
    for (let passed = 1; passed < 10; passed += 1) expect(due(passed * year).steps).toBeLessThan(10);
    expect(due(10 * year)).toEqual({ slots: [1], steps: 1 });
  });

  it('does not look at what is due later', () => {
    const { set, due } = build();
    due(0);
    for (let slot = 0; slot < 10_000; slot += 1) set(slot, 30 * 86_400 * second + slot);
    set(10_000, second);
    expect(due(2 * second)).toEqual({ slots: [10_000], steps: 1 });
  });

  it('lets its caller breathe while it puts elsewhere what was put off', () => {
    const { set, due } = build();
    for (let slot = 0; slot < 10_000; slot += 1) set(slot, second);
    for (let slot = 0; slot < 10_000; slot += 1) set(slot, year);
    const { slots, steps } = due(second);
    expect(slots).toEqual([]);
    expect(steps).toBeGreaterThan(30);
  });

  it.each([Number.NEGATIVE_INFINITY, -1, 0, 8.64e15, Number.MAX_VALUE])(
    'holds a deadline of %d',
    (deadline) => {
      const { set, due } = build();
      set(1, deadline);
      expect(due(deadline).slots).toEqual([1]);
    },
  );

  it('says the same as a plain list, whichever way the clock jumps', () => {
    const deadline = fc.oneof(
      fc.nat({ max: 3000 }),
      fc.nat({ max: 100 * second }),
      fc.nat({ max: 50 * year }),
      fc.constant(Number.POSITIVE_INFINITY),
    );
    const step = fc.oneof(
      fc.record({ slot: fc.nat({ max: 20 }), deadline }),
      fc.record({ remove: fc.nat({ max: 20 }) }),
      fc.record({ now: deadline.filter(Number.isFinite) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const { index, set, due } = build();
        const plain = new Map<number, number>();
        for (const s of steps) {
          if ('slot' in s) {
            set(s.slot, s.deadline);
            plain.set(s.slot, s.deadline);
          } else if ('remove' in s) {
            index.remove(s.remove);
            // Out of the index is as good as never due.
            set(s.remove, Number.POSITIVE_INFINITY);
            plain.delete(s.remove);
          } else {
            const expected = [...plain].filter(([, at]) => at <= s.now).map(([slot]) => slot);
            for (const slot of expected) plain.delete(slot);
            expect(due(s.now).slots).toEqual(expected.sort((a, b) => a - b));
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
