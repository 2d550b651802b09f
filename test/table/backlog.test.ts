import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backlog } from '../../src/table/backlog.js';

function build(count: number): Backlog<number> {
  const backlog = new Backlog<number>();
  for (let nth = 0; nth < count; nth += 1) backlog.add(nth);
  return backlog;
}

describe('a backlog', () => {
  it('gives in order, and nothing twice', () => {
    const backlog = build(5);
    expect([backlog.take(2), backlog.take(2), backlog.take(2), backlog.take(2)]).toEqual([
      [0, 1],
      [2, 3],
      [4],
      [],
    ]);
    backlog.add(5);
    expect(backlog.take(9)).toEqual([5]);
  });

  it('takes back at the front, also what it gave before the last', () => {
    const backlog = build(20);
    const first = backlog.take(2);
    backlog.take(2);
    backlog.putBack(first);
    expect(backlog.size).toBe(18);
    expect(backlog.take(3)).toEqual([0, 1, 4]);
  });

  it('takes back more than it still remembers the room of', () => {
    const backlog = build(4);
    const taken = backlog.take(3);
    backlog.putBack(taken);
    expect([...backlog]).toEqual([0, 1, 2, 3]);
    expect(backlog.take(9)).toEqual([0, 1, 2, 3]);
  });

  it('is a list, whatever is added, taken and put back', () => {
    const count = fc.constantFrom(0, 1, 2, 700, 1023, 1024, 1025, 3000);
    const step = fc.record({ what: fc.constantFrom('add', 'add', 'take', 'put back', 'clear'), count });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const backlog = new Backlog<number>();
        let model: number[] = [];
        let taken: number[] = [];
        let made = 0;
        for (const { what, count: most } of steps) {
          if (what === 'add') {
            for (let nth = 0; nth < most; nth += 1) {
              backlog.add(made);
              model.push(made);
              made += 1;
            }
          } else if (what === 'take') {
            taken = backlog.take(most);
            expect(taken).toEqual(model.splice(0, most));
          } else if (what === 'put back') {
            backlog.putBack(taken);
            model = [...taken, ...model];
            taken = [];
          } else {
            backlog.clear();
            model = [];
          }
          expect(backlog.size).toBe(model.length);
          expect([...backlog]).toEqual(model);
        }
      }),
    );
  });
});
