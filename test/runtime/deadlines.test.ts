import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Chain, type Link } from '../../src/runtime/chain.js';
import { type Deadline, Deadlines } from '../../src/runtime/deadlines.js';

describe('a chain', () => {
  type Step = { readonly add: number } | { readonly leave: number } | { readonly shift: true };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ add: fc.nat() }),
    fc.record({ leave: fc.nat() }),
    fc.constant({ shift: true as const }),
  );

  test('holds what came and has not left, in order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const chain = new Chain<number>();
        const links: Link<number>[] = [];
        let model: Link<number>[] = [];
        for (const each of steps) {
          if ('add' in each) {
            const link = chain.add(each.add);
            links.push(link);
            model.push(link);
          } else if ('leave' in each) {
            // Whoever has left may do so again.
            const link = links[each.leave % Math.max(1, links.length)];
            link?.leave();
            model = model.filter((other) => other !== link);
          } else {
            expect(chain.shift()).toBe(model.shift()?.value);
          }
          expect(chain.oldest).toBe(model[0]?.value);
          expect(chain.isEmpty).toBe(model.length === 0);
        }
        for (const link of model) expect(chain.shift()).toBe(link.value);
        expect(chain.shift()).toBeUndefined();
      }),
    );
  });
});

describe('deadlines', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  type Step = { readonly wait: number } | { readonly cancel: number } | { readonly pass: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ wait: fc.constantFrom(0, 5, 5, 5, 20, 100) }),
    fc.record({ cancel: fc.nat() }),
    fc.record({ pass: fc.nat(30) }),
  );

  test('each that is not cancelled is told once, to the ms, and no timer is left', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const deadlines = new Deadlines();
        const began = performance.now();
        const now = (): number => performance.now() - began;
        const all: Deadline[] = [];
        const due = new Map<number, number>();
        const told: [number, number][] = [];
        const model: [number, number][] = [];
        const passed = (): void => {
          for (const [n, at] of [...due]) {
            if (at > now()) continue;
            model.push([n, at]);
            due.delete(n);
          }
        };
        for (const each of steps) {
          if ('wait' in each) {
            const n = all.length;
            all.push(deadlines.add({ expire: () => told.push([n, now()]) }, each.wait));
            due.set(n, now() + each.wait);
          } else if ('cancel' in each) {
            const n = each.cancel % Math.max(1, all.length);
            const deadline = all[n];
            if (deadline !== undefined) deadlines.cancel(deadline);
            due.delete(n);
          } else {
            vi.advanceTimersByTime(each.pass);
            passed();
          }
        }
        vi.advanceTimersByTime(200);
        passed();
        const byNumber = ([a]: [number, number], [b]: [number, number]): number => a - b;
        expect(told.sort(byNumber)).toEqual(model.sort(byNumber));
        deadlines.tidy();
        expect(vi.getTimerCount()).toBe(0);
      }),
    );
  });

  test('who waits equally long shares a timer, which goes with the turn in which the last is cancelled', () => {
    const deadlines = new Deadlines();
    const waiting = [1, 2, 3].map(() => deadlines.add({ expire: () => {} }, 1000));
    expect(vi.getTimerCount()).toBe(1);
    for (const each of waiting) deadlines.cancel(each);
    vi.advanceTimersByTime(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a timer that fires early by the finer clock still tells', () => {
    const deadlines = new Deadlines();
    const told: string[] = [];
    const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
    deadlines.add({ expire: () => void told.push('first') }, 10);
    clock.mockReturnValue(9.4);
    vi.advanceTimersByTime(10);
    expect(told).toEqual(['first']);
  });
});
