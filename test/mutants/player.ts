import fc from 'fast-check';
import { cacheScenario, explore, type NamedScenario } from 'holdfast/testing';
import { guessers } from './guessers.js';
import { supervisedTree } from './supervised-tree.js';

/** Plays a scenario in a copy of the sources until a case fails: `player.ts cache 2000`. Writes one line of JSON. */
export interface Outcome {
  /** The check that failed; undefined: none. */
  readonly check: string | undefined;
  readonly message: string;
  readonly runs: number;
  /** Of the least case. */
  readonly faults: number;
  readonly commands: number;
}

const [name, runs] = process.argv.slice(2);
const scenarios: Readonly<Record<string, unknown>> = { tree: supervisedTree, guessers };
const scenario = scenarios[name ?? ''] ?? cacheScenario;
const { finding, runs: played } = await explore(fc, scenario as NamedScenario<unknown>, {
  runs: Number(runs),
  shrinkFor: 15_000,
});
const outcome: Outcome = {
  check: finding?.failure.check,
  message: finding?.failure.message.split('\n', 1)[0] ?? '',
  runs: finding?.foundAfter ?? played,
  faults: finding?.case.faults.length ?? 0,
  commands: finding?.case.steps.length ?? 0,
};
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit());
