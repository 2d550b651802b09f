import {
  type Outcome,
  type Plan,
  type SupervisorPlan,
  slowStart,
  startTimeout,
  type WorkerPlan,
} from './supervision-plan.js';

/** What happened, when, to whom. */
export interface Line {
  readonly at: number;
  readonly path: string;
  /** `+2` the second incarnation is ready, `-2 killed` it has ended, `*1` restarted once, else a report. */
  readonly text: string;
}

/** What a call came to. */
export interface Answer {
  value: string | undefined;
}

interface Child {
  readonly id: string;
  readonly plan: Plan;
  life: Life | undefined;
  restarting: boolean;
  restarts: number;
  latest: number;
}

/** One incarnation. */
export interface Life {
  readonly path: string;
  readonly number: number;
  readonly child: Child;
  readonly parent: Supervising | undefined;
  alive: boolean;
  ready: boolean;
  reason: string | undefined;
}

type Message = () => void;

export interface Supervising extends Life {
  readonly plan: SupervisorPlan;
  children: Child[];
  window: number[];
  queue: Message[];
  callers: Set<Answer>;
  suspended: boolean;
  /** It has been ordered to end so. */
  order: string | undefined;
}

const isSupervising = (life: Life): life is Supervising => 'queue' in life;
export const planOf = ({ child }: Life): Plan => child.plan;
/** An exit that a permanent child alone is restarted for. */
const isOrderly = (reason: string): boolean => reason === 'normal' || reason.startsWith('shutdown');
const never = Number.POSITIVE_INFINITY;

/**
 * Supervision as semantics.md has it, without any asynchrony. One thing happens at a time, and all that follows from it before the
 * next; what takes time moves the clock.
 */
export class SupervisionModel {
  now = 0;
  readonly lines: Line[] = [];
  readonly root: Supervising;
  readonly #numbers = new Map<string, number>();
  readonly #supervising = new Set<Supervising>();
  readonly startFailed: boolean;

