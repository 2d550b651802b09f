import type { EscapeError } from '../errors.js';
import type { Duration, Milliseconds } from '../runtime/duration.js';
import type { FaultPoints } from './fault-points.js';
import { nextTurn } from './real-loop.js';
import type { TraceEntry } from './trace.js';
import type { Uncaught } from './uncaught.js';
import type { WorldProcess } from './world-process.js';

export interface WorldOptions {
  /** Everything random in the world follows from it. Default 1. */
  readonly seed?: number;
  /**
   * Which of the events due at one instant runs next: each choice takes one number, modulo how many there are. 0 is the
   * first that was scheduled; so is every choice after the tape's end. Default: empty.
   */
  readonly tape?: readonly number[];
  /** Wall-clock time at the beginning, ms since the epoch. Default 2024-01-01T00:00:00Z. */
  readonly startAt?: Milliseconds;
  /** How much virtual time `run` may take before it counts as stuck. Default `'1d'`. */
  readonly within?: Duration;
  /** Ends the run when it fires, so that a test runner's timeout does not leave a world behind (vitest: `({ signal }) => …`). */
  readonly signal?: AbortSignal;
  /** Which fault points of product code fail. Default: none; they are only counted. */
  readonly faultPoints?: FaultPoints;
  /** Errors that nobody caught fail the run (`world` only). Default `'fail'`. */
  readonly uncaught?: 'fail' | 'record';
  /**
   * Real timers, handles and I/O that the code under test begins: they fail the run (`world` only), are recorded, or are not
   * looked for. Work held by `World.outside` is none. Default `'fail'`.
   */
  readonly escapes?: 'fail' | 'record' | 'ignore';
  /**
   * Whether each delivery of messages between actors is an event of its own, whose place among those due at the same instant the
   * tape chooses. Default false: it follows the current work at once.
   */
  readonly hops?: boolean;
  /** Runs everything twice and fails where the two runs differ (`world` only). Default false. */
  readonly verify?: boolean;
  /** How many entries of the trace are kept; its hash covers all. Default 100_000. */
  readonly traceLimit?: number;
}

/**
 * A process's time and randomness in one hand: virtual clocks and timers, seeded randomness, and one choice of what runs
 * next among what is due at one instant. Made by `world` or `createWorld`.
 *
 * It owns Date, performance.now, process.hrtime, setTimeout, setInterval, setImmediate and their clear functions (global,
 * `node:timers`, `node:timers/promises`), AbortSignal.timeout, Math.random and crypto.randomUUID. Microtasks and nextTick
 * stay real. What took a reference to one of these before the world was entered escapes it; so do worker threads,
 * sockets and files. A clock that is cached between reads must be keyed by the identity of `globalThis.performance.now`:
 * every world has one of its own.
 */
export interface World extends AsyncDisposable {
  readonly seed: number;
  /** Virtual ms since the world began. */
  readonly now: Milliseconds;
  /** Seeded randomness for the test itself: a uniform number in [0, 1). */
  random(): number;
  /**
   * Drives time while `body` runs: whenever nothing is left to do at this instant, time moves to the next event.
   * @throws WorldStuckError when what is awaited can never happen: nothing is scheduled, or `within` has passed.
   */
  run<T>(body: () => T | PromiseLike<T>): Promise<T>;
  /** Runs everything that is due within `duration`, then stands that much later. */
  advance(duration: Duration): Promise<void>;
  /** Runs everything that is due now. Time does not move. */
  settle(): Promise<void>;
  /** Moves the wall clock alone, forward or (negative) back. */
  jumpWall(by: Milliseconds): void;
  /** The process stands still for `duration`: both clocks move, and what fell due meanwhile runs late. */
  pause(duration: Duration): void;
  /** Time stands until real work (an import, a file, a query in a thread) has settled. */
  outside<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves by an event of its own at this instant: whatever else is due may come before it, as the tape says. */
  hop(label: string): Promise<void>;
  /** A process of its own, that can be killed. What runs outside any is the test's. */
  process(): WorldProcess;
  /** Writes into the trace. */
  note(what: string): void;
  /** Checked whenever the world is quiet after an event; the first throw ends the run. Returns the way to end it. */
  always(name: string, check: () => void): () => void;
  /**
   * Drives until `check` no longer throws nor answers false: what must come about, once faults have stopped.
   * @throws InvariantError when it did not within `duration`.
   */
  eventually(name: string, duration: Duration, check: () => unknown): Promise<void>;
  /** What waits: timers that were set and not cleared. Empty after a clean stop. */
  readonly pending: readonly { readonly at: Milliseconds; readonly what: string }[];
  readonly trace: readonly TraceEntry[];
  /** Over the whole trace: equal hashes, equal runs. */
  readonly hash: string;
  /** How many events ran. */
  readonly events: number;
  /** What nobody caught. */
  readonly uncaught: readonly Uncaught[];
  /** What was begun in the real world, each with its stack. */
  readonly escapes: readonly EscapeError[];
  /** How often each fault point was passed. */
  readonly faultPoints: ReadonlyMap<string, number>;
  /** Gives every global back. Timers that still wait never fire. Idempotent. */
  leave(): Promise<void>;
}

/** Two copies of the package share one process, and so one world. */
const entered = Symbol.for('holdfast.testing.world');
const holder = globalThis as { [entered]?: Entered };

interface Entered {
  readonly world: World;
  /** It is being left. */
  ending(): boolean;
}

/** The world that this process is in. */
export const currentWorld = (): World | undefined => holder[entered]?.world;

/** @internal Makes a world this process's, or none. */
export function occupy(world: Entered | undefined): void {
  if (world === undefined) delete holder[entered];
  else holder[entered] = world;
}

/** @internal Resolves when a world that is being left, or whose signal has fired, is gone. */
export async function lastOneLeft(): Promise<void> {
  while (holder[entered]?.ending()) await new Promise<void>((resolve) => nextTurn(resolve));
}

/** A yield point: in a world, an event of its own (see `World.hop`); outside it is done at once. */
export const hop = (label: string): Promise<void> => currentWorld()?.hop(label) ?? Promise.resolve();
