import fc from 'fast-check';
import { cacheScenario, decodeCase, encodeCase, explore, type NamedScenario, play } from 'holdfast/testing';
import { guessers } from './guessers.js';
import { supervisedTree } from './supervised-tree.js';

/** Plays a scenario in a copy of the sources until a case fails, or one case: `player.ts cache 2000 15000`, `player.ts cache CASE`. Writes one line of JSON. */
export interface Outcome {
  /** The check that failed; undefined: none. */
  readonly check?: string;
  readonly message?: string;
  readonly runs: number;
  /** Of the least case. */
  readonly faults: number;
  readonly commands: number;
  /** It, in a word. */
  readonly case?: string;
}

const [name = '', what = '', shrinkFor = '15000'] = process.argv.slice(2);
const scenarios: Record<string, unknown> = { cache: cacheScenario, tree: supervisedTree, guessers };
const scenario = scenarios[name] as NamedScenario<unknown>;
const outcome = /^\d+$/.test(what) ? await explored(Number(what)) : await played(what);
process.stdout.write(`${JSON.stringify(outcome)}\n`, () => process.exit());

async function explored(runs: number): Promise<Outcome> {
  const { finding, runs: all } = await explore(fc, scenario, { runs, shrinkFor: Number(shrinkFor) });
  if (finding === undefined) return { runs: all, faults: 0, commands: 0 };
  const { failure, case: least, foundAfter } = finding;
  return {
    check: failure.check,
    message: failure.message.split('\n', 1)[0] as string,
    runs: foundAfter,
    faults: least.faults.length + (least.points ?? []).length,
    commands: least.steps.length,
    case: encodeCase(least),
  };
}

async function played(word: string): Promise<Outcome> {
  const { failure } = await play(scenario, decodeCase(word));
  return {
    ...(failure && { check: failure.check, message: failure.message }),
    runs: 1,
    faults: 0,
    commands: 0,
  };
}
