import type { Milliseconds } from '../../runtime/duration.js';
import type { Fc } from '../arbitraries.js';
import { type Case, caseArbitrary } from './case.js';
import { Coverage } from './coverage.js';
import type { Failure } from './failure.js';
import { type Played, type PlayOptions, play } from './play.js';
import type { Scenario } from './scenario.js';
import { shrink } from './shrink.js';

/** How much is explored. Times here are real ones. */
export interface ExploreOptions {
  /** How many cases are drawn. Default 100. */
  readonly runs?: number;
  /** Which ones: the same seed draws the same cases. Default 1. */
  readonly seed?: number;
  /** Plays each case twice, and fails where the two differ. Default false. */
  readonly verify?: boolean;
  /** How long a failing case may be shrunk, real ms. Default 60,000. */
  readonly shrinkFor?: Milliseconds;
  /** No further case is begun after so many real ms. Default: none. */
  readonly stopAfter?: Milliseconds;
  /** Breaks off; what was found so far is the outcome. */
  readonly signal?: AbortSignal;
  /** Told after each run, and before each that shrinks. */
  readonly onRun?: (progress: Progress) => void;
}

/** How far an exploration is. */
export interface Progress {
  /** Cases played so far, those of shrinking left out. */
  readonly runs: number;
  /** A failure was found, and is being shrunk. */
  readonly shrinking: boolean;
  /** Events of all worlds. */
  readonly events: number;
  /** ms that went by in all worlds. */
  readonly virtual: Milliseconds;
  /** Real ms since the exploration began. */
  readonly real: Milliseconds;
}

/** The least that still fails. */
export interface Finding {
  readonly failure: Failure;
  /** It fails each time it is played. */
  readonly case: Case;
  /** Its run. */
  readonly played: Played;
  /** The case as it was drawn. */
  readonly first: Case;
  /** How many cases had been played when it failed, itself included. */
  readonly foundAfter: number;
  /** How many more were played to shrink it. */
  readonly shrunkIn: number;
  /** Each of its failures and commands is needed. False: shrinking was cut short. */
  readonly isLeast: boolean;
}

/** What came of a scenario. */
export interface Exploration {
  /** Undefined: no case failed. */
  readonly finding: Finding | undefined;
  /** Cases played, those of shrinking left out. */
  readonly runs: number;
  readonly coverage: Coverage;
  /** Kinds of failures that no run exercised, and `sometimes` that never came about. */
  readonly never: readonly string[];
  readonly events: number;
  readonly virtual: Milliseconds;
  readonly real: Milliseconds;
  /** Over the hashes of all runs, in order: equal explorations, equal hashes. */
  readonly hash: string;
}

/**
 * Plays cases of a scenario until one fails, and shrinks that one to the least that fails by the same check. `simTest` is this as a
 * test. One process is in one world at a time: do not explore two scenarios at once.
 *
 * @param fc fast-check, as you installed it; it draws the cases.
 * @throws OptionsError for a scenario that cannot be.
 * @example
 * ```ts
 * const { finding, never } = await explore(fc, jobsAreDone, { runs: 1_000, seed: 7 });
 * if (finding) console.log(findingText(jobsAreDone.name, finding, encodeCase(finding.case)));
 * ```
 */
