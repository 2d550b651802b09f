/** Trees to be run, by the real supervisors and by the model, and what happens to them. */
import fc from 'fast-check';
import type { Restart } from '../../src/runtime/index.js';
import type { AutoShutdown, Strategy } from '../../supervisors/index.js';

/** A reason, in a word. */
export type Word = 'normal' | 'shutdown' | 'shutdown:x' | 'killed' | 'error';

/** What a start comes to: `slow` and `late-fail` take a second, `never` takes its whole start timeout, `quit` is done at once. */
export type Outcome = 'ok' | 'slow' | 'fail' | 'late-fail' | 'quit' | 'ignore' | 'never';

export type Shutdown = number | 'brutal' | 'infinity';

interface Common {
  readonly restart: Restart;
  readonly significant: boolean;
  readonly shutdown: Shutdown;
}

export interface WorkerPlan extends Common {
  readonly kind: 'worker';
  /** By the number of the incarnation, from 1; all later ones are ok. */
  readonly starts: readonly Outcome[];
  /** It takes the order to stop itself, needs so many ms and ends so; undefined: it does not listen. */
  readonly stopping: { readonly takes: number; readonly ends: Word | 'asked' } | undefined;
  readonly trapExit: boolean;
}

export interface SupervisorPlan extends Common {
  readonly kind: 'supervisor';
  /** `dynamic` begins with no children. */
  readonly strategy: Strategy | 'dynamic';
  readonly maxRestarts: number;
  readonly within: number;
  readonly autoShutdown: AutoShutdown;
  readonly children: readonly Plan[];
}

export type Plan = WorkerPlan | SupervisorPlan;

/** How a worker ends: by itself, or by an exit signal of somebody else's (`exit:…`). */
export type Way = 'throw' | 'async' | 'kill' | `self:${Word}` | `exit:${Word}`;

/** `at` and `child` choose among what there is when it comes to that. */
export type Op =
  | { readonly op: 'end'; readonly at: number; readonly way: Way }
  | { readonly op: 'kill'; readonly at: number }
  | { readonly op: 'stop'; readonly at: number; readonly reason: Word }
  | { readonly op: 'start'; readonly at: number; readonly plan: Plan; readonly again: boolean }
  | { readonly op: 'terminate' | 'restart' | 'delete'; readonly at: number; readonly child: number };

export type Step =
  | { readonly kind: 'one'; readonly op: Op }
  /** All at once: the supervisor is suspended meanwhile. */
  | { readonly kind: 'batch'; readonly at: number; readonly ops: readonly Op[] }
  | { readonly kind: 'wait'; readonly ms: number }
  /** Until the oldest restart that counts for a supervisor is so much older than its window. */
  | { readonly kind: 'edge'; readonly at: number; readonly by: -1 | 0 | 1 };

export const startTimeout = 2500;
export const slowStart = 1000;

const restart = fc.constantFrom<Restart[]>('permanent', 'permanent', 'transient', 'temporary');
const words = fc.constantFrom<Word[]>('normal', 'shutdown', 'shutdown:x', 'killed', 'error');
const outcome = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Outcome>('ok') },
  { weight: 3, arbitrary: fc.constant<Outcome>('fail') },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Outcome[]>('slow', 'late-fail', 'quit', 'ignore', 'never'),
  },
);

/**
 * All that takes time is chosen so that no two things that race come at one instant: work takes whole seconds, a worker is
 * granted half a second more, a supervisor some ms more by its storey (see `sane`).
 */
const worker: fc.Arbitrary<WorkerPlan> = fc.record({
  kind: fc.constant('worker'),
  restart,
  significant: fc.boolean(),
  shutdown: fc.constantFrom<Shutdown[]>(1500, 1500, 3500, 0, 'brutal', 'infinity'),
  starts: fc.oneof(
    { weight: 2, arbitrary: fc.constant<readonly Outcome[]>([]) },
    { weight: 1, arbitrary: fc.array(outcome, { maxLength: 5 }).map((first) => ['ok' as const, ...first]) },
    { weight: 1, arbitrary: fc.array(outcome, { maxLength: 3 }) },
  ),
  stopping: fc.option(
    fc.record({
      takes: fc.constantFrom(0, 1000, 2000, 5000),
      ends: fc.oneof(fc.constant('asked' as const), words),
    }),
    { nil: undefined },
  ),
  trapExit: fc.boolean(),
});

const supervisorWith = (node: fc.Arbitrary<Plan>): fc.Arbitrary<SupervisorPlan> =>
  fc.record({
    kind: fc.constant('supervisor'),
    restart,
    significant: fc.boolean(),
    shutdown: fc.constantFrom<Shutdown[]>('infinity', 'infinity', 0, 'brutal', 3000, 6000),
    strategy: fc.constantFrom('one-for-one', 'one-for-all', 'rest-for-one', 'dynamic'),
    maxRestarts: fc.nat(3),
    within: fc.constant(20_000),
    autoShutdown: fc.constantFrom('never', 'any-significant', 'all-significant'),
    children: fc.array(node, { minLength: 1, maxLength: 3 }),
  });

const { node } = fc.letrec<{ node: Plan; sup: SupervisorPlan }>((tie) => ({
  node: fc.oneof({ depthSize: 'small', maxDepth: 3 }, worker, tie('sup')),
  sup: supervisorWith(tie('node')),
}));

/** The storeys that a tree may have below its root. */
const lowest = 3;

/** What no supervisor would refuse: significance only where somebody looks at it. By storey, supervisors are granted times of their own. */
export function sane(plan: Plan, parent: Pick<SupervisorPlan, 'autoShutdown'>, storey: number): Plan {
  const significant = plan.significant && parent.autoShutdown !== 'never';
  const restart = significant && plan.restart === 'permanent' ? 'transient' : plan.restart;
  if (plan.kind === 'worker') return { ...plan, significant, restart };
  const { shutdown } = plan;
  const own = typeof shutdown === 'number' && shutdown > 0 ? shutdown + 10 ** (lowest - storey) : shutdown;
  return {
    ...plan,
    significant,
    restart,
    shutdown: own,
    children:
      plan.strategy === 'dynamic'
        ? []
        : plan.children
            .filter((each) => storey < lowest || each.kind === 'worker')
            .map((each) => sane(each, plan, storey + 1)),
  };
}

export const tree: fc.Arbitrary<SupervisorPlan> = supervisorWith(node).map(
  (plan) => sane({ ...plan, shutdown: 'infinity' }, { autoShutdown: 'never' }, 0) as SupervisorPlan,
);

const way = fc.constantFrom<Way[]>(
  'throw',
  'throw',
  'async',
  'kill',
  'self:normal',
  'self:shutdown',
  'self:shutdown:x',
  'self:error',
  'exit:normal',
  'exit:shutdown',
  'exit:error',
);
const asked = fc.constantFrom('terminate', 'restart', 'delete');
export const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ op: fc.constant('end'), at: fc.nat(), way }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('kill'), at: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('stop'),
      at: fc.nat(),
      reason: fc.constantFrom<Word[]>('normal', 'shutdown', 'shutdown:x'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('start'), at: fc.nat(), plan: node, again: fc.boolean() }),
  },
  { weight: 5, arbitrary: fc.record({ op: asked, at: fc.nat(), child: fc.nat() }) },
);

export const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('one'), op }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('batch'),
      at: fc.nat(),
      ops: fc.array(op, { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(1, 4000, 30_000) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('edge'),
      at: fc.nat(),
      by: fc.constantFrom<(-1 | 0 | 1)[]>(-1, 0, 1),
    }),
  },
);