  constructor(plan: SupervisorPlan) {
    const child = newChild('root', plan);
    this.startFailed = this.#start(child, 'root', undefined) !== 'ready';
    this.root = (child.life ?? this.#lastRoot) as Supervising;
  }

  #lastRoot: Life | undefined;

  get isAlive(): boolean {
    return this.root.alive;
  }

  /** Whoever lives, parents first, in start order. */
  *living(from: Life = this.root): Generator<Life> {
    if (!from.alive) return;
    yield from;
    if (!isSupervising(from)) return;
    for (const { life } of from.children) if (life !== undefined) yield* this.living(life);
  }

  supervisors(): Supervising[] {
    return [...this.living()].filter(isSupervising);
  }

  /** Sums up a supervisor as `whichChildren` and `countChildren` do. */
  state({ plan, children }: Supervising): string {
    return `${children.map(written).join(' ')} | ${counted(plan, children)}`;
  }

  /** All that is to follow. */
  settle(): void {
    for (;;) {
      const next = [...this.#supervising].find(
        (each) => each.order !== undefined || (!each.suspended && each.queue.length > 0),
      );
      if (next === undefined) return;
      if (next.order !== undefined) this.#terminate(next, next.order);
      else next.queue.shift()?.();
    }
  }

  /** A child ends, by itself or by an exit signal. */
  end(life: Life, reason: string): void {
    if (!life.alive) return;
    if (isSupervising(life)) this.#kill(life);
    else this.#die(life, reason);
    this.#tellParent(life);
  }

  /** An order to stop from outside. */
  stop(life: Life, reason: string): void {
    if (!life.alive) return;
    if (isSupervising(life)) {
      life.order ??= reason;
      return;
    }
    this.#stopWorker(life, planOf(life) as WorkerPlan, reason, never);
    this.#tellParent(life);
  }

  call(sup: Supervising, serve: () => string): Answer {
    const answer: Answer = { value: undefined };
    if (!sup.alive) {
      answer.value = 'NoSuchActorError';
      return answer;
    }
    sup.callers.add(answer);
    sup.queue.push(() => {
      const value = serve();
      answer.value ??= value;
      sup.callers.delete(answer);
    });
    return answer;
  }

  startChild(sup: Supervising, id: string, plan: Plan): Answer {
    return this.call(sup, () => {
      const dynamic = sup.plan.strategy === 'dynamic';
      const there = sup.children.find((child) => child.id === id);
      if (!dynamic && there !== undefined) {
        return there.life === undefined ? 'AlreadyPresentError' : 'AlreadyStartedError';
      }
      const child = newChild(dynamic ? String(this.#next(`${sup.path}/`)) : id, plan);
      sup.children.push(child);
      const outcome = this.#start(child, `${sup.path}/${child.id}`, sup);
      if (outcome === 'failed' || (outcome === 'ignored' && isForgotten(sup, child))) remove(sup, child);
      return outcome === 'failed' ? 'StartError' : outcome === 'ignored' ? 'ignored' : written(child);
    });
  }

  terminateChild(sup: Supervising, id: string, life: Life | undefined): Answer {
    return this.call(sup, () => {
      if (sup.plan.strategy === 'dynamic') {
        if (life === undefined) return 'DynamicChildError';
        // Who runs, or ran last and is being restarted.
        const child = sup.children.find(
          (each) => each.life === life || (each.restarting && formerOf.get(each) === life),
        );
        if (child === undefined) return life.alive ? 'NoSuchChildError' : 'ok';
        this.#stop(sup, child, never);
        return 'ok';
      }
      const child = sup.children.find((each) => each.id === id);
      if (child === undefined) return 'NoSuchChildError';
      this.#stop(sup, child, never);
      return 'ok';
    });
  }

  restartChild(sup: Supervising, id: string): Answer {
    return this.call(sup, () => {
      const child = this.#idle(sup, id);
      if (typeof child === 'string') return child;
      const outcome = this.#start(child, `${sup.path}/${id}`, sup);
      return outcome === 'failed' ? 'StartError' : outcome === 'ignored' ? 'ignored' : written(child);
    });
  }

  deleteChild(sup: Supervising, id: string): Answer {
    return this.call(sup, () => {
      const child = this.#idle(sup, id);
      if (typeof child === 'string') return child;
      remove(sup, child);
      return 'ok';
    });
  }

  #idle(sup: Supervising, id: string): Child | string {
    if (sup.plan.strategy === 'dynamic') return 'DynamicChildError';
    const child = sup.children.find((each) => each.id === id);
    if (child === undefined) return 'NoSuchChildError';
    if (child.restarting) return 'ChildRestartingError';
    return child.life === undefined ? child : 'ChildRunningError';
  }

  #start(child: Child, path: string, parent: Supervising | undefined): 'ready' | 'ignored' | 'failed' {
    const number = parent?.plan.strategy === 'dynamic' ? child.latest + 1 : this.#next(path);
    child.latest = number;
    child.restarting = false;
    const life: Life = { path, number, child, parent, alive: true, ready: false, reason: undefined };
    const { plan } = child;
    const outcome =
      plan.kind === 'worker'
        ? this.#startWorker(life, plan.starts[number - 1] ?? 'ok')
        : this.#startSupervisor(life, plan);
    if (outcome === 'ready') {
      formerOf.delete(child);
    } else {
      child.life = undefined;
    }
    return outcome;
  }

  #startWorker(life: Life, outcome: Outcome): 'ready' | 'ignored' | 'failed' {
    if (outcome === 'slow' || outcome === 'late-fail') this.now += slowStart;
    if (outcome === 'never') this.now += startTimeout;
    if (outcome === 'ok' || outcome === 'slow') {
      life.child.life = life;
      this.#ready(life);
      return 'ready';
    }
    this.#die(life, outcome === 'ignore' ? 'normal' : 'error');
    return outcome === 'ignore' ? 'ignored' : 'failed';
  }

