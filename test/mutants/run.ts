/**
 * Puts real bugs back into a copy of the sources, one at a time, and plays a scenario until it is found:
 * `npm run mutants -- [--only NAME] [--runs N] [--json]`. Exits with 1 when one is not found.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mutants } from './list.js';
import type { Mutant } from './mutant.js';
import type { Outcome } from './player.js';

interface Result extends Outcome {
  readonly name: string;
  readonly row: string;
  readonly seconds: number;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A copy of the sources, with a bug in it. */
function mutated({ name, edits }: Mutant): string {
  const copy = mkdtempSync(join(tmpdir(), 'holdfast-mutant-'));
  for (const part of ['src', 'actors', 'supervisors', 'test/mutants', 'package.json', 'tsconfig.json'])
    cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir');
  for (const { file, from, to } of edits) {
    const path = join(copy, file);
    const parts = readFileSync(path, 'utf8').split(from);
    if (parts.length !== 2)
      throw new Error(
        `Mutant "${name}": its text stands ${parts.length - 1} times in ${file}, not once:\n${from}`,
      );
    writeFileSync(path, parts.join(to));
  }
  return copy;
}

async function play(mutant: Mutant, runs: number): Promise<Result> {
  const began = performance.now();
  const copy = mutated(mutant);
  try {
    const player = spawn(
      process.execPath,
      ['--import', 'tsx', 'test/mutants/player.ts', mutant.scenario, String(runs)],
      { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'], timeout: 1_800_000 },
    );
    let out = '';
    let errors = '';
    player.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    player.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    const code = await new Promise((resolve, reject) => player.on('close', resolve).on('error', reject));
    const last = out.trim().split('\n').at(-1) ?? '';
    if (code !== 0 || last === '') throw new Error(`Mutant "${mutant.name}" could not be played:\n${errors}`);
    const outcome = JSON.parse(last) as Outcome;
    const seconds = Math.round((performance.now() - began) / 1_000);
    return { ...outcome, name: mutant.name, row: mutant.row, seconds };
  } finally {
    rmSync(copy, { recursive: true });
  }
}

const line = ({ name, row, check, runs, faults, commands, seconds }: Result): string =>
  `| ${name} | ${row} | ${check === undefined ? `not found in ${runs}` : runs} | ${faults} + ${commands} | ${check ?? '–'} | ${seconds} |`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    runs: { type: 'string', default: '2000' },
    json: { type: 'boolean', default: false },
  },
});
const { only, json } = values;
const chosen = mutants.filter(({ name }) => only === undefined || only.some((part) => name.includes(part)));
if (chosen.length === 0) throw new Error(`No mutant is called ${only?.join(', ')}.`);

let missed = 0;
if (!json) {
  console.log('| bug | row of the failure table | runs | failures + commands | found by | s |');
  console.log('|---|---|---|---|---|---|');
}
for (const mutant of chosen) {
  const result = await play(mutant, Number(values.runs));
  if (result.check === undefined) missed++;
  console.log(json ? JSON.stringify(result) : line(result));
}
if (!json) console.log(`\n${chosen.length - missed} of ${chosen.length} found.`);
process.exitCode = missed > 0 ? 1 : 0;
