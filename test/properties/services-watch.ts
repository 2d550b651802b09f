/** What is seen of a tree of services, tasks and backoffs, and whether it may be so. */

import type { Runtime } from '../../src/create-runtime.js';
import { StartTimeoutError } from '../../src/errors.js';
import type { World } from '../../src/testing/world.js';
import type { Plan } from './services-plan.js';
import type { Line } from './supervision-model.js';
import type { Begun } from './supervision-rules.js';
import { wordOf } from './supervision-stage.js';

/** A wrapper: how often what is inside has failed, and since when it waits. */
interface Backoff {
  failures: number;
  readyAt?: number | undefined;
  failedAt?: number | undefined;
}

export class Watch {
  readonly lines: Line[] = [];
  readonly begun: Begun[] = [];
  /** What must never be. */
  readonly wrong: string[] = [];
  readonly #world: World;
  readonly #plans: ReadonlyMap<string, Plan>;
  readonly #alive = new Map<string, 'starting' | 'ready'>();
  readonly #backoffs = new Map<string, Backoff>();
  readonly #killed = new Set<string>();

  /** `plans`: by path of who runs, be it inside a wrapper. */
  constructor(runtime: Runtime, plans: ReadonlyMap<string, Plan>, world: World) {
    this.#plans = plans;
    this.#world = world;
    this.#record(runtime);
  }

  living = (): string[] => [...this.#alive.keys()];

  /** By somebody else: whoever is above it may have to restart it. */
  killed(path: string): void {
    this.#killed.add(path);
  }

  #record({ bus }: Runtime): void {
    const line = (path: string, text: string): void =>
      void this.lines.push({ at: this.#world.now, path, text });
    bus.subscribe('actor.started', ({ path }) => {
      const own = this.#plans.get(path);
      const { restart } = own ?? (this.#plans.get(`${path}/attempt`) as Plan);
      const plan = own?.kind === 'supervisor' ? own : { kind: 'worker' as const, restart };
      this.begun.push({ before: this.lines.length, path, plan });
      this.#starts(path);
    });
    bus.subscribe('actor.ready', ({ path, incarnation }) => {
      line(path, `+${incarnation}`);
      this.#alive.set(path, 'ready');
      const backoff = this.#backoffs.get(parentOf(path));
      if (backoff !== undefined) backoff.readyAt = this.#world.now;
    });
    for (const topic of ['actor.stopped', 'actor.crashed'] as const) {
      bus.subscribe(topic, ({ path, incarnation, reason }) => {
        line(path, `-${incarnation} ${wordOf(reason)}`);
        // A supervisor that gives up has a detail to tell.
        this.#ends(path, topic === 'actor.stopped' && ['shutdown', 'killed'].includes(wordOf(reason)));
      });
    }
    bus.subscribe('actor.restarted', ({ path, restarts }) => line(path, `*${restarts}`));
    bus.subscribe('actor.late-error', ({ path }) => line(path, 'late error'));
    bus.subscribe('supervisor.report', ({ path, context, childId, reason, offender: { restart } }) => {
      const of = `${path}/${childId}`;
      line(of, `${context} ${wordOf(reason)}`);
      const unasked = context === 'child-terminated' || context === 'start-error';
      // The wrapper's start timer is the later of two that are due at once. The tape may put it first.
      if (reason.type === 'error' && reason.error instanceof StartTimeoutError) return;
      if (unasked && restart !== 'temporary' && this.#plans.has(`${of}/attempt`) && !this.#killed.has(of)) {
        this.wrong.push(`${of}: its failure is its supervisor's business`);
      }
    });
  }

  /** Who is beside it: those after it in start order. */
  #after(path: string): string[] {
    const place = placeOf(path);
    return this.living().filter((other) => parentOf(other) === parentOf(path) && placeOf(other) > place);
  }

  #starts(path: string): void {
    const blame = (rule: string): void => void this.wrong.push(`${this.#world.now} ${path}: ${rule}`);
    const parent = parentOf(path);
    if (this.#alive.has(path)) blame('started twice');
    for (const [other, phase] of this.#alive) {
      if (parentOf(other) === parent && phase === 'starting') blame(`started before ${other} was`);
    }
    const above = this.#plans.get(parent);
    if (above?.kind === 'supervisor' && above.strategy !== 'one-for-one' && this.#after(path).length > 0) {
      blame(`started before ${this.#after(path)} was stopped`);
    }
    this.#alive.set(path, 'starting');
    if (this.#plans.has(`${path}/attempt`)) this.#backoffs.set(path, { failures: 0 });
    const backoff = this.#backoffs.get(parent);
    if (backoff?.failedAt === undefined) return;
    const delay = this.#world.now - backoff.failedAt;
    const [least, most] = this.#bounds(path, backoff);
    if (delay < least || delay > most) blame(`started again after ${delay} ms, and not ${least} to ${most}`);
    backoff.failedAt = undefined;
  }

  #ends(path: string, ordered: boolean): void {
    const rest = this.#after(path);
    if (ordered && this.#alive.get(path) === 'ready' && rest.length > 0) {
      this.wrong.push(`${this.#world.now} ${path}: stopped before ${rest}`);
    }
    this.#alive.delete(path);
    this.#backoffs.delete(path);
    const backoff = this.#backoffs.get(parentOf(path));
    if (backoff === undefined) return;
    const { resetAfter } = this.#backoffOf(path);
    const ran = backoff.readyAt === undefined ? -1 : this.#world.now - backoff.readyAt;
    backoff.failures = ran >= resetAfter ? 1 : backoff.failures + 1;
    backoff.readyAt = undefined;
    backoff.failedAt = this.#world.now;
  }

  /** Whoever waits to be started again has not waited for too long. */
  noneIsLate(): void {
    for (const [path, backoff] of this.#backoffs) {
      const [, most] = this.#bounds(`${path}/attempt`, backoff);
      if (this.#world.now - (backoff.failedAt ?? this.#world.now) > most)
        this.wrong.push(`${path} is not started again`);
    }
  }

  #backoffOf(attempt: string): NonNullable<Plan['backoff']> {
    return this.#plans.get(attempt)?.backoff as NonNullable<Plan['backoff']>;
  }

  #bounds(attempt: string, { failures }: Backoff): [number, number] {
    const { min, span } = this.#backoffOf(attempt);
    return [min, Math.min(min + span, min * 2 ** failures)];
  }
}

export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
const placeOf = (path: string): number => Number(path.slice(path.lastIndexOf('/') + 1));
