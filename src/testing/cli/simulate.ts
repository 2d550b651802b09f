import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { OptionsError } from '../../errors.js';
import { decodeCase, encodeCase } from '../simulation/case.js';
import { Coverage } from '../simulation/coverage.js';
import type { Exploration, Progress } from '../simulation/explore.js';
import { fastCheck } from '../simulation/fast-check.js';
import type { Played } from '../simulation/play.js';
import { speedText } from '../simulation/report.js';
import type { Simulation } from '../simulation/sim-test.js';
import type { SimulateArguments } from './arguments.js';
import { type Kit, load } from './load.js';
import { faultOf, type Outcome, outcomeJson, outcomeText } from './outcome.js';
import { ProgressLine } from './progress-line.js';
import { type Regression, regressionTest } from './regression-test.js';
import { soak } from './soak.js';
import type { Terminal } from './terminal.js';

const brokenOff = 130;

/** Plays what a command line asks for, and answers its exit code. @throws OptionsError for what cannot be played. */
export async function simulate(asked: SimulateArguments, terminal: Terminal): Promise<number> {
  const say = asked.json ? onlyJson() : (text: string) => terminal.stdout.write(text);
  const { kit, simulations } = await load(asked.file);
  const interruption = new AbortController();
  const interrupt = (): void => {
    // Whoever asks twice does not wait for the run under way.
    if (interruption.signal.aborted) process.exit(brokenOff);
    interruption.abort();
  };
  process.on('SIGINT', interrupt);
  const { signal } = interruption;
  const outcomes: Outcome[] = [];
  try {
    const playing = new Playing(kit, asked, simulations, new ProgressLine(terminal.stderr, now), signal);
    for (const simulation of playing.simulations) {
      if (signal.aborted) break;
      const outcome = await playing.outcomeOf(simulation);
      outcomes.push(outcome);
      if (!asked.json) say(`${outcomeText(outcome, signal.aborted)}\n`);
    }
  } finally {
    process.off('SIGINT', interrupt);
  }
  const failed = outcomes.some((outcome) => faultOf(outcome, asked.incomplete) !== undefined);
  if (asked.json) {
    const outcome = signal.aborted ? 'broken off' : failed ? 'failed' : 'held';
    say(`${JSON.stringify({ outcome, simulations: outcomes.map(outcomeJson) }, undefined, 2)}\n`);
  }
  if (asked.regression !== undefined) {
    terminal.stderr.write(`${keep(asked.regression, asked.file, outcomes)}\n`);
  }
  return signal.aborted ? brokenOff : failed ? 1 : 0;
}

const now = (): number => performance.now();

/** From now on what anybody else writes to stdout goes to stderr. Answers what still writes there. */
function onlyJson(): (text: string) => void {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
  return (text) => void write(text);
}

/** The scenarios of one command. */
class Playing {
  readonly simulations: readonly Simulation[];
  readonly #kit: Kit;
  readonly #asked: SimulateArguments;
  readonly #line: ProgressLine;
  readonly #signal: AbortSignal;
  readonly #replay: string | undefined;
  readonly #isOne: boolean;

  constructor(
    kit: Kit,
    asked: SimulateArguments,
    all: readonly Simulation[],
    line: ProgressLine,
    signal: AbortSignal,
  ) {
    this.#kit = kit;
    this.#asked = asked;
    this.#line = line;
    this.#signal = signal;
    this.#isOne = all.length === 1;
    const [name, code] = splitReplay(asked.replay);
    this.#replay = code;
    this.simulations = code === undefined ? all : [oneOf(all, name)];
  }

