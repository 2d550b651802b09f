/** The real tree of a plan, in a world of its own, and everything that is seen of it. */
import { getEventListeners } from 'node:events';
import type { AnyActorRef } from 'xstate';
import { createRuntime, type Runtime } from '../../src/create-runtime.js';
import { type ChildSpec, exit } from '../../src/runtime/index.js';
import { sleep } from '../../src/runtime/time.js';
import type { World } from '../../src/testing/world.js';
import {
  child,
  type ServiceContext,
  type ServiceOptions,
  type SupervisorLogic,
  service,
  supervisor,
  task,
  withBackoff,
} from '../../supervisors/index.js';
import {
  granted,
  type Plan,
  type ServiceLifePlan,
  type ServicePlan,
  type SupervisorPlan,
  startTimeout,
  type TaskPlan,
} from './services-plan.js';
import { parentOf, Watch } from './services-watch.js';
import { listenerCounts } from './supervision-stage.js';

/** What a service has started. */
interface Resource {
  readonly path: string;
  readonly signal: AbortSignal;
  readonly work: Work;
  stops: number;
}

/** Of one life. */
interface Work {
  /** Nobody waits for it any longer. */
  until: number;
}

export class Scene {
  readonly plan: SupervisorPlan;
  readonly world: World;
  readonly runtime: Runtime;
  readonly watch: Watch;
  readonly #others = createRuntime({ children: [] });
  /** By path of who runs, be it inside a wrapper: what it is. */
  readonly #plans = new Map<string, Plan>();
  /** By path: a service that has begun to start and has not been stopped, a task that has not returned. */
  readonly #working = new Map<string, Work>();
  readonly #calls = new Map<string, number>();
  readonly #signals: AbortSignal[] = [];
  readonly #resources: Resource[] = [];
  readonly #listeners = listenerCounts();
  readonly #stopping = new Set<Resource>();
  #waiting = 0;

