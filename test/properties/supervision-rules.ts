/** What holds of every trace of a tree, whatever has happened. */
import type { Line } from './supervision-model.js';
import type { Plan, SupervisorPlan } from './supervision-plan.js';

/** What of a plan the rules look at. */
export type Ruled =
  | { readonly kind: 'worker'; readonly restart: Plan['restart'] }
  | (Pick<SupervisorPlan, 'kind' | 'restart' | 'strategy' | 'maxRestarts' | 'within'> & {
      readonly children: readonly unknown[];
    });

interface Life {
  readonly plan: Extract<Ruled, { readonly kind: 'supervisor' }> | undefined;
  ready: boolean;
  /** The place in start order of the child that it started last, before it was ready. */
  booted: number;
  /** When something was to be restarted. */
  readonly due: number[];
  readonly restarted: number[];
}

/** A start: how many lines there were before it, of which path and by which plan. */
export interface Begun {
  readonly before: number;
  readonly path: string;
  readonly plan: Ruled;
}

/**
 * `from`: the line from which on the tree was told to stop; `told`: who was told to stop by others, and ends in its own time.
 */
export function brokenRules(
  lines: readonly Line[],
  begun: readonly Begun[],
  { from, told }: { readonly from: number; readonly told: ReadonlySet<string> },
): string[] {
  const broken: string[] = [];
  const plans = new Map<string, Ruled>();
  let started = 0;
  /** By path: who lives, or is being started. */
  const living = new Map<string, number>();
  const latest = new Map<string, number>();
  const lives = new Map<string, Life>();
  const stopped = new Map<string, number>();

  lines.forEach(({ at, path, text }, n) => {
    for (let next = begun[started]; next !== undefined && next.before <= n; next = begun[++started]) {
      plans.set(next.path, next.plan);
    }
    const blame = (rule: string): void => void broken.push(`${rule}: ${at} ${path} ${text}`);
    const parent = path.slice(0, path.lastIndexOf('/'));
    const above = life(parent);
    const number = Number(/^[+-](\d+)/.exec(text)?.[1]);
    if (text.startsWith('+')) {
      if (living.has(path)) blame('two incarnations at once');
      if (number <= (latest.get(path) ?? 0)) blame('an incarnation twice');
      living.set(path, number);
      latest.set(path, number);
      life(path).ready = true;
      // The order to stop had not reached its supervisor yet.
      stopped.delete(parent);
      inOrder(above, path, blame);
    } else if (text.startsWith('-')) {
      const lived = living.get(path);
      if (lived !== undefined && lived !== number) blame('an exit of another incarnation');
      if (lived === undefined && number <= (latest.get(path) ?? 0)) blame('an exit of one that had ended');
      latest.set(path, number);
      living.delete(path);
      for (const other of living.keys()) if (other.startsWith(`${path}/`)) blame(`it leaves ${other}`);
      if (n >= from && lived !== undefined) inReverse(parent, above, path, blame);
      lives.delete(path);
    } else if (text.startsWith('*')) {
      above.restarted.push(at);
      if (isOneForOne(above) && counting(above, above.restarted, at) > most(above))
        blame('intensity exceeded');
    } else if (text.startsWith('child-terminated')) {
      if (plans.get(path)?.restart !== 'temporary') above.due.push(at);
    } else if (text.startsWith('start-error')) {
      if (above.ready) above.due.push(at);
    } else if (text.endsWith('GaveUpError') && text.startsWith('shutdown ')) {
      if (counting(above, above.due, at) <= most(above)) blame('intensity undercut');
    }
  });
  return broken;

  function life(path: string): Life {
    const known = lives.get(path);
    if (known !== undefined) return known;
    const plan = plans.get(path);
    const made: Life = {
      plan: plan?.kind === 'supervisor' ? plan : undefined,
      ready: false,
      booted: -1,
      due: [],
      restarted: [],
    };
    lives.set(path, made);
    return made;
  }

  /** Of those that a supervisor begins with. */
  function inOrder(above: Life, path: string, blame: (rule: string) => void): void {
    if (above.plan === undefined || above.plan.strategy === 'dynamic' || above.ready) return;
    const place = placeOf(path);
    if (place <= above.booted) blame('start order');
    above.booted = place;
  }

  /** Of the workers that a static supervisor began with. A supervisor among them may have been about to end by itself. */
  function inReverse(parent: string, above: Life, path: string, blame: (rule: string) => void): void {
    const { plan } = above;
    if (plan === undefined || plan.strategy === 'dynamic' || told.has(path)) return;
    if (plans.get(path)?.kind === 'supervisor') return;
    const place = placeOf(path);
    if (place >= plan.children.length) return;
    if (place >= (stopped.get(parent) ?? Number.POSITIVE_INFINITY)) blame('reverse stop order');
    stopped.set(parent, place);
  }
}

const placeOf = (path: string): number => Number(path.slice(path.lastIndexOf('/') + 1));
const most = ({ plan }: Life): number => plan?.maxRestarts ?? Number.POSITIVE_INFINITY;
const isOneForOne = ({ plan }: Life): boolean =>
  plan?.strategy === 'one-for-one' || plan?.strategy === 'dynamic';
const counting = ({ plan }: Life, times: readonly number[], now: number): number =>
  times.filter((time) => time >= now - (plan?.within ?? 0)).length;
