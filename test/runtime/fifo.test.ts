import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from '../../src/runtime/fifo.js';

test('hands out what it was given, in order, whatever the pushes and shifts in between', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -3000, max: 3000 }), { maxLength: 12 }), (steps) => {
      const fifo = new Fifo<number>();
      let pushed = 0;
      let taken = 0;
      for (const step of steps) {
        for (let n = 0; n < step; n++) fifo.push(pushed++);
        for (let n = 0; n > step; n--) {
          expect(fifo.shift()).toBe(taken < pushed ? taken++ : undefined);
        }
        expect(fifo.length).toBe(pushed - taken);
        expect(fifo.oldest).toBe(taken < pushed ? taken : undefined);
      }
    }),
    { numRuns: 30 },
  );
});
