import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Chains } from '../../src/table/chains.js';

const slots = [0, 1, 2, 4095, 4096, 9000];
const lists = 3;

describe('chains', () => {
  it('are lists: what goes in comes out in order, from wherever it is taken', () => {
    const slot = fc.constantFrom(...slots);
    const list = fc.nat({ max: lists - 1 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('push'), slot, list }),
      fc.record({ do: fc.constant('remove'), slot }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const chains = new Chains(lists);
        const plain: number[][] = Array.from({ length: lists }, () => []);
        const take = (slot: number): void => {
          for (const of of plain) if (of.includes(slot)) of.splice(of.indexOf(slot), 1);
        };
        for (const s of steps) {
          if (s.do === 'push') {
            chains.remove(s.slot);
            take(s.slot);
            chains.push(s.list, s.slot);
            plain[s.list]!.push(s.slot);
          } else {
            chains.remove(s.slot);
            take(s.slot);
          }
          expect(Array.from({ length: lists }, (_, n) => chains.head(n))).toEqual(
            plain.map((of) => of[0] ?? -1),
          );
        }
        for (const [n, of] of plain.entries()) {
          for (const expected of of) {
            expect(chains.head(n)).toBe(expected);
            chains.remove(expected);
          }
          expect(chains.head(n)).toBe(-1);
        }
      }),
    );
  });
});