  async outcomeOf(simulation: Simulation): Promise<Outcome> {
    const { name } = simulation;
    const played = await (this.#replay === undefined
      ? this.#explored(simulation)
      : this.#replayed(simulation, this.#replay));
    this.#line.clear();
    const { finding } = played.exploration;
    return {
      name,
      replayed: this.#replay !== undefined,
      replay: finding === undefined ? '' : this.#again(name, encodeCase(finding.case)),
      ...played,
    };
  }

  async #explored({ name, scenario, options }: Simulation): Promise<Pick<Outcome, 'exploration' | 'heap'>> {
    const { runs = options.runs ?? 100, seed = options.seed ?? 1, verify, soak: span } = this.#asked;
    const fc = await fastCheck();
    const told = {
      runs,
      seed,
      verify: verify || options.verify === true,
      ...(options.shrinkFor !== undefined && { shrinkFor: options.shrinkFor }),
      signal: this.#signal,
      onRun: (progress: Progress) => this.#line.show(() => progressText(name, progress)),
    };
    if (span !== undefined) {
      return soak(this.#kit, fc, scenario, { ...told, stopAfter: span / this.simulations.length });
    }
    const exploration = await this.#kit.explore(fc, scenario, told);
    const complete = options.complete !== false;
    return { exploration: complete ? exploration : { ...exploration, never: [] }, heap: undefined };
  }

  async #replayed({ scenario }: Simulation, code: string): Promise<Pick<Outcome, 'exploration' | 'heap'>> {
    const drawn = decodeCase(code);
    const began = now();
    const coverage = new Coverage(undefined);
    const played = await this.#kit.play(scenario, drawn, { coverage });
    const again = this.#asked.verify ? await this.#kit.play(scenario, drawn) : played;
    const failure = played.failure ?? differs(played, again);
    const { events, virtual, hash } = played;
    const exploration: Exploration = {
      finding: failure && {
        failure,
        case: drawn,
        played,
        first: drawn,
        foundAfter: 1,
        shrunkIn: 0,
        isLeast: true,
      },
      runs: 1,
      coverage,
      never: [],
      events,
      virtual,
      real: now() - began,
      hash,
    };
    return { exploration, heap: undefined };
  }

  /** The command that plays a case again. */
  #again(name: string, code: string): string {
    const { file } = this.#asked;
    const of = this.#isOne ? code : `${name}=${code}`;
    return [
      'npx holdfast simulate',
      ...(file === undefined ? [] : [inShell(file)]),
      '--replay',
      inShell(of),
    ].join(' ');
  }
}

function progressText(name: string, progress: Progress): string {
  return `${name}: ${speedText(progress)}${progress.shrinking ? ', it failed: shrinking' : ''}`;
}

function differs(one: Played, other: Played): Played['failure'] {
  if (one.hash === other.hash) return undefined;
  const message =
    'One case gave two runs: something that the code under test depends on is outside the world.';
  return { check: 'one seed, one run', message, error: new Error(message), at: one.virtual };
}

/** Of `name=code`, both; a code alone has no `=`. */
function splitReplay(given: string | undefined): [name: string | undefined, code: string | undefined] {
  const at = given?.lastIndexOf('=') ?? -1;
  return given === undefined || at < 0 ? [undefined, given] : [given.slice(0, at), given.slice(at + 1)];
}

function oneOf(all: readonly Simulation[], name: string | undefined): Simulation {
  const [first] = all;
  const one = name === undefined ? (all.length === 1 ? first : undefined) : all.find((s) => s.name === name);
  if (one !== undefined) return one;
  const names = all.map((simulation) => `"${simulation.name}"`).join(', ');
  throw new OptionsError(
    name === undefined
      ? `The file has several scenarios: ${names}. Say of which the case is: --replay 'NAME=CODE'.`
      : `There is no scenario "${name}". There is: ${names}.`,
  );
}

/** Writes the regression test of what failed. Answers what was done. */
function keep(file: string, scenarios: string | undefined, outcomes: readonly Outcome[]): string {
  const cases = outcomes.flatMap(({ name, exploration: { finding } }): Regression[] =>
    finding === undefined ? [] : [{ name, check: finding.failure.check, case: finding.case }],
  );
  if (cases.length === 0) return `Nothing failed: ${file} was not written.`;
  const text = regressionTest(cases, { file, scenarios });
  mkdirSync(dirname(resolve(file)), { recursive: true });
  writeFileSync(file, text);
  return `Written: ${file}`;
}

const inShell = (word: string): string =>
  /^[\w./@:=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