  #startSupervisor(life: Life, plan: SupervisorPlan): 'ready' | 'failed' {
    const sup: Supervising = Object.assign(life, {
      plan,
      children: plan.children.map((each, n) => newChild(String(n), each)),
      window: [],
      queue: [],
      callers: new Set<Answer>(),
      suspended: false,
      order: undefined,
    });
    sup.child.life = sup;
    if (sup.parent === undefined) this.#lastRoot = sup;
    for (const child of [...sup.children]) {
      const outcome = this.#start(child, `${sup.path}/${child.id}`, sup);
      if (outcome === 'failed') {
        this.#report(sup, 'start-error', child, failureOf(child));
        this.#stopAll(sup, never);
        this.#die(sup, 'shutdown:StartError');
        return 'failed';
      }
      if (outcome === 'ignored' && isForgotten(sup, child)) remove(sup, child);
    }
    this.#supervising.add(sup);
    this.#ready(sup);
    return 'ready';
  }

  #tellParent(life: Life): void {
    const { parent, child, reason } = life;
    if (parent?.alive) parent.queue.push(() => this.#onExit(parent, child, life, reason as string));
  }

  #onExit(sup: Supervising, child: Child, life: Life, reason: string): void {
    if (child.life !== life || !sup.children.includes(child)) return;
    const { restart, significant } = child.plan;
    if (restart === 'permanent' || !isOrderly(reason)) this.#report(sup, 'child-terminated', child, reason);
    this.#gone(child);
    if (restart === 'permanent' || (restart === 'transient' && !isOrderly(reason))) {
      this.#restart(sup, child);
      return;
    }
    if (isForgotten(sup, child)) remove(sup, child);
    const { autoShutdown } = sup.plan;
    if (autoShutdown === 'never' || !significant) return;
    const others = sup.children.some((each) => each.plan.significant && (each.life || each.restarting));
    if (autoShutdown === 'any-significant' || !others) this.#terminate(sup, 'shutdown');
  }

  #restart(sup: Supervising, failed: Child): void {
    const { within, maxRestarts, strategy } = sup.plan;
    sup.window = [...sup.window, this.now].filter((at) => at >= this.now - within);
    if (sup.window.length > maxRestarts) {
      this.#report(sup, 'shutdown', failed, 'shutdown:GaveUpError');
      failed.restarting = false;
      if (isForgotten(sup, failed)) remove(sup, failed);
      this.#terminate(sup, 'shutdown:GaveUpError');
      return;
    }
    const all = sup.children;
    const group =
      strategy === 'one-for-all'
        ? [...all]
        : strategy === 'rest-for-one'
          ? all.slice(all.indexOf(failed))
          : [failed];
    failed.restarting = false;
    for (const child of group.toReversed()) if (child !== failed) this.#stop(sup, child, never);
    for (const child of group) {
      if (!sup.children.includes(child)) continue;
      const outcome = this.#start(child, `${sup.path}/${child.id}`, sup);
      if (outcome === 'failed') {
        this.#report(sup, 'start-error', child, failureOf(child));
        child.restarting = true;
        sup.queue.push(() => {
          const now = sup.children.find(({ id }) => id === child.id);
          if (now?.restarting) this.#restart(sup, now);
        });
        return;
      }
      if (outcome === 'ready') this.#line(`${sup.path}/${child.id}`, `*${++child.restarts}`);
      else if (isForgotten(sup, child)) remove(sup, child);
    }
  }

  #terminate(sup: Supervising, reason: string): void {
    sup.order = undefined;
    sup.queue = [];
    this.#stopAll(sup, never);
    this.#die(sup, reason);
    this.#tellParent(sup);
  }

  /** Returns false when time was up, at `limit`, before all had ended. */
  #stopAll(sup: Supervising, limit: number): boolean {
    if (sup.plan.strategy === 'dynamic') return this.#stopTogether(sup, limit);
    for (const child of sup.children.toReversed()) if (!this.#stop(sup, child, limit)) return false;
    return true;
  }

  #stopTogether(sup: Supervising, limit: number): boolean {
    const began = this.now;
    const from = this.lines.length;
    const wrong = new Map<string, number>();
    let last = began;
    let all = true;
    for (const child of [...sup.children]) {
      this.now = began;
      const { life } = child;
      if (life !== undefined) {
        if (this.#stopLife(life, limit)) {
          const reason = life.reason as string;
          if (!isAcceptable(child.plan, reason)) wrong.set(reason, (wrong.get(reason) ?? 0) + 1);
        } else {
          all = false;
          continue;
        }
      }
      last = Math.max(last, this.now);
      this.#stopped(sup, child);
    }
    this.now = all ? last : limit;
    const lines = this.lines.splice(from);
    this.lines.push(...lines.sort((a, b) => a.at - b.at));
    if (!all) return false;
    for (const [reason, count] of wrong) this.#line(`${sup.path}/`, `shutdown-error x${count} ${reason}`);
    return true;
  }

  #stop(sup: Supervising, child: Child, limit: number): boolean {
    const { life } = child;
    if (life !== undefined) {
      if (!this.#stopLife(life, limit)) return false;
      const reason = life.reason as string;
      if (!isAcceptable(child.plan, reason)) this.#report(sup, 'shutdown-error', child, reason);
    }
    this.#stopped(sup, child);
    return true;
  }

  #stopped(sup: Supervising, child: Child): void {
    this.#gone(child);
    child.restarting = false;
    if (isForgotten(sup, child)) remove(sup, child);
  }

  /** Within its shutdown time; not beyond `limit`, at which somebody above is killed. */
  #stopLife(life: Life, limit: number): boolean {
    if (!life.alive) return true;
    const { shutdown } = planOf(life);
    if (shutdown === 'brutal' || (shutdown === 0 && isSupervising(life))) {
      if (isSupervising(life)) this.#kill(life);
      else this.#die(life, 'killed');
      return true;
    }
    if (!isSupervising(life)) return this.#stopWorker(life, planOf(life) as WorkerPlan, 'shutdown', limit);
    const own = shutdown === 'infinity' ? never : this.now + shutdown;
    life.queue = [];
    if (this.#stopAll(life, Math.min(own, limit))) {
      this.#die(life, 'shutdown');
      return true;
    }
    if (limit < own) return false;
    this.#kill(life);
    return true;
  }

  #stopWorker(life: Life, plan: WorkerPlan, asked: string, limit: number): boolean {
    const { stopping, shutdown } = plan;
    if (shutdown === 'brutal') this.#die(life, 'killed');
    else if (stopping === undefined) this.#die(life, asked);
    else {
      const ends = stopping.ends === 'asked' ? asked : stopping.ends;
      const own = shutdown === 'infinity' ? never : this.now + shutdown;
      const done = this.now + stopping.takes;
      if (stopping.takes > 0 && Math.min(done, own) > limit) {
        this.now = limit;
        return false;
      }
      const inTime = stopping.takes === 0 || done < own;
      this.now = inTime ? done : own;
      this.#die(life, inTime ? ends : 'killed');
    }
    return true;
  }

  /** At once, with all below it. */
  #kill(sup: Supervising): void {
    for (const { life } of sup.children.toReversed()) {
      if (!life?.alive) continue;
      if (isSupervising(life)) this.#kill(life);
      else this.#die(life, 'killed');
    }
    this.#die(sup, 'killed');
  }

  #die(life: Life, reason: string): void {
    life.alive = false;
    life.reason = reason;
    this.#line(life.path, `-${life.number} ${reason}`);
    if (!isSupervising(life)) return;
    this.#supervising.delete(life);
    for (const answer of life.callers) answer.value = 'NoSuchActorError';
    life.callers.clear();
    life.queue = [];
  }

  #gone(child: Child): void {
    if (child.life !== undefined) formerOf.set(child, child.life);
    child.life = undefined;
  }

  #ready(life: Life): void {
    life.ready = true;
    this.#line(life.path, `+${life.number}`);
  }

  #report(sup: Supervising, context: string, { id }: Child, reason: string): void {
    this.#line(`${sup.path}/${id}`, `${context} ${reason}`);
  }

  #line(path: string, text: string): void {
    this.lines.push({ at: this.now, path, text });
  }

  #next(path: string): number {
    const next = (this.#numbers.get(path) ?? 0) + 1;
    this.#numbers.set(path, next);
    return next;
  }
}

