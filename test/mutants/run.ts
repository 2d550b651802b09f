/** Puts real bugs back into a copy of the sources, one at a time, and plays a scenario until it is found, or an ordinary test. */
import { parseArgs } from 'node:util';
import { mutants } from './list.js';
import type { Mutant } from './mutant.js';
import { foundBefore, lineOf, write } from './page.js';
import { playMutant } from './play.js';

const usage = `npm run mutants -- [--only NAME]… [--part 2/3] [--rest] [--runs N] [--write-docs] [--json]

Puts real bugs back into a copy of the sources, one at a time, and plays until each is found. Exits with 1 when one is not.

  --only NAME   those whose names contain this; may be given several times
  --part 2/3    the second of three parts of those chosen
  --rest        leaves out what docs/testing-mutants.md says was found
  --runs N      how many runs a scenario is played at most (default 2000)
  --write-docs  puts each result into docs/testing-mutants.md as it comes, so that what was broken off goes on with --rest
  --json        a line of JSON for each`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    only: { type: 'string', multiple: true },
    part: { type: 'string', default: '1/1' },
    rest: { type: 'boolean', default: false },
    runs: { type: 'string', default: '2000' },
    'write-docs': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

function chosen(): readonly Mutant[] {
  const { only, rest, part } = values;
  const [turn, of] = part.split('/').map(Number) as [number, number];
  if (!(turn >= 1 && turn <= of)) throw new Error(`--part must be such as 2/3, not ${part}.`);
  const before = rest ? foundBefore() : new Set();
  const all = mutants.filter(
    ({ name }) => !before.has(name) && (only === undefined || only.some((words) => name.includes(words))),
  );
  if (all.length === 0 && !rest) throw new Error(`No mutant is called ${only?.join(', ')}.`);
  return all.filter((_, n) => n % of === turn - 1);
}

if (values.help) {
  console.log(usage);
  process.exit(0);
}

const some = chosen();
let missed = 0;
for (const [n, mutant] of some.entries()) {
  console.error(`${n + 1} of ${some.length}: ${mutant.name} …`);
  try {
    const result = await playMutant(mutant, Number(values.runs));
    if (result.check === undefined) missed++;
    console.log(values.json ? JSON.stringify(result) : lineOf(result));
    if (values['write-docs']) write(result);
  } catch (error) {
    // The others can be played all the same.
    missed++;
    console.error(error instanceof Error ? error.message : error);
  }
}
if (!values.json) console.log(`\n${some.length - missed} of ${some.length} found.`);
process.exitCode = missed > 0 ? 1 : 0;
