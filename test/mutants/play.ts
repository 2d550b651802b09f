import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutant.js';
import type { Outcome } from './player.js';

/** What came of a mutant. */
export interface Result extends Outcome {
  readonly name: string;
  readonly row: string;
  readonly seconds: number;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Puts a bug into a copy of the sources and plays its scenario until a case fails, or its test. What fails without the bug, too, has not
 * found it.
 *
 * @throws Error when it cannot be put there or played, or when what fails does so without it.
 */
export async function playMutant(mutant: Mutant, runs: number, shrinkFor = 15_000): Promise<Result> {
  const began = performance.now();
  const { name, row, scenario } = mutant;
  const copy = mutated(mutant);
  try {
    const outcome =
      typeof scenario === 'string'
        ? await explored(copy, scenario, runs, shrinkFor)
        : await tested(copy, scenario.test);
    return { ...outcome, name, row, seconds: Math.round((performance.now() - began) / 1_000) };
  } catch (cause) {
    throw new Error(`Mutant "${name}": ${cause instanceof Error ? cause.message : cause}`, { cause });
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** A file's text with the edits of a mutant in it. @throws Error when one does not fit just once. */
export function edited({ name, edits }: Mutant, file: string): string {
  let text = readFileSync(join(root, file), 'utf8');
  for (const { from, to } of edits.filter((each) => each.file === file)) {
    const parts = text.split(from);
    if (parts.length !== 2)
      throw new Error(
        `Mutant "${name}": its text stands ${parts.length - 1} times in ${file}, not once:\n${from}`,
      );
    text = parts.join(to);
  }
  return text;
}

function mutated(mutant: Mutant): string {
  const copy = mkdtempSync(join(tmpdir(), 'holdfast-mutant-'));
  for (const part of [
    'src',
    'actors',
    'supervisors',
    'test',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
  ])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  for (const file of new Set(mutant.edits.map((each) => each.file)))
    writeFileSync(join(copy, file), edited(mutant, file));
  return copy;
}

async function explored(copy: string, scenario: string, runs: number, shrinkFor: number): Promise<Outcome> {
  const player = (cwd: string, ...what: string[]): Promise<Outcome> =>
    told(cwd, ['--import', 'tsx', 'test/mutants/player.ts', scenario, ...what]) as Promise<Outcome>;
  const outcome = await player(copy, String(runs), String(shrinkFor));
  if (outcome.case === undefined) return outcome;
  const without = await player(root, outcome.case);
  if (without.check === undefined) return outcome;
  throw new Error(
    `the case that was found fails without the bug, too (${without.check}: ${without.message}): ${outcome.case}`,
  );
}

async function tested(copy: string, file: string): Promise<Outcome> {
  const failed = await failedIn(copy, file);
  if (failed !== undefined && (await failedIn(root, file, failed)) !== undefined)
    throw new Error(`the test that fails does so without the bug, too: ${failed}`);
  return { ...(failed && { check: `${file}: ${failed}` }), runs: 1, faults: 0, commands: 0 };
}

/** The first test of a file that fails, or the one of that name if it does. */
async function failedIn(cwd: string, file: string, name?: string): Promise<string | undefined> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const only = name === undefined ? [] : ['-t', `^${name.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')}$`];
  const report = (await told(cwd, [vitest, 'run', file, '--reporter=json', ...only], 1)) as {
    readonly testResults: readonly {
      readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
    }[];
  };
  const ran = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed' || status === 'failed');
  if (ran.length === 0) throw new Error(`${file} has no ${name === undefined ? 'tests' : `test "${name}"`}`);
  return ran.find(({ status }) => status === 'failed')?.fullName;
}

/** The last line that a program says, read as JSON. */
async function told(cwd: string, args: readonly string[], ...alsoExits: number[]): Promise<unknown> {
  const program = spawn(process.execPath, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 3_600_000,
    env: { ...process.env, VITEST: '' },
  });
  let out = '';
  let errors = '';
  program.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  program.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const code = await new Promise<unknown>((resolve, reject) =>
    program.on('close', resolve).on('error', reject),
  );
  const last = out.trim().split('\n').at(-1) ?? '';
  if ((code !== 0 && !alsoExits.includes(code as number)) || last === '')
    throw new Error(`it could not be played (${String(code)}):\n${errors}`);
  return JSON.parse(last);
}
