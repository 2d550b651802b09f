import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type InLine, Line } from '../../supervisors/line.js';

interface One extends InLine<One> {
  readonly n: number;
}

const one = (n: number): One => ({ n, earlier: undefined, later: undefined });

test('it holds whom a list would, in the order of arrival', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('add' as const), n: fc.constant(0) }),
    fc.record({ type: fc.constant('remove' as const), n: fc.nat({ max: 30 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const line = new Line<One>();
      const all: One[] = [];
      let list: One[] = [];
      for (const { type, n } of steps) {
        if (type === 'add') {
          const added = one(all.length);
          all.push(added);
          list.push(added);
          line.add(added);
        } else {
          const leaving = all[n];
          if (leaving === undefined) continue;
          line.remove(leaving);
          list = list.filter((each) => each !== leaving);
        }
        expect([...line].map((each) => each.n)).toEqual(list.map((each) => each.n));
        expect(line.size).toBe(list.length);
        for (const each of all) expect(line.has(each)).toBe(list.includes(each));
      }
    }),
  );
});

test('whoever has left keeps hold of nobody', () => {
  const line = new Line<One>();
  const [a, b, c] = [one(0), one(1), one(2)];
  for (const each of [a, b, c]) line.add(each);
  line.remove(b);
  expect(b).toEqual(one(1));
  line.remove(a);
  expect(a).toEqual(one(0));
});

test('whoever has left may come again, as the last', () => {
  const line = new Line<One>();
  const [a, b] = [one(0), one(1)];
  line.add(a);
  line.add(b);
  line.remove(a);
  line.add(a);
  expect([...line]).toEqual([b, a]);
});