/** What its failed start has for a reason. */
const failureOf = ({ plan }: Child): string => (plan.kind === 'worker' ? 'error' : 'shutdown:StartError');

/** Who ran last, of a child that does not. */
const formerOf = new WeakMap<Child, Life>();

const newChild = (id: string, plan: Plan): Child => ({
  id,
  plan,
  life: undefined,
  restarting: false,
  restarts: 0,
  latest: 0,
});

const isForgotten = ({ plan }: Supervising, child: Child): boolean =>
  plan.strategy === 'dynamic' || child.plan.restart === 'temporary';

function remove(sup: Supervising, child: Child): void {
  sup.children = sup.children.filter((each) => each !== child);
}

/** I2. */
function isAcceptable({ restart, shutdown }: Plan, reason: string): boolean {
  if (reason === 'error') return false;
  if (reason === 'killed') return shutdown === 'brutal';
  if (shutdown === 'brutal') return restart !== 'permanent';
  return restart !== 'permanent' || reason === 'shutdown' || reason === 'shutdown:GaveUpError';
}

const written = ({ id, life, restarting }: Child): string =>
  life === undefined ? `${id}:${restarting ? 'restarting' : 'stopped'}` : `${id}#${life.number}`;

function counted({ strategy }: SupervisorPlan, children: readonly Child[]): string {
  const dynamic = strategy === 'dynamic';
  const active = children.filter(({ life, restarting }) => (dynamic ? !restarting : life?.alive));
  const supervisors = children.filter(({ plan }) => plan.kind === 'supervisor');
  const specs = dynamic ? 1 : children.length;
  return [specs, active.length, supervisors.length, children.length - supervisors.length].join();
}
