import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { createRuntime } from '../../src/create-runtime.js';
import { incarnationOf } from '../../src/runtime/index.js';
import { child, service, withBackoff } from '../../supervisors/index.js';
import { obedient } from '../runtime/running.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const plan = fc.record({
  min: fc.integer({ min: 1, max: 300 }),
  span: fc.integer({ min: 0, max: 5000 }),
  resetAfter: fc.integer({ min: 0, max: 3000 }),
  /** What becomes of one attempt after the other: it cannot start, or runs for so many ms. */
  attempts: fc.array(fc.oneof(fc.constant('fails' as const), fc.integer({ min: 0, max: 4000 })), {
    minLength: 1,
    maxLength: 12,
  }),
  draws: fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
});

test('withBackoff: every delay is in its bounds, and the supervisor has nothing to restart', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ min, span, resetAfter, attempts, draws }) => {
      vi.useFakeTimers();
      vi.spyOn(Math, 'random').mockImplementation(() => draws.next().value as number);
      const max = min + span;
      const starts: number[] = [];
      const ends: number[] = [];
      let fail: (error: unknown) => void = () => {};
      const spec = service('a', {
        name: 'a',
        start(_, context) {
          fail = context.fail;
          starts.push(Date.now());
          if (attempts[starts.length - 1] !== 'fails') return starts.length;
          ends.push(Date.now());
          throw new Error('away');
        },
      });
      const runtime = createRuntime({
        maxRestarts: 0,
        strategy: 'one-for-all',
        children: [
          child({ id: 'b', name: 'b', logic: obedient }),
          withBackoff(spec, { min, max, resetAfter }),
        ],
      });
      const started = runtime.start();
      await vi.advanceTimersByTimeAsync(0);
      await started;
      let failures = 0;
      for (const [index, attempt] of attempts.entries()) {
        if (attempt !== 'fails') {
          await vi.advanceTimersByTimeAsync(attempt);
          ends.push(Date.now());
          fail(new Error('broken'));
          if (attempt >= resetAfter) failures = 0;
        }
        failures++;
        await vi.advanceTimersByTimeAsync(0);
        expect(runtime.whereis('a')?.getSnapshot()).toMatchObject({
          value: 'backoff',
          context: { failures },
        });
        await vi.advanceTimersToNextTimerAsync();
        const delay = (starts[index + 1] as number) - (ends[index] as number);
        expect(delay).toBeGreaterThanOrEqual(min);
        expect(delay).toBeLessThanOrEqual(Math.min(max, min * 2 ** failures));
      }
      expect(runtime.tree()).toMatchObject({
        status: 'running',
        children: [{ restarts: 0 }, { restarts: 0 }],
      });
      expect(['a', 'b'].map((name) => incarnationOf(runtime.whereis(name)!))).toEqual([1, 1]);
      await runtime.stop();
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 150 },
  );
});
