import { InvariantError, WorldError } from '../errors.js';
import { withFaultPoints } from '../fault-point.js';
import { type Duration, type Milliseconds, milliseconds } from '../runtime/duration.js';
import { Driver } from './driver.js';
import { type FaultPoints, faultPoints } from './fault-points.js';
import { seededRandom } from './random.js';
import { shown } from './shown.js';
import { Trace, type TraceEntry } from './trace.js';
import { catchUncaught, type Uncaught } from './uncaught.js';
import { replaceGlobals } from './world-globals.js';
import { timerFunctions } from './world-timers.js';

/** Taken before any world is entered. */
const { setImmediate: realSetImmediate } = globalThis;

/** `performance.now()` at the beginning. Not 0: no process ever reads that, and code may take 0 for "never". */
const monotonicOrigin: Milliseconds = 1_000;

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
  /** Time stands until a real promise (an import, a file) has settled. */
  outside<T>(work: Promise<T>): Promise<T>;
  /** Resolves by an event of its own at this instant: whatever else is due may come before it, as the tape says. */
  hop(label: string): Promise<void>;
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
  /** How often each fault point was passed. */
  readonly faultPoints: ReadonlyMap<string, number>;
  /** Gives every global back. Timers that still wait never fire. Idempotent. */
  leave(): Promise<void>;
}

/** Two copies of the package share one process, and so one world. */
const entered = Symbol.for('holdfast.testing.world');
const holder = globalThis as { [entered]?: { readonly world: World; readonly ending: () => boolean } };

/** The world that this process is in. */
export const currentWorld = (): World | undefined => holder[entered]?.world;

/** @internal Resolves when a world that is being left, or whose signal has fired, is gone. */
export async function lastOneLeft(): Promise<void> {
  while (holder[entered]?.ending()) await new Promise<void>((resolve) => realSetImmediate(resolve));
}

/** A yield point: in a world, an event of its own (see `World.hop`); outside it is done at once. */
export async function hop(label: string): Promise<void> {
  await currentWorld()?.hop(label);
}

/**
 * Enters a world and hands it out; time moves only in `run`, `advance`, `settle` and `eventually`. Leave it when done.
 *
 * @throws WorldError when a world is entered already.
 *
 * @example
 * ```ts
 * await using w = createWorld({ seed: 7, tape: [1, 0, 2] });
 * const slept = sleep(1_000);
 * await w.advance('1s');
 * await slept;
 * ```
 */
export function createWorld(options: WorldOptions = {}): World {
  if (currentWorld() !== undefined) {
    throw new WorldError(
      'This process is in a world already, and the globals can belong to one only. Leave that one first; do not nest worlds nor run them concurrently.',
    );
  }
  const within = milliseconds(options.within ?? '1d', 'within');
  const { seed = 1, startAt = Date.UTC(2024, 0, 1) } = options;
  const random = seededRandom(seed);
  const own = seededRandom(seed + 2 ** 40);
  const trace = new Trace(options.traceLimit ?? 100_000);
  const driver = new Driver(trace, options.tape ?? [], options.signal);
  const uncaught: Uncaught[] = [];
  const points = faultPoints(options.faultPoints, seed, note);
  let jumped: Milliseconds = 0;
  let hops = 0;
  let leaving: Promise<void> | undefined;

  function note(what: string): void {
    trace.add(driver.now, what);
  }

  const undo = [
    replaceGlobals({
      wall: () => startAt + driver.now + jumped,
      monotonic: () => monotonicOrigin + driver.now,
      timers: timerFunctions({
        now: () => driver.now,
        schedule: (event) => driver.queue.add(event),
        cancel: (ticket) => driver.queue.remove(ticket),
      }),
      random,
    }),
    withFaultPoints(points.pass),
    catchUncaught((kind, error) => {
      uncaught.push({ at: driver.now, kind, error });
      note(`uncaught ${kind} ${shown(error)}`);
    }),
  ];

  const made: World = {
    seed,
    get now() {
      return driver.now;
    },
    random: () => own.next(),
    run: (body) => driver.drive(Promise.resolve().then(body), within),
    advance: (duration) => reach(driver.now + milliseconds(duration, 'duration')),
    settle: () => reach(driver.now),
    jumpWall(by) {
      jumped += by;
      note(`wall clock jumps ${by}`);
    },
    pause(duration) {
      driver.skip(milliseconds(duration, 'duration'));
      note(`paused ${duration}`);
    },
    outside(work) {
      driver.hold(work);
      return work;
    },
    hop: (label) =>
      new Promise((resolve) => {
        driver.queue.add({ at: driver.now, kind: 'hop', label: `hop ${label} #${++hops}`, run: resolve });
      }),
    note,
    always: (name, check) => driver.always(name, check),
    async eventually(name, duration, check) {
      const deadline = driver.now + milliseconds(duration, 'duration');
      for (;;) {
        const missing = unmet(check);
        if (missing === undefined) return;
        const next = driver.queue.nextAt();
        if (next === undefined || next > deadline) {
          throw new InvariantError(
            `"${name}" did not come about within ${duration}, at ${driver.now} ms: ${shown(missing.because)}`,
            { cause: missing.because },
          );
        }
        await reach(Math.max(driver.now, next));
      }
    },
    get pending() {
      return driver.queue.pending.map(({ at, label }) => ({ at, what: label }));
    },
    get trace() {
      return trace.entries;
    },
    get hash() {
      return trace.hash;
    },
    get events() {
      return driver.events;
    },
    uncaught,
    faultPoints: points.passed,
    leave() {
      leaving ??= leave();
      return leaving;
    },
    [Symbol.asyncDispose]: () => made.leave(),
  };

  function reach(at: Milliseconds): Promise<void> {
    return driver.drive(driver.wake(at), Number.POSITIVE_INFINITY);
  }

  async function leave(): Promise<void> {
    driver.end();
    // A rejection of the last instant is reported only after its microtasks.
    await new Promise<void>((resolve) => realSetImmediate(() => realSetImmediate(resolve)));
    for (const step of undo.splice(0).reverse()) step();
    delete holder[entered];
  }

  holder[entered] = { world: made, ending: () => leaving !== undefined || options.signal?.aborted === true };
  return made;
}

/** Why a check is not met yet; undefined when it is. */
function unmet(check: () => unknown): { readonly because: unknown } | undefined {
  try {
    return check() === false ? { because: 'the check answers false' } : undefined;
  } catch (because) {
    return { because };
  }
}