export async function explore<C>(
  fc: Fc,
  scenario: Scenario<C>,
  options: ExploreOptions = {},
): Promise<Exploration> {
  const { runs = 100, seed = 1, shrinkFor = 60_000, onRun, signal } = options;
  const clock = realClock();
  const coverage = new Coverage(scenario.faults);
  const happened = new Set<string>();
  const player = new Player(scenario, options.verify === true, signal);
  let explored = 0;
  let hash = '';
  let found: Found | undefined;
  const property = fc.asyncProperty(caseArbitrary(fc, scenario), async (drawn) => {
    if (explored > 0 && options.stopAfter !== undefined && clock() > options.stopAfter) return;
    const played = await player.play(drawn, { coverage });
    explored++;
    hash = mixed(hash, played.hash);
    for (const name of played.happened) happened.add(name);
    onRun?.({ ...player.totals, runs: explored, shrinking: false, real: clock() });
    const { failure } = played;
    if (failure === undefined) return;
    found = { failure, case: drawn, after: explored };
    throw new Error(failure.check);
  });
  // It draws; what it found is shrunk here.
  const { failed, errorInstance } = await fc.check(property, { numRuns: runs, seed, endOnFailure: true });
  // What is no failure of the scenario: another world, a wrong option.
  if (failed && found === undefined && signal?.aborted !== true) throw errorInstance;

  const until = clock() + shrinkFor;
  const finding =
    found &&
    (await reduced(player, found, () => {
      onRun?.({ ...player.totals, runs: explored, shrinking: true, real: clock() });
      return signal?.aborted === true || clock() > until;
    }));
  const sometimes = (scenario.checks ?? []).filter(({ when }) => when === 'sometimes');
  const unseen = sometimes.filter(({ name }) => !happened.has(name)).map(({ name }) => `sometimes "${name}"`);
  return {
    finding,
    runs: explored,
    coverage,
    never: [...coverage.missing.map((kind) => `fault "${kind}"`), ...unseen],
    ...player.totals,
    real: clock(),
    hash,
  };
}

/** Plays, and counts what it cost. */
class Player<C> {
  readonly totals = { events: 0, virtual: 0 };
  readonly #scenario: Scenario<C>;
  readonly #verify: boolean;
  readonly #signal: AbortSignal | undefined;
  plays = 0;

  constructor(scenario: Scenario<C>, verify: boolean, signal: AbortSignal | undefined) {
    this.#scenario = scenario;
    this.#verify = verify;
    this.#signal = signal;
  }

  /** Plays a case for its report: to its end, even where all was broken off. */
  show(drawn: Case): Promise<Played> {
    this.plays++;
    return play(this.#scenario, drawn);
  }

  async play(drawn: Case, options: PlayOptions): Promise<Played> {
    this.plays++;
    const all = { ...options, ...(this.#signal && { signal: this.#signal }) };
    const played = await play(this.#scenario, drawn, all);
    this.totals.events += played.events;
    this.totals.virtual += played.virtual;
    if (!this.#verify || played.failure !== undefined) return played;
    const again = await play(this.#scenario, drawn, all);
    return again.hash === played.hash ? played : { ...played, failure: different(played, again) };
  }
}

function different(one: Played, other: Played): Failure {
  const at = one.trace.findIndex(
    (entry, i) => entry.at !== other.trace[i]?.at || entry.what !== other.trace[i]?.what,
  );
  const told = ({ trace }: Played): string => {
    const entry = trace[at];
    return entry === undefined ? 'nothing' : `"${entry.what}" at ${entry.at} ms`;
  };
  const message = `One case gave two runs: ${told(one)}, then ${told(other)}. Something that the code under test depends on is outside the world.`;
  return { check: 'one seed, one run', message, error: new Error(message), at: one.trace[at]?.at ?? 0 };
}

interface Found {
  readonly failure: Failure;
  readonly case: Case;
  readonly after: number;
}

/** The least of what was found. */
async function reduced<C>(player: Player<C>, found: Found, isOver: () => boolean): Promise<Finding> {
  const fails = async (drawn: Case): Promise<boolean> => {
    try {
      return (await player.play(drawn, {})).failure?.check === found.failure.check;
    } catch (error) {
      if (isOver()) return false;
      throw error;
    }
  };
  const least = await shrink(found.case, fails, isOver);
  const played = await player.show(least);
  return {
    failure: played.failure ?? found.failure,
    case: least,
    played,
    first: found.case,
    foundAfter: found.after,
    shrunkIn: player.plays - found.after,
    isLeast: !isOver(),
  };
}

const { performance: realPerformance } = globalThis;
const realNow = realPerformance.now;

/** Real ms since it was made, in a world too. */
function realClock(): () => Milliseconds {
  const now = (): Milliseconds => realNow.call(realPerformance);
  const began = now();
  return () => now() - began;
}

/** FNV-1a over both. */
export function mixed(before: string, next: string): string {
  let hash = 0x811c9dc5;
  for (const unit of `${before}${next}`) hash = Math.imul(hash ^ unit.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