  constructor(plan: SupervisorPlan, world: World) {
    this.plan = plan;
    this.world = world;
    this.#plans.set('root', plan);
    this.runtime = createRuntime(this.#supervisor('root', plan));
    this.watch = new Watch(this.runtime, this.#plans, world);
    for (const topic of ['actor.stopped', 'actor.crashed'] as const) {
      this.runtime.bus.subscribe(topic, ({ path }) => {
        // Nobody waits for what a task goes on with.
        if (this.#plans.get(path)?.kind === 'task') this.#working.delete(path);
      });
    }
  }

  /** While another runtime runs, an error of somebody who has ended is told and not thrown. */
  async start(): Promise<void> {
    await this.#others.start();
    await this.runtime.start().catch(() => {});
  }

  async leave(): Promise<void> {
    await Promise.all([this.runtime.stop(), this.#others.stop()]);
  }

  /** Timers that may be set when all has ended: of the work itself, and of services that are still being stopped. */
  timers(): number {
    const timed = [...this.#stopping].filter(
      ({ signal, work: { until } }) => signal.aborted && until > this.world.now && Number.isFinite(until),
    );
    return this.#waiting + timed.length;
  }

  kill(at: number): void {
    const among = this.watch.living().filter((path) => path !== 'root' && this.#refOf(path) !== undefined);
    const path = among[at % among.length];
    if (path === undefined) return;
    this.watch.killed(path);
    exit(this.#refOf(path) as AnyActorRef, { type: 'killed' });
  }

  /** What is left when all that takes time is over, and what should not have been. */
  leftovers(): string[] {
    const left = [...this.watch.wrong];
    for (const path of this.#working.keys()) left.push(`${path} still works`);
    for (const { path, stops } of this.#resources) {
      if (stops !== 1 && (this.#plans.get(path) as ServicePlan).stop)
        left.push(`${path} was stopped ${stops} times`);
    }
    for (const path of this.#plans.keys()) {
      if (this.runtime.whereis(path) !== undefined) left.push(`the name ${path}`);
    }
    for (const signal of this.#signals) {
      if (!signal.aborted) left.push('a signal that has not fired');
      if (getEventListeners(signal, 'abort').length > 0) left.push('a listener of a signal');
    }
    if (listenerCounts().join() !== this.#listeners.join()) left.push('a listener of the process');
    for (const { what } of this.world.pending) left.push(`timer: ${what}`);
    for (const { error } of this.world.uncaught) left.push(`uncaught: ${String(error)}`);
    return left;
  }

  #refOf(path: string): AnyActorRef | undefined {
    if (!path.endsWith('/attempt')) return this.runtime.whereis(path);
    return this.runtime.whereis(parentOf(path))?.getSnapshot().ref;
  }

  #supervisor(path: string, { strategy, maxRestarts, within, children }: SupervisorPlan): SupervisorLogic {
    return supervisor({
      strategy,
      maxRestarts,
      within,
      children: children.map((plan, n) => this.#specOf(`${path}/${n}`, plan)),
    });
  }

  #specOf(path: string, plan: Plan): ChildSpec {
    const own = plan.backoff === undefined ? path : `${path}/attempt`;
    this.#plans.set(own, plan);
    const id = path.slice(path.lastIndexOf('/') + 1);
    const { restart, shutdown } = plan;
    const how = { restart, shutdown, name: path };
    const spec =
      plan.kind === 'service'
        ? service<Resource>(id, { ...how, startTimeout, ...this.#service(own, plan) })
        : plan.kind === 'task'
          ? task(id, (signal) => this.#task(own, plan, signal), how)
          : child({ ...how, id, logic: this.#supervisor(own, plan) });
    if (plan.backoff === undefined) return spec;
    const { min, span, resetAfter } = plan.backoff;
    return withBackoff(spec, { min, max: min + span, resetAfter });
  }

  #service(
    path: string,
    { lives, stop, shutdown }: ServicePlan,
  ): Pick<ServiceOptions<Resource>, 'start' | 'stop'> {
    return {
      start: (signal, context) => {
        const life = this.#next(path, lives);
        const work = this.#begins(path, signal);
        const resource: Resource = { path, signal, work, stops: 0 };
        // What it has brought by then is over when it is stopped; what it brings later is stopped for itself.
        const ended = (): void => {
          if (stop === undefined || !this.#resources.includes(resource)) this.#over(path, work);
        };
        signal.addEventListener('abort', ended, { once: true });
        if (life?.start !== 'throws') return this.#bring(resource, life, context);
        this.#over(path, work);
        throw boom;
      },
      ...(stop !== undefined && {
        stop: async (resource) => {
          resource.stops++;
          resource.work.until = this.world.now + granted(shutdown);
          this.#stopping.add(resource);
          await this.#wait(stop.takes);
          this.#stopping.delete(resource);
          this.#over(path, resource.work);
          if (stop.rejects) throw boom;
        },
      }),
    };
  }

  async #bring(
    resource: Resource,
    life: ServiceLifePlan | undefined,
    { fail }: ServiceContext,
  ): Promise<Resource> {
    const { path, signal, work } = resource;
    await this.#wait(life?.takes ?? 0);
    if (life?.start === 'hangs') await new Promise(() => {});
    if (life?.start === 'rejects') {
      this.#over(path, work);
      throw boom;
    }
    const { dies } = life ?? {};
    if (dies !== undefined) {
      void this.#wait(dies.after, signal).then(
        () => (dies.by === 'fail' ? fail(boom) : Promise.reject(boom)),
        () => {},
      );
    }
    this.#resources.push(resource);
    return resource;
  }

  async #task(path: string, { lives, heeds }: TaskPlan, signal: AbortSignal): Promise<void> {
    const life = this.#next(path, lives);
    const work = this.#begins(path, signal);
    await this.#wait(life?.takes ?? 2 ** 30, signal).catch(() => this.#wait(heeds));
    this.#over(path, work);
    if (life?.throws) throw boom;
  }

  #next<Life>(path: string, lives: readonly Life[]): Life | undefined {
    const calls = this.#calls.get(path) ?? 0;
    this.#calls.set(path, calls + 1);
    return lives[calls];
  }

  #begins(path: string, signal: AbortSignal): Work {
    if ((this.#working.get(path)?.until ?? 0) > this.world.now)
      this.watch.wrong.push(`${path} has two lives at once`);
    if (signal.aborted) this.watch.wrong.push(`${path} begins when it has ended`);
    const work = { until: Number.POSITIVE_INFINITY };
    this.#working.set(path, work);
    this.#signals.push(signal);
    return work;
  }

  #over(path: string, work: Work): void {
    if (this.#working.get(path) === work) this.#working.delete(path);
  }

  async #wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms === 0) return signal?.throwIfAborted();
    this.#waiting++;
    await sleep(ms, signal).finally(() => this.#waiting--);
  }
}

const boom = new Error('boom');
