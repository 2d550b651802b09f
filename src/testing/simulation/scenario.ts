import type { Duration } from '../../runtime/duration.js';
import type { MemorySnapshotStore } from '../../snapshot/index.js';
import type { World } from '../world.js';
import type { Check } from './checks.js';
import type { Draw } from './draw.js';
import type { FaultPlan } from './fault-plan.js';

/** A world that a scenario is set up in. */
export interface SimulationWorld extends World {
  /**
   * A disk for snapshots: what it holds outlives a killed process. The same name gives the same disk after a reboot. Default name:
   * `'snapshot'`.
   */
  snapshotStore(name?: string): MemorySnapshotStore;
  /**
   * The process ends itself, as by `process.exit(1)`: nothing is stopped, nothing flushed. What is due at this instant still runs. Its
   * process manager boots it again `after` later (default `'1s'`). Of a process that has ended, or that is being stopped at the end of a run,
   * it does nothing. For a setup that does not wait for its start:
   *
   * @throws OptionsError when `after` is no duration.
   * @example
   * ```ts
   * runtime.start().catch((error) => { log.error(error); world.exit(); });
   * ```
   */
  exit(after?: Duration): void;
}

/**
 * Something that users do.
 *
 * @example
 * ```ts
 * { name: 'logout', weight: 2, when: ({ users }) => users.size > 0, run: (draw, { cache, users }) => cache.remove(draw.of([...users])) }
 * ```
 */
export interface Command<C> {
  /** What it is called in a timeline. */
  readonly name: string;
  /** How likely it is, beside the others: 2 is twice as likely as 1. Default 1. */
  readonly weight?: number;
  /** Whether it can be done now. Default: always. */
  readonly when?: (context: C) => boolean;
  /**
   * Does it. What it draws, it draws from `draw`, so that it shrinks and replays. An error that it throws or rejects
   * with is an outcome, and is only noted, where it is Holdfast's (the actor died) or says that the source is away (`isUnavailable`);
   * any other one fails the run.
   */
  readonly run: (draw: Draw, context: C) => unknown;
}

/**
 * A supervised tree, what is done to it, what fails, and what must hold all the same. Durations are ms, or strings such as `'5s'`, of
 * virtual time.
 */
export interface Scenario<C> {
  /**
   * Makes what is tested, in the world: the real code on virtual time. Called again after a reboot; what is made by
   * `simulatedSource` and `snapshotStore` is then what it was. Runtimes and caches that it starts are stopped at the end.
   *
   * That it throws or rejects fails the run, but not where a failure of the plan struck since it was called, or was in force then (a source
   * that is not up, buses): that process exits, and is booted again a second later. Once faults have stopped a boot must succeed.
   */
  readonly setup: (world: SimulationWorld) => C | PromiseLike<C>;
  /** What users do. Called after each setup; it must give the same commands each time. Default: nothing. */
  readonly workload?: (context: NoInfer<C>) => readonly Command<NoInfer<C>>[];
  /** The most commands in one run. Default 40; 0 without a workload. */
  readonly steps?: number;
  /**
   * Whether a command waits until the one before it has settled: for a model that is told what each came to, as of one user. One that never
   * settles is the last. Default false: users do not wait for each other.
   */
  readonly inTurn?: boolean;
  /** What may fail. Default: nothing. */
  readonly faults?: FaultPlan<NoInfer<C>>;
  /** How long faults and commands go on; then everything must come right. Default `'1m'`. */
  readonly horizon?: Duration;
  /** What must hold. Default: only that nothing throws uncaught, escapes the world, or is left after the stop. */
  readonly checks?: readonly Check<NoInfer<C>>[];
  /** Stops what the kit does not know of (a server, a pool of its own). Runtimes and caches are stopped before. */
  readonly teardown?: (context: NoInfer<C>) => unknown;
  /** Whether a timer that still waits after everything was stopped fails the run. Default true. */
  readonly leftovers?: boolean;
}

/** A scenario with its name, as a file for `npx holdfast simulate` exports it. */
export interface NamedScenario<C> extends Scenario<C> {
  readonly name: string;
}

/**
 * A scenario with the types of its context, for a file of its own.
 *
 * @example
 * ```ts
 * export default defineScenario('jobs are done', { setup: startQueue, workload: ({ queue }) => [ … ], checks: [ … ] });
 * ```
 */
export const defineScenario = <C>(name: string, scenario: Scenario<C>): NamedScenario<C> => ({
  ...scenario,
  name,
});
