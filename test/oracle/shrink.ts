import type { Plan, Scenario, Step } from './scenario.js';

/** A scenario, as it is written or read. */
export type Shrinkable = Pick<Scenario, 'name' | 'unordered'> & {
  readonly tree: Plan;
  readonly steps: readonly Step[];
};

/**
 * Smaller scenarios, those first that leave out most: half of the steps, one step, one operation of a batch, one child. Each still is a
 * scenario, if perhaps one in which something is addressed that is not there.
 */
function* smaller(scenario: Shrinkable): Generator<Shrinkable> {
  const { steps, tree } = scenario;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < steps.length; at += size) {
      yield { ...scenario, steps: [...steps.slice(0, at), ...steps.slice(at + size)] };
    }
  }
  for (const child of smallerPlans(tree)) yield { ...scenario, tree: child };
  for (const [at, step] of steps.entries()) {
    if (step.op !== 'batch' || step.ops.length < 2) continue;
    for (const without of step.ops.keys()) {
      const ops = step.ops.filter((_, n) => n !== without);
      yield { ...scenario, steps: steps.with(at, { ...step, ops }) };
    }
  }
}

function* smallerPlans(plan: Plan): Generator<Plan> {
  const { children } = plan;
  if (children !== undefined) {
    for (const without of children.keys())
      yield { ...plan, children: children.filter((_, n) => n !== without) };
    for (const [at, child] of children.entries()) {
      if (typeof child !== 'object' || child === null) continue;
      for (const one of smallerPlans(child as Plan)) yield { ...plan, children: children.with(at, one) };
    }
  }
  for (const key of [
    'start',
    'startThen',
    'trapExit',
    'stopDelay',
    'stopReason',
    'auto_shutdown',
    'significant',
  ] as const) {
    // Who never stops by itself must stay killable.
    if (plan[key] === undefined || (key === 'trapExit' && plan.stopDelay !== undefined)) continue;
    const { [key]: _, ...rest } = plan;
    yield rest;
  }
}

/**
 * The smallest scenario found in so many rounds that is still bad. `firstBad` is given all candidates of a round, and answers which is
 * the first bad one.
 */
export async function shrunk(
  scenario: Shrinkable,
  firstBad: (candidates: readonly Shrinkable[]) => Promise<number>,
  rounds = 8,
): Promise<Shrinkable> {
  let smallest = scenario;
  for (let round = 0; round < rounds; round++) {
    const candidates = [...smaller(smallest)];
    const found = candidates[await firstBad(candidates)];
    if (found === undefined) break;
    smallest = found;
  }
  return smallest;
}
