import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { createRuntime } from '../../src/create-runtime.js';
import { TaskTimeoutError } from '../../src/errors.js';
import { sleep } from '../../src/runtime/time.js';
import { countChildren, type TaskResult, taskSupervisor } from '../../supervisors/index.js';

afterEach(() => void vi.useRealTimers());

const item = fc.record({ takes: fc.integer({ min: 0, max: 30 }), fails: fc.boolean(), obeys: fc.boolean() });
type Item = typeof item extends fc.Arbitrary<infer T> ? T : never;

const plan = fc.record({
  items: fc.array(item, { maxLength: 25 }),
  concurrency: fc.integer({ min: 1, max: 6 }),
  ordered: fc.boolean(),
  timeout: fc.constantFrom(15, 1000),
  /** How long the source needs for each item; undefined: it is not asynchronous. */
  sourceTakes: fc.option(fc.nat(8), { nil: undefined }),
  consumerTakes: fc.constantFrom(0, 0, 7),
  /** The consumer leaves after so many results. */
  leavesAfter: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
});
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

interface Seen {
  readonly results: TaskResult<Item, number>[];
  readonly begins: number[];
  most: number;
  /** Of tasks that had begun, at the end of the stream. */
  left: number;
  begunAfterwards: number;
  timersAfterwards: number;
}

async function* slowly(items: readonly Item[], ms: number): AsyncGenerator<Item> {
  for (const each of items) {
    await sleep(ms);
    yield each;
  }
}

async function play(p: Plan): Promise<Seen> {
  vi.useFakeTimers();
  const runtime = await createRuntime(taskSupervisor()).start();
  const sup = runtime.root;
  const seen: Seen = { results: [], begins: [], most: 0, left: 0, begunAfterwards: 0, timersAfterwards: 0 };
  const from = Date.now();
  let flying = 0;
  const fn = async ({ takes, fails, obeys }: Item, signal: AbortSignal): Promise<number> => {
    seen.begins.push(Date.now() - from);
    flying++;
    seen.most = Math.max(seen.most, flying);
    // In flight until it has ended: by itself, or because it was killed.
    let landed = false;
    const land = (): void => {
      if (!landed) flying--;
      landed = true;
    };
    signal.addEventListener('abort', () => obeys && land());
    await sleep(takes, obeys ? signal : undefined).finally(land);
    if (fails) throw new Error('failed');
    return takes;
  };
  const items = p.sourceTakes === undefined ? p.items : slowly(p.items, p.sourceTakes);
  const { concurrency, ordered, timeout } = p;
  const read = (async () => {
    const stream = taskSupervisor.stream(sup, items, fn, {
      concurrency,
      ordered,
      timeout,
      onTimeout: 'element',
      shutdown: '1s',
    });
    for await (const result of stream) {
      seen.results.push(result);
      if (seen.results.length === p.leavesAfter) break;
      if (p.consumerTakes > 0) await sleep(p.consumerTakes);
    }
    seen.left = (await countChildren(sup)).active;
  })();
  await vi.advanceTimersByTimeAsync(5000);
  await read;
  const begun = seen.begins.length;
  await vi.advanceTimersByTimeAsync(5000);
  seen.begunAfterwards = seen.begins.length - begun;
  seen.timersAfterwards = vi.getTimerCount();
  await runtime.stop();
  return seen;
}

const isLate = ({ takes }: Item, { timeout }: Plan): boolean => takes >= timeout;

test('T4: at most `concurrency` in flight, each item one result, in order, and nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (p) => {
      // Who is too late is killed, and must mind that to count as ended.
      const sound = {
        ...p,
        items: p.items.map((each) => ({ ...each, obeys: each.obeys || isLate(each, p) })),
      };
      const { results, most, left, begunAfterwards, timersAfterwards } = await play(sound);
      expect(most).toBeLessThanOrEqual(p.concurrency);
      expect(left).toBe(0);
      expect(begunAfterwards).toBe(0);
      expect(timersAfterwards).toBe(0);

      const indexes = results.map(({ index }) => index);
      expect(new Set(indexes).size).toBe(results.length);
      if (p.ordered) expect(indexes).toEqual([...indexes].sort((a, b) => a - b));
      const all = Math.min(p.items.length, p.leavesAfter ?? Number.POSITIVE_INFINITY);
      expect(results).toHaveLength(all);
      for (const result of results) {
        const its = sound.items[result.index] as Item;
        expect(result.item).toEqual(its);
        const is =
          result.status === 'fulfilled'
            ? 'done'
            : result.reason instanceof TaskTimeoutError
              ? 'late'
              : (result.reason as Error).message;
        // At the very same moment either may come first.
        if (its.takes !== p.timeout) expect(is).toBe(isLate(its, p) ? 'late' : its.fails ? 'failed' : 'done');
      }
    }),
    { numRuns: 150 },
  );
});

test('T4: the window is never undercut: a task begins as soon as one ends, whatever the order of results', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (p) => {
      const items = p.items.map((each) => ({ ...each, takes: each.takes + 1 }));
      const prompt: Plan = {
        ...p,
        items,
        sourceTakes: undefined,
        consumerTakes: 0,
        leavesAfter: undefined,
        timeout: 1000,
      };
      const { begins } = await play(prompt);
      expect(begins).toEqual(greedy(prompt.items, p.concurrency));
    }),
    { numRuns: 100 },
  );
});

/** When each begins, if each takes the first of `concurrency` places that is free. */
function greedy(items: readonly Item[], concurrency: number): number[] {
  const free = Array<number>(concurrency).fill(0);
  return items.map(({ takes }) => {
    const at = Math.min(...free);
    free[free.indexOf(at)] = at + takes;
    return at;
  });
}
