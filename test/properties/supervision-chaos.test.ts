import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AnyActorRef } from 'xstate';
import { exit, sys } from '../../src/runtime/index.js';
import { createWorld } from '../../src/testing/create-world.js';
import { refOf } from '../../supervisors/children.js';
import {
  countChildren,
  deleteChild,
  restartChild,
  type SupervisorRef,
  startChild,
  stop,
  terminateChild,
  whichChildren,
} from '../../supervisors/index.js';
import { processOf } from '../../supervisors/supervisor.js';
import {
  type Op,
  op,
  type Plan,
  type Shutdown,
  type SupervisorPlan,
  sane,
  tree,
} from './supervision-plan.js';
import { brokenRules } from './supervision-rules.js';
import { reasonOf, Stage } from './supervision-stage.js';

/** Nobody waits for anything: the next thing happens so many ms later, whatever goes on. */
interface Blow {
  readonly after: number;
  readonly what: Op | { readonly op: 'suspend' | 'resume' | 'look'; readonly at: number };
}

const blow: fc.Arbitrary<Blow> = fc.record({
  after: fc.constantFrom(0, 0, 0, 1, 400, 1000, 2000, 21_000),
  what: fc.oneof(
    { weight: 6, arbitrary: op },
    {
      weight: 1,
      arbitrary: fc.record({ op: fc.constantFrom('suspend', 'resume', 'look'), at: fc.nat() }),
    },
  ),
});

test('whatever comes in the midst of whatever: order, intensity and time to end hold, and nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(
      tree,
      fc.array(blow, { maxLength: 25 }),
      fc.array(fc.nat(5), { maxLength: 60 }),
      async (plan, blows, tape) => {
        const world = createWorld({ escapes: 'ignore', traceLimit: 1, tape });
        try {
          await rage(blows, new Stage(plan, world));
        } finally {
          await world.leave();
        }
      },
    ),
    { numRuns: 450 },
  );
}, 120_000);

