/**
 * `npm run bench [-- --suite NAME … --case WORDS --json --quick --explain --list --write-readme --write-docs]`: runs the suites of this
 * folder against the built package; with `--case`, of them the cases whose titles match (a regular expression). `--write-docs` puts
 * what the suite `cache` finds into docs/speed.md, case by case. `--explain` tells, at the cost of some speed, which functions ran in
 * the longest stretches (suite `million`). With `--json` the standard output is one JSON document, `{ machine, results }`, and nothing
 * else.
 */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine } from './harness/machine.js';
import { found, replaceBlock, replaceRows, table } from './harness/report.js';
import { collectGarbage, interleaved } from './harness/rounds.js';
import type { Bench, Result, Suite } from './harness/suite.js';

const { values: flags } = parseArgs({
  options: {
    suite: { type: 'string', multiple: true },
    case: { type: 'string' },
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    explain: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    'write-readme': { type: 'boolean', default: false },
    'write-docs': { type: 'boolean', default: false },
  },
});

const readme = new URL('../../README.md', import.meta.url);
const speed = new URL('../../docs/speed.md', import.meta.url);
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function suites(): Promise<Suite[]> {
  const files = readdirSync(new URL('.', import.meta.url)).filter(
    (file) => file.endsWith('.ts') && file !== 'run.ts' && !file.startsWith('_'),
  );
  return Promise.all(
    files.sort().map(async (file) => {
      const module: { readonly default: Suite } = await import(new URL(file, import.meta.url).href);
      return module.default;
    }),
  );
}

const asked = flags.case === undefined ? undefined : new RegExp(flags.case, 'i');
const wants = (title: string): boolean => asked?.test(title) ?? true;

function bench(suite: string, results: Result[]): Bench {
  const record: Bench['record'] = (name, unit, values, aims) => {
    if (!wants(name)) return;
    const result = { suite, case: name, unit, values, ...(aims && { aims }) };
    results.push(result);
    say(`  ${found(result)}`);
    if (flags['write-docs'] && suite === 'cache') replaceRows(speed, suite, [result]);
  };
  return {
    wants,
    record,
    async compare(name, unit, contenders, { rounds = 7, warmUp = 1, aims } = {}) {
      if (!wants(name)) return {};
      say(`  ${name} …`);
      const values = await interleaved(contenders, {
        rounds: flags.quick ? Math.min(rounds, 3) : rounds,
        warmUp,
      });
      record(name, unit, values, aims);
      return values;
    },
    note: (text) => say(`  ${text}`),
    explain: flags.explain,
    scale: flags.quick ? 0.05 : 1,
    writeReadme(block, content) {
      if (flags['write-readme']) replaceBlock(readme, block, content);
    },
  };
}

async function main(): Promise<void> {
  const all = await suites();
  const unknown = flags.suite?.filter((name) => !all.some((suite) => suite.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(
      `No suite "${unknown.join('", "')}". There are: ${all.map(({ name }) => name).join(', ')}.`,
    );
  }
  if (flags.list) {
    for (const { name, about } of all) print(`${name}: ${about}`);
    return;
  }
  const chosen = flags.suite === undefined ? all : all.filter(({ name }) => flags.suite?.includes(name));
  if (!('gc' in globalThis)) say('Without --expose-gc one contender pays for the garbage of another.');

  const where = machine();
  if (!flags.json) print(Object.values(where).join(' · '));
  const results: Result[] = [];
  for (const suite of chosen) {
    say(`\n${suite.name}: ${suite.about}`);
    const own: Result[] = [];
    await suite.run(bench(suite.name, own));
    collectGarbage();
    results.push(...own);
    if (!flags.json) print(`\n${suite.name}: ${suite.about}\n${table(own)}`);
  }
  if (flags.json) print(JSON.stringify({ machine: where, results }, null, 2));
}

await main();
