import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvariantError, OptionsError } from '../../errors.js';
import { type Duration, milliseconds } from '../../runtime/duration.js';
import { type Case, decodeCase, encodeCase } from './case.js';
import { type Exploration, type ExploreOptions, explore } from './explore.js';
import { fastCheck } from './fast-check.js';
import { play } from './play.js';
import { findingText, speedText, timelineText } from './report.js';
import { runner } from './runner.js';
import type { Scenario } from './scenario.js';

/** How much a simulation plays, and what of it fails the test. */
export interface SimTestOptions extends Omit<ExploreOptions, 'signal' | 'onRun'> {
  /** The test runner's time limit, of real time. Default `'10m'`. */
  readonly timeout?: Duration;
  /**
   * A folder of cases that failed once: each is a test of its own. A new one is written there when a test fails while
   * `HOLDFAST_SAVE` is set.
   */
  readonly regressions?: URL;
  /** Whether a kind of failure that no run exercised, or a `sometimes` that never came about, fails the test. Default true. */
  readonly complete?: boolean;
}

/** Where the CLI collects what a file declares, instead of running it. */
export const collecting = Symbol.for('holdfast.simulations');

/** A scenario of a file, and what its file says of how it is played. */
export interface Simulation {
  readonly name: string;
  readonly scenario: Scenario<never>;
  readonly options: SimTestOptions;
}
const place = globalThis as { [collecting]?: Simulation[] };

/**
 * A test that plays a scenario many times under failures, and shrinks the first run that fails to the least that still does. Runs under
 * vitest and under `node:test`. It needs fast-check to be installed.
 *
 * `RUNS` and `SEED` in the environment take the place of the options; `HOLDFAST_REPLAY`, which a failing test prints, plays one case again.
 *
 * @throws InvariantError, from the test, with the check, the failures that are needed, the timeline and the replay line.
 * @example
 * ```ts
 * simTest('a revoked session is never served again', {
 *   setup: async (w) => { … return { db, cache } },
 *   workload: ({ cache }) => [{ name: 'logout', run: (draw) => cache.remove(draw.of(users)) }],
 *   faults: faults.any({ source: true, crashes: ['sessions/cache'], reboot: true }),
 *   checks: [always('the tree is up', ({ cache }) => cache.health().status !== 'stopped')],
 * }, { runs: 300 });
 * ```
 */
export function simTest<C>(name: string, scenario: Scenario<C>, options: SimTestOptions = {}): void {
  if (place[collecting] !== undefined) {
    place[collecting].push({ name, scenario: scenario as unknown as Scenario<never>, options });
    return;
  }
  const timeout = milliseconds(options.timeout ?? '10m', 'timeout');
  const replay = replayOf(name);
  for (const [file, drawn] of regressionsIn(options.regressions, name)) {
    runner(`${name}: ${file}`, timeout, async (signal) => {
      await replayed(name, scenario, drawn, signal);
    });
  }
  runner(name, timeout, async (signal) => {
    if (replay !== undefined) return replayed(name, scenario, replay, signal);
    const { RUNS, SEED } = process.env;
    const exploration = await explore(await fastCheck(), scenario, {
      ...options,
      ...(RUNS && { runs: Number(RUNS) }),
      ...(SEED && { seed: SEED === 'random' ? Date.now() % 1_000_000 : Number(SEED) }),
      ...(signal && { signal }),
    });
    if (exploration.finding === undefined) signal?.throwIfAborted();
    judge(name, exploration, options);
  });
}

/** @throws InvariantError for what an exploration found, or never came to. */
function judge(
  name: string,
  exploration: Exploration,
  { regressions, complete = true }: SimTestOptions,
): void {
  const { finding, never, coverage } = exploration;
  if (finding !== undefined) {
    const saved = process.env.HOLDFAST_SAVE && regressions && save(regressions, name, finding.case);
    throw new InvariantError(
      [
        findingText(
          name,
          finding,
          `HOLDFAST_REPLAY=${quoted(`${name}=${encodeCase(finding.case)}`)}, and run this test.`,
        ),
        ...(saved ? [`Saved: ${saved}`] : regressions ? ['To keep it as a test: set HOLDFAST_SAVE=1.'] : []),
      ].join('\n'),
      { cause: finding.failure.error },
    );
  }
  if (complete && never.length > 0) {
    throw new InvariantError(
      [
        `"${name}" held, but never came to: ${never.join(', ')}. Run more cases, make them likelier, or plan less.`,
        speedText(exploration),
        ...coverage.lines(),
      ].join('\n'),
    );
  }
}

async function replayed<C>(
  name: string,
  scenario: Scenario<C>,
  drawn: Case,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { failure, timeline } = await play(scenario, drawn, signal ? { signal } : {});
  if (failure === undefined) return;
  throw new InvariantError(
    [`"${name}" fails: ${failure.check}`, `  ${failure.message}`, '', ...timelineText(timeline)].join('\n'),
    { cause: failure.error },
  );
}

/** As a shell takes it. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Of `name=case`, the case, where it is for this test. */
function replayOf(name: string): Case | undefined {
  const { HOLDFAST_REPLAY: given } = process.env;
  if (!given) return undefined;
  const at = given.lastIndexOf('=');
  if (at < 0) throw new OptionsError('HOLDFAST_REPLAY must be name=case, as a failing test prints it.');
  return given.slice(0, at) === name ? decodeCase(given.slice(at + 1)) : undefined;
}

interface Saved {
  readonly name: string;
  readonly case: Case;
}

function regressionsIn(folder: URL | undefined, name: string): [file: string, drawn: Case][] {
  if (folder === undefined) return [];
  const path = fileURLToPath(folder);
  let files: string[];
  try {
    files = readdirSync(path).filter((file) => file.endsWith('.json'));
  } catch {
    return [];
  }
  return files.sort().flatMap((file): [string, Case][] => {
    const saved = JSON.parse(readFileSync(join(path, file), 'utf8')) as Saved;
    return saved.name === name ? [[file, saved.case]] : [];
  });
}

function save(folder: URL, name: string, drawn: Case): string {
  const path = fileURLToPath(folder);
  mkdirSync(path, { recursive: true });
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const file = join(path, `${slug}-${encodeCase(drawn).slice(-8)}.json`);
  const saved: Saved = { name, case: drawn };
  writeFileSync(file, `${JSON.stringify(saved, undefined, 2)}\n`);
  return file;
}
