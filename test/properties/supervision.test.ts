import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { createMachine, fromCallback } from 'xstate';
import { createRuntime } from '../../src/create-runtime.js';
import { type ChildSpec, type ExitReason, exit } from '../../src/runtime/index.js';
import { child, type SupervisorOptions, supervisor } from '../../supervisors/index.js';
import { type Plan, SupervisionModel, type SupervisorPlan } from './supervision-model.js';

const restart = fc.constantFrom('permanent', 'transient', 'temporary');
const worker = fc.record({
  kind: fc.constant('worker'),
  restart,
  failing: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 3 }),
});
const { tree } = fc.letrec<{ tree: SupervisorPlan; node: Plan }>((tie) => ({
  node: fc.oneof({ depthSize: 'small', maxDepth: 3 }, worker, tie('tree')),
  tree: fc.record({
    kind: fc.constant('supervisor'),
    restart,
    maxRestarts: fc.nat(3),
    within: fc.constant(1000),
    children: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
  }),
}));

type Way = 'throw' | 'finish' | 'killed' | 'shutdown' | 'error' | 'async';
const ways: readonly Way[] = ['throw', 'finish', 'killed', 'shutdown', 'error'];
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ at: fc.nat(), way: fc.constantFrom(...ways), sibling: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constantFrom('wait' as const, 'stop' as const) },
);

const reasonOf = (way: Way): ExitReason => {
  if (way === 'finish') return { type: 'normal' };
  if (way === 'killed' || way === 'shutdown') return { type: way };
  return { type: 'error', error: new Error(way) };
};

/** What the workers did, in order: `+path#n`, `-path#n`. */
class Trace {
  readonly lines: string[] = [];
  readonly #starts = new Map<string, number>();
  readonly alive = new Map<string, number>();

  starting(path: string): number {
    const n = (this.#starts.get(path) ?? 0) + 1;
    this.#starts.set(path, n);
    return n;
  }
  began(path: string, n: number): void {
    if (this.alive.has(path)) throw new Error(`${path} lives twice: ${this.alive.get(path)} and ${n}`);
    this.alive.set(path, n);
    this.lines.push(`+${path}`);
  }
  ended(path: string): void {
    this.alive.delete(path);
    this.lines.push(`-${path}`);
  }
  living(): string[] {
    return [...this.alive].map(([path, n]) => `${path}#${n}`).sort();
  }
}

function optionsOf(plan: SupervisorPlan, path: string, trace: Trace): SupervisorOptions {
  const { maxRestarts, within } = plan;
  return { maxRestarts, within, children: plan.children.map((each, n) => specOf(each, path, n, trace)) };
}

function specOf(plan: Plan, parent: string, n: number, trace: Trace): ChildSpec {
  const path = `${parent}/${n}`;
  const id = String(n);
  if (plan.kind === 'supervisor') {
    return child({ id, restart: plan.restart, logic: supervisor(optionsOf(plan, path, trace)) });
  }
  const life = fromCallback(() => {
    const attempt = trace.starting(path);
    if (plan.failing.includes(attempt)) throw new Error(`start ${attempt} of ${path}`);
    trace.began(path, attempt);
    // Work of its own, that must not outlive it.
    const timer = setInterval(() => {}, 10);
    return () => {
      clearInterval(timer);
      trace.ended(path);
    };
  });
  const logic = createMachine({
    initial: 'on',
    states: { on: { invoke: { src: life }, after: { 3600000: 'off' } }, off: { type: 'final' } },
    on: {
      finish: '.off',
      throw: {
        actions: () => {
          throw new Error('throw');
        },
      },
    },
  });
  return child({ id, name: path, restart: plan.restart, logic });
}

/** In a stop from running, children end in reverse start order, each with all below it before the next. */
const inReverse = (stopped: readonly string[]): string[] =>
  [...stopped].sort((a, b) => {
    const [x, y] = [a.split('/'), b.split('/')];
    for (let n = 0; n < Math.min(x.length, y.length); n++) {
      if (x[n] !== y[n]) return Number(y[n]) - Number(x[n]);
    }
    return y.length - x.length;
  });

test('random trees under random faults do what one-for-one says, and leave nothing behind', async () => {
  const listeners = process.listenerCount('uncaughtException');
  await fc.assert(
    fc.asyncProperty(tree, fc.array(step, { maxLength: 14 }), async (plan, steps) => {
      vi.useFakeTimers();
      try {
        await run(plan, steps);
        expect(vi.getTimerCount()).toBe(0);
        expect(process.listenerCount('uncaughtException')).toBe(listeners);
      } finally {
        vi.useRealTimers();
      }
    }),
    { numRuns: 150 },
  );
}, 120_000);

async function run(
  plan: SupervisorPlan,
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
) {
  const trace = new Trace();
  const model = new SupervisionModel(plan);
  const runtime = createRuntime(optionsOf(plan, 'root', trace));
  let gone = false;
  void runtime.exited.then(() => {
    gone = true;
  });
  const settle = () => vi.advanceTimersByTimeAsync(40);
  const agree = () => {
    expect(trace.living()).toEqual(model.alive().sort());
    expect(gone).toBe(!model.isAlive);
  };

  try {
    await check();
  } finally {
    const stopped = runtime.stop();
    await settle();
    await stopped;
  }

  async function check(): Promise<void> {
    const started = runtime.start().then(
      () => true,
      () => false,
    );
    await settle();
    expect(await started).toBe(!model.startFailed);
    agree();

    for (const each of steps) {
      if (each === 'stop') break;
      if (each === 'wait') {
        await vi.advanceTimersByTimeAsync(5000);
        model.now += 5000;
        continue;
      }
      const living = model.alive().map((label) => label.split('#')[0] as string);
      if (living.length === 0) break;
      const path = living[each.at % living.length] as string;
      const siblings = living.filter((other) => other.slice(0, -2) === path.slice(0, -2));
      const paths = each.sibling ? siblings : [path];
      for (const one of paths) end(one, each.way);
      model.end(paths.map((one) => ({ path: one, reason: reasonOf(each.way) })));
      await settle();
      agree();
    }

    const before = [...trace.alive.keys()];
    trace.lines.length = 0;
    const stopped = runtime.stop();
    await settle();
    await stopped;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(trace.lines).toEqual(inReverse(before).map((path) => `-${path}`));
    expect(trace.living()).toEqual([]);
  }

  function end(path: string, way: Way): void {
    const ref = runtime.whereis(path);
    if (ref === undefined) throw new Error(`${path} should live`);
    if (way === 'throw' || way === 'finish') ref.send({ type: way });
    else exit(ref, reasonOf(way));
  }
}
