/** Trees of services, tasks and what runs with a backoff, and what becomes of each. */
import fc from 'fast-check';
import type { Restart } from '../../src/runtime/index.js';
import type { Shutdown } from './supervision-plan.js';

/** One life after the other; those after the last are well. */
export interface ServicePlan extends Common {
  readonly kind: 'service';
  readonly lives: readonly ServiceLifePlan[];
  readonly stop: { readonly takes: number; readonly rejects: boolean } | undefined;
}
export interface ServiceLifePlan {
  readonly takes: number;
  readonly start: 'resolves' | 'rejects' | 'throws' | 'hangs';
  /** So long after its start, by `fail` or by a promise that nobody awaits. */
  readonly dies: { readonly after: number; readonly by: 'fail' | 'promise' } | undefined;
}
export interface TaskPlan extends Common {
  readonly kind: 'task';
  readonly lives: readonly { readonly takes: number; readonly throws: boolean }[];
  /** What it needs when its signal has fired. */
  readonly heeds: number;
}
export interface SupervisorPlan extends Common {
  readonly kind: 'supervisor';
  readonly strategy: 'one-for-one' | 'one-for-all' | 'rest-for-one';
  readonly maxRestarts: number;
  readonly within: number;
  readonly children: readonly Plan[];
}
interface Common {
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly backoff: { readonly min: number; readonly span: number; readonly resetAfter: number } | undefined;
}
export type Plan = ServicePlan | TaskPlan | SupervisorPlan;

export const startTimeout = 2500;
const common = {
  restart: fc.constantFrom<Restart[]>('permanent', 'permanent', 'transient', 'temporary'),
  shutdown: fc.constantFrom<Shutdown[]>(1500, 1500, 3500, 0, 'brutal', 'infinity'),
  backoff: fc.option(
    fc.record({ min: fc.integer({ min: 1, max: 400 }), span: fc.nat(3000), resetAfter: fc.nat(3000) }),
    { nil: undefined },
  ),
};
const servicePlan: fc.Arbitrary<ServicePlan> = fc.record({
  kind: fc.constant('service'),
  ...common,
  lives: fc.array(
    fc.record({
      takes: fc.constantFrom(0, 0, 300, 4000),
      start: fc.constantFrom('resolves', 'resolves', 'resolves', 'rejects', 'throws', 'hangs'),
      dies: fc.option(
        fc.record({ after: fc.constantFrom(0, 100, 2000), by: fc.constantFrom('fail', 'promise') }),
        { nil: undefined },
      ),
    }),
    { maxLength: 5 },
  ),
  stop: fc.option(fc.record({ takes: fc.constantFrom(0, 1000, 5000), rejects: fc.boolean() }), {
    nil: undefined,
  }),
});
const taskPlan: fc.Arbitrary<TaskPlan> = fc.record({
  kind: fc.constant('task'),
  ...common,
  lives: fc.array(fc.record({ takes: fc.constantFrom(0, 100, 2000), throws: fc.boolean() }), {
    maxLength: 5,
  }),
  heeds: fc.constantFrom(0, 1000, 5000),
});
const supervisorOf = (node: fc.Arbitrary<Plan>): fc.Arbitrary<SupervisorPlan> =>
  fc.record({
    kind: fc.constant('supervisor'),
    ...common,
    strategy: fc.constantFrom('one-for-one', 'one-for-all', 'rest-for-one'),
    maxRestarts: fc.nat(4),
    // Longer than all that happens: that the window moves on is not asked here.
    within: fc.constant(3_600_000),
    children: fc.array(node, { minLength: 1, maxLength: 3 }),
  });
const { node } = fc.letrec<{ node: Plan; sup: SupervisorPlan }>((tie) => ({
  node: fc.oneof({ depthSize: 'small', maxDepth: 2 }, servicePlan, taskPlan, tie('sup')),
  sup: supervisorOf(tie('node')),
}));

export const tree = supervisorOf(node);

export const granted = (shutdown: Shutdown): number =>
  shutdown === 'brutal' ? 0 : shutdown === 'infinity' ? Number.POSITIVE_INFINITY : shutdown;

/** What it may need to stop: of a supervisor the sum of its children's. */
export function timeOf(plan: Plan): number {
  const needs = {
    service: ({ stop }: ServicePlan) => stop?.takes ?? 0,
    task: ({ heeds }: TaskPlan) => heeds,
    supervisor: ({ children }: SupervisorPlan) => children.reduce((sum, each) => sum + timeOf(each), 0),
  }[plan.kind](plan as never);
  return Math.min(granted(plan.shutdown), needs);
}
