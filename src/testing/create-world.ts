import { AsyncResource } from 'node:async_hooks';
import { type EscapeError, InvariantError, WorldError } from '../errors.js';
import { withFaultPoints } from '../fault-point.js';
import { type Milliseconds, milliseconds } from '../runtime/duration.js';
import { withWitness } from '../witness.js';
import { noteHolds } from './attribution-holds.js';
import { Driver } from './driver.js';
import { watchEscapes } from './escapes.js';
import { faultPoints } from './fault-points.js';
import { seededRandom } from './random.js';
import { nextTurn } from './real-loop.js';
import { shown } from './shown.js';
import { Trace } from './trace.js';
import { catchUncaught, type Uncaught } from './uncaught.js';
import { currentWorld, occupy, type World, type WorldOptions } from './world.js';
import { replaceGlobals } from './world-globals.js';
import { WorldProcesses } from './world-process.js';
import { timerFunctions } from './world-timers.js';

/** `performance.now()` at the beginning. Not 0: no process ever reads that, and code may take 0 for "never". */
const monotonicOrigin: Milliseconds = 1_000;

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
  const processes = new WorldProcesses(driver.queue);
  const uncaught: Uncaught[] = [];
  const escapes: EscapeError[] = [];
  const points = faultPoints(options.faultPoints, seed, note);
  let jumped: Milliseconds = 0;
  let hops = 0;
  let leaving: Promise<void> | undefined;

  function escaped(error: EscapeError): void {
    if (driver.holding) return;
    escapes.push(error);
    note(`escape ${error.message.slice(0, error.message.indexOf(':'))}`);
  }

  function note(what: string): void {
    trace.add(driver.now, what);
  }

  /** Of no process: what delivers serves all of them, and must not die with one. */
  function turn(label: string, run: () => void): void {
    driver.queue.add({ kind: 'hop', label: `hop ${label}`, run: AsyncResource.bind(run) }, driver.now);
  }

  function hop(label: string): Promise<void> {
    return new Promise((resolve) => {
      processes.schedule({ kind: 'hop', label: `hop ${label} #${++hops}`, run: resolve }, driver.now);
    });
  }

  const undo = [
    replaceGlobals({
      wall: () => startAt + driver.now + jumped,
      monotonic: () => monotonicOrigin + driver.now,
      timers: timerFunctions({
        now: () => driver.now,
        schedule: (event, at) => processes.schedule(event, at),
        cancel: (ticket) => driver.queue.remove(ticket),
      }),
      random,
    }),
    withFaultPoints(points.pass),
    options.hops ? withWitness({ turn, step: hop }) : () => {},
    noteHolds(),
    options.escapes === 'ignore' ? () => {} : watchEscapes(escaped),
    catchUncaught((kind, error) => {
      uncaught.push({ at: driver.now, kind, error });
      note(`uncaught ${kind} ${shown(error)}`);
    }, driver.disturbed),
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
    outside: (work) => driver.hold(work),
    hop,
    process: () => processes.create(),
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
            `"${name}" did not come about within ${typeof duration === 'number' ? `${duration} ms` : duration}, at ${driver.now} ms: ${said(missing.because)}`,
            { cause: missing.because },
          );
        }
        await reach(Math.max(driver.now, next));
      }
    },
    get pending() {
      return driver.queue.pending.map(({ at, event }) => ({ at, what: event.label }));
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
    escapes,
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
    await new Promise<void>((resolve) => nextTurn(() => nextTurn(resolve)));
    for (const step of undo.splice(0).reverse()) step();
    processes.end();
    occupy(undefined);
  }

  occupy({ world: made, ending: () => leaving !== undefined || options.signal?.aborted === true });
  return made;
}

const said = (because: unknown): string => (typeof because === 'string' ? because : shown(because));

/** Why a check is not met yet; undefined when it is. */
function unmet(check: () => unknown): { readonly because: unknown } | undefined {
  try {
    return check() === false ? { because: 'the check answers false' } : undefined;
  } catch (because) {
    return { because };
  }
}
