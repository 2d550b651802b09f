import { InvariantError } from '../../errors.js';
import type { Milliseconds } from '../../runtime/duration.js';
import { failedPoints } from '../fault-points.js';
import { world } from '../run-world.js';
import { shown } from '../shown.js';
import type { TraceEntry } from '../trace.js';
import type { World } from '../world.js';
import type { Case } from './case.js';
import type { Coverage } from './coverage.js';
import type { Failure } from './failure.js';
import { pointKind } from './fault-plan.js';
import { Run } from './run.js';
import type { Scenario } from './scenario.js';
import { Stage } from './stage.js';
import type { Moment } from './timeline.js';

/** One run of a case. Plain data, but for the failure's `error`. */
export interface Played {
  /** Undefined: all checks held. */
  readonly failure: Failure | undefined;
  readonly timeline: readonly Moment[];
  /** How everybody stood when it failed, or at the end. */
  readonly states: readonly string[];
  /** The names of the `sometimes` that came about. */
  readonly happened: readonly string[];
  /** Over the trace: equal hashes, equal runs. */
  readonly hash: string;
  /** Every event of the world; the first 20,000 of them. */
  readonly trace: readonly TraceEntry[];
  /** Events of the world that ran. */
  readonly events: number;
  /** ms of the world that went by. */
  readonly virtual: Milliseconds;
}

/** How a case is played. */
export interface PlayOptions {
  /** Where what failed is counted. Default: nowhere. */
  readonly coverage?: Coverage;
  /** Ends the run: `play` rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Plays one case of a scenario. Never rejects for what the code under test does: that is its `failure`.
 *
 * @throws WorldError when this process is in a world already; the signal's reason when that has fired.
 * @example
 * ```ts
 * const { failure, timeline } = await play(jobsAreDone, decodeCase(word));
 * console.log(timelineText(timeline).join('\n'));
 * ```
 */
export async function play<C>(
  scenario: Scenario<C>,
  drawn: Case,
  { coverage, signal }: PlayOptions = {},
): Promise<Played> {
  let entered: World | undefined;
  let stage: Stage<C> | undefined;
  const happened = new Set<string>();
  let failure: Failure | undefined;
  let run: Run<C> | undefined;
  const options = {
    seed: drawn.seed,
    tape: drawn.tape,
    hops: true,
    uncaught: 'record',
    escapes: 'record',
    traceLimit: 20_000,
    ...(drawn.points && { faultPoints: drawn.points }),
    ...(signal && { signal }),
  } as const;
  let virtual = 0;
  try {
    await world(options, async (w) => {
      entered = w;
      stage = new Stage<C>(w, scenario.setup, drawn.points);
      run = new Run(scenario, drawn, w, stage, happened, coverage);
      await run.play();
      virtual = w.now;
    });
  } catch (error) {
    signal?.throwIfAborted();
    if (entered === undefined) throw error;
    // The world ends at the first thing that does not hold, before the run itself hears of it.
    failure = (run as Run<C> | undefined)?.failure ?? failureOf(error, entered?.now ?? 0);
  } finally {
    (stage as Stage<C> | undefined)?.leave();
  }
  const w = entered as World;
  for (const { name } of failedPoints(drawn.points ?? [], w.faultPoints)) coverage?.note(pointKind(name), []);
  const [uncaught] = w.uncaught;
  const [escaped] = w.escapes;
  if (failure === undefined && uncaught !== undefined) {
    const { at, error } = uncaught;
    failure = { check: 'uncaught error', message: shown(error), error, at };
  }
  if (failure === undefined && escaped !== undefined) {
    failure = { check: 'escape', message: escaped.message, error: escaped, at: virtual };
  }
  const staged = stage as Stage<C> | undefined;
  return {
    failure,
    timeline: staged?.timeline.moments ?? [],
    states: staged?.lastStates ?? [],
    happened: [...happened],
    hash: w.hash,
    trace: w.trace,
    events: w.events,
    virtual: Math.max(virtual, failure?.at ?? 0),
  };
}

/** What the world itself found. */
function failureOf(error: unknown, at: Milliseconds): Failure {
  if (error instanceof InvariantError) {
    const name = /^"(.*?)" (does not hold|did not come about)/.exec(error.message)?.[1];
    return { check: name ?? 'invariant', message: error.message, error: error.cause ?? error, at };
  }
  return { check: 'stuck', message: shown(error), error, at };
}