async function rage(blows: readonly Blow[], stage: Stage): Promise<void> {
  const { world, runtime } = stage;
  /** What has yet to be started on order, and may be before the supervisor is told to stop. */
  const asked: { time(): number }[] = [];
  const answers: { readonly what: string; settled: boolean }[] = [];
  /** Who was told to stop by somebody else than its supervisor, and does so in its own time. */
  const told = new Set<string>();
  let exited = false;
  void runtime.exited.then(() => {
    exited = true;
  });
  const ask = (what: string, call: Promise<unknown>, time = 0): void => {
    const answer = { what, settled: false };
    answers.push(answer);
    asked.push({ time: () => (answer.settled ? 0 : time) });
    const settle = (): void => {
      answer.settled = true;
    };
    call.then(settle, settle);
  };

  try {
    ask('start', stage.start());
    await world.settle();
    for (const { after, what } of blows) {
      // Also in the midst of the work of one instant.
      if (after > 0) await world.advance(after);
      else await undefined;
      strike(what);
    }
    const within = asked.reduce((sum, { time }) => sum + time(), timeToEnd(stage, runtime.root, 'root'));
    const from = stage.lines.length;
    const stopped = runtime.stop();
    await world.advance(within);
    await world.settle();
    expect(exited, `ends within ${within} ms`).toBe(true);
    await stopped;
    expect(answers.filter(({ settled }) => !settled)).toEqual([]);
    expect(brokenRules(stage.lines, stage.begun, { from, told })).toEqual([]);
    expect(stage.leftovers()).toEqual([]);
    expect(await stage.leave()).toEqual([]);
  } catch (error) {
    const lines = stage.lines.map(({ at, path, text }) => `    ${at} ${path} ${text}`);
    (error as Error).message += `\n${lines.join('\n')}`;
    throw error;
  } finally {
    const stopped = Promise.all([runtime.stop(), stage.leave()]);
    await world.advance(1_000_000);
    await stopped;
  }

  function strike(what: Blow['what']): void {
    const living = stage.living();
    const supervisors = living.filter((path) => processOf(stage.refAt(path) as AnyActorRef) !== undefined);
    const path = pick(living, what.at);
    const sup = pick(supervisors, what.at);
    if (path === undefined || sup === undefined) return;
    const isSupervisor = supervisors.includes(path);
    const ref = stage.refAt(path) as AnyActorRef;
    const addressed = stage.supervisorAt(sup);
    if (what.op === 'end') {
      // It comes a moment later.
      if (what.way === 'async') told.add(path);
      if (!isSupervisor) stage.end(path, what.way);
    } else if (what.op === 'kill') {
      if (isSupervisor && path !== 'root') exit(ref, { type: 'killed' });
    } else if (what.op === 'stop') {
      if (path === 'root') return;
      told.add(path);
      ask(`stop ${path}`, stop(ref, reasonOf(what.reason)));
    } else if (what.op === 'suspend') ask(`suspend ${sup}`, sys.suspend(addressed));
    else if (what.op === 'resume') sys.resume(addressed);
    else if (what.op === 'look')
      ask(`look ${sup}`, Promise.all([whichChildren(addressed), countChildren(addressed)]));
    else if ('plan' in what || 'child' in what)
      ask(`${what.op} ${sup}`, order(what, addressed, sup), 'plan' in what ? timeOf(what.plan) : 0);
  }

  function order(what: Asking, asked: SupervisorRef, path: string): Promise<unknown> {
    const roster = [...(processOf(asked)?.roster ?? [])];
    const plan = stage.plans.get(path) as SupervisorPlan;
    const storey = path.split('/').length;
    if (what.op === 'start') {
      if (roster.length >= 6 || (storey > 3 && what.plan.kind === 'supervisor')) return Promise.resolve();
      const added = sane(what.plan, plan, storey);
      if (plan.strategy === 'dynamic') return startChild(asked, added);
      return startChild(asked, stage.specOf(added, path, String(what.at % (what.again ? 4 : 100))));
    }
    const child = pick(roster, what.child);
    const key =
      child === undefined ? 'nobody' : (plan.strategy === 'dynamic' && refOf(child)) || child.spec.id;
    if (what.op === 'terminate') {
      told.add(`${path}/${child?.spec.id}`);
      return terminateChild(asked, key);
    }
    return (what.op === 'restart' ? restartChild : deleteChild)(asked, String(key));
  }
}

type Asking = Extract<Op, { readonly plan: unknown } | { readonly child: number }>;

const pick = <T>(among: readonly T[], at: number): T | undefined => among[at % Math.max(1, among.length)];

/**
 * The sum of the shutdown times of a supervisor's children, also of those that it may start again before the order reaches it; of a
 * dynamic one the longest, after the child that it is stopping already.
 */
function timeToEnd(stage: Stage, sup: AnyActorRef, path: string): number {
  const process = processOf(sup);
  const times = [...(process?.roster ?? [])].map(({ incarnation, spec }) => {
    const below = `${path}/${spec.id}`;
    const plan = stage.plans.get(below);
    const lives = incarnation?.isMade && incarnation.isSupervisor;
    const running = lives ? timeToEnd(stage, incarnation.ref, below) : 0;
    const needs = Math.max(running, plan === undefined ? longest : timeOf(plan));
    return { time: Math.min(granted(spec.shutdown), needs), stopping: incarnation?.phase === 'stopping' };
  });
  const max = (some: typeof times): number => Math.max(0, ...some.map(({ time }) => time));
  if (process?.options.dynamic !== undefined)
    return max(times) + max(times.filter(({ stopping }) => stopping));
  return times.reduce((sum, { time }) => sum + time, 0);
}

/** What a worker may need that has for ever. */
const longest = 5000;

const granted = (shutdown: Shutdown): number =>
  shutdown === 'brutal' ? 0 : shutdown === 'infinity' ? Number.POSITIVE_INFINITY : shutdown;

function timeOf(plan: Plan): number {
  const needs = plan.kind === 'worker' ? longest : plan.children.reduce((sum, each) => sum + timeOf(each), 0);
  return Math.min(granted(plan.shutdown), needs);
}
