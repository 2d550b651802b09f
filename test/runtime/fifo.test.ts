import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fifo } from '../../src/runtime/fifo.js';

test('hands out what it was given, in order, whatever the pushes and shifts in between', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 12 }), (steps) => {
      const fifo = new Fifo<number>();
      let pushed = 0;
      let taken = 0;
      for (const step of steps) {
        for (let n = 0; n < step; n++) fifo.push(pushed++);
        const got: (number | undefined)[] = [];
        const due: (number | undefined)[] = [];
        for (let n = 0; n > step; n--) {
          got.push(fifo.shift());
          due.push(taken < pushed ? taken++ : undefined);
        }
        expect(got).toEqual(due);
        expect(fifo.length).toBe(pushed - taken);
        expect(fifo.oldest).toBe(taken < pushed ? taken : undefined);
      }
    }),
    { numRuns: 30 },
  );
});

test('however much waits in it, taking one costs the same', () => {
  const many = 500_000;
  const fifo = new Fifo<number>();
  for (let n = 0; n < many; n++) fifo.push(n);
  let inOrder = 0;
  for (let n = 0; n < many; n++) if (fifo.shift() === n) inOrder++;
  expect(inOrder).toBe(many);
});

describe('room', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;

  /** How many bytes `work` leaves in the heap as long as what it returns is held. */
  function left(work: () => unknown): number {
    collect();
    const before = process.memoryUsage().heapUsed;
    const held = work();
    collect();
    const after = process.memoryUsage().heapUsed;
    expect(held).toBeDefined();
    return after - before;
  }

  test('is not taken by what has passed through one that never runs empty', () => {
    const passed = 1_000_000;
    const bytes = left(() => {
      const fifo = new Fifo<number>();
      for (let n = 0; n < 5000; n++) fifo.push(n);
      for (let n = 0; n < passed; n++) {
        fifo.push(n);
        fifo.shift();
      }
      return fifo;
    });
    expect(bytes).toBeLessThan(passed);
  });

  test('is given back by one that has run empty', () => {
    const [many, each] = [100, 20_000];
    const bytes = left(() =>
      Array.from({ length: many }, () => {
        const fifo = new Fifo<number>();
        for (let n = 0; n < each; n++) fifo.push(n);
        for (let n = 0; n < each; n++) fifo.shift();
        return fifo;
      }),
    );
    expect(bytes).toBeLessThan(many * each);
  });

  test('is not taken by what was handed out', () => {
    const [many, each] = [100, 10_000];
    const bytes = left(() => {
      const fifo = new Fifo<number[]>();
      for (let n = 0; n < many; n++) fifo.push(Array(each).fill(n));
      for (let n = 0; n < many / 2; n++) fifo.shift();
      return fifo;
    });
    expect(bytes).toBeLessThan((many * each * 8 * 3) / 4);
  });
});
