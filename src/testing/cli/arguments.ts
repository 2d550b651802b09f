import { parseArgs } from 'node:util';
import { OptionsError } from '../../errors.js';
import { type Duration, type Milliseconds, milliseconds } from '../../runtime/duration.js';

/** What `holdfast simulate` was told. */
export interface SimulateArguments {
  readonly file: string | undefined;
  readonly seed: number | undefined;
  readonly runs: number | undefined;
  /** How long a soak goes on. Undefined: no soak. */
  readonly soak: Milliseconds | undefined;
  readonly verify: boolean;
  readonly replay: string | undefined;
  readonly regression: string | undefined;
  readonly incomplete: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

const options = {
  seed: { type: 'string' },
  runs: { type: 'string' },
  for: { type: 'string' },
  verify: { type: 'boolean', default: false },
  replay: { type: 'string' },
  regression: { type: 'string' },
  incomplete: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** @throws OptionsError that says which argument is wrong, and what would do. */
export function parseSimulate(line: readonly string[]): SimulateArguments {
  const { values, positionals } = parsed(line);
  const [file, ...more] = positionals;
  if (more.length > 0) {
    throw new OptionsError(`One scenario file at a time: after ${file} there came ${more.join(', ')}.`);
  }
  const { seed, runs, replay, regression, verify, incomplete, json, help } = values;
  if (replay !== undefined && values.for !== undefined) {
    throw new OptionsError('--replay plays one case, and --for many: give one of them.');
  }
  return {
    file,
    seed: seed === undefined ? undefined : seedOf(seed),
    runs: runs === undefined ? undefined : whole(runs, '--runs', 1),
    soak: values.for === undefined ? undefined : spanOf(values.for),
    replay,
    regression,
    verify,
    incomplete,
    json,
    help,
  };
}

function parsed(line: readonly string[]) {
  try {
    return parseArgs({ args: [...line], options, allowPositionals: true });
  } catch (error) {
    const [first] = (error as Error).message.split('. ');
    const names = Object.keys(options).map((name) => `--${name}`);
    throw new OptionsError(
      `${first}. The options are ${names.join(', ')}; see npx holdfast simulate --help.`,
    );
  }
}

const seedOf = (given: string): number =>
  given === 'random' ? Date.now() % 1_000_000 : whole(given, '--seed', 0);

function whole(given: string, option: string, least: number): number {
  const value = Number(given);
  if (given.trim() === '' || !Number.isSafeInteger(value) || value < least) {
    throw new OptionsError(`${option} must be a whole number from ${least}. Given: '${given}'.`, {
      option,
      given,
    });
  }
  return value;
}

function spanOf(given: string): Milliseconds {
  const value = milliseconds((/^\d+$/.test(given) ? Number(given) : given) as Duration, '--for');
  if (value > 0) return value;
  throw new OptionsError(`--for must be longer than nothing. Given: '${given}'.`, {
    option: '--for',
    given,
  });
}
