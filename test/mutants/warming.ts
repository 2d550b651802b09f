import { edit, mutantsOf } from './mutant.js';

const machine = 'actors/warmer/machine.ts';
const pass = 'actors/warmer/pass.ts';
const feed = 'actors/cache/feed.ts';

export const warming = mutantsOf('cache')(
  [
    'a boot waits for the database',
    'database down when the app boots, warm-up required',
    edit(
      machine,
      "      entry: ['warming', 'beginPass'],\n",
      "      entry: ['warming', 'beginPass'],\n      tags: 'starting',\n",
    ),
    edit(machine, "  initial: 'waiting',", "  initial: 'warming',"),
    edit(machine, "      entry: 'backOff',\n", "      entry: 'backOff',\n      tags: 'starting',\n"),
  ],
  [
    "the warmer's timer is lost with its state",
    'database down when the app boots, warm-up optional',
    edit(
      machine,
      "          { guard: 'canPass', target: 'warming' },\n          { target: 'idle' },\n        ],\n      },\n      always",
      "          { guard: ({ context: { core } }) => core.passes.possible && core.passes.begun === 0, target: 'warming' },\n          { target: 'idle' },\n        ],\n      },\n      always",
    ),
  ],
  [
    'no pass after one that failed',
    'one failing warm pass, weeks later',
    edit(
      machine,
      "{ target: 'backoff', actions: 'countFailure' },",
      "{ target: 'idle', actions: 'countFailure' },",
    ),
  ],
  [
    'warm() tells a backoff for a success',
    'manual `warm()` while the warmer is down or backing off',
    edit(
      'src/define-cache.ts',
      '    return passes.requests.make();',
      "    if (passes.activity === 'backoff') return { rows: 0, removed: 0, quarantined: 0, took: 0 };\n    return passes.requests.make();",
    ),
  ],
  [
    'everybody loads for themselves while it is cold',
    'readers during the first pass',
    edit(
      'actors/cache/loader.ts',
      'if (existing !== undefined) {',
      'if (existing !== undefined && (this.#core as unknown as { cold: boolean }).cold !== true) {',
    ),
  ],
  [
    'a complete pass removes nothing',
    'a row deleted in the database, then a pass',
    edit(pass, 'core.passes.nameless ? 0 : await', 'core.passes.begun > 0 ? 0 : await'),
  ],
  [
    'a partial pass removes what it did not see',
    'a row deleted in the database, then a pass',
    edit(
      pass,
      "    if (end.type === 'failed') return failed",
      "    if (end.type === 'failed') await removeUnseen(core, whole, stretch);\n    if (end.type === 'failed') return failed",
    ),
  ],
  [
    'a pass overwrites what was put meanwhile',
    'a row written through the cache while a pass runs',
    edit('src/table/history.ts', 'this.#records.slots.seq(slot) <= lease.seq;', 'true;'),
  ],
  [
    'a bad row ends the pass',
    'one row the application cannot decode',
    edit(
      'actors/cache/intake.ts',
      "      return { key, taken: 'quarantined' };\n    }\n    const key",
      '      throw checked.error;\n    }\n    const key',
    ),
  ],
  [
    "the user's error crashes the warmer",
    "the user's source throws its own errors",
    edit(
      feed,
      "        if (answer.type === 'failed') return answer;",
      "        if (answer.type === 'failed' && !answer.unavailable) throw answer.error;\n        if (answer.type === 'failed') return answer;",
    ),
  ],
  [
    'an error of the query is for ever',
    'a migration renames a column under a running cache',
    edit(
      machine,
      "          { target: 'backoff', actions: 'countFailure' },",
      "          { guard: ({ event }) => event.output.type === 'failed' && !event.output.unavailable, target: 'idle' },\n          { target: 'backoff', actions: 'countFailure' },",
    ),
  ],
  [
    'a pass takes the whole table at once',
    'a database of 1,000,000 rows',
    edit(pass, 'batch: core.policy.warm.batch });', 'batch: 1_000_000 });'),
  ],
  [
    'the orphan of a crashed warmer goes on',
    'crash of the warmer while its query is slow',
    edit(machine, 'pass(core, life)),', 'pass(core, new AbortController().signal, life)),'),
    edit(
      pass,
      'core: CacheCore<V>, life: LifeSignal): Promise',
      'core: CacheCore<V>, life: LifeSignal, _: LifeSignal): Promise',
    ),
  ],
  [
    'two passes at once',
    'crash of the warmer while its query is slow',
    edit('actors/cache/writer.ts', 'core.passes.demand();', 'void pass(core, new AbortController().signal);'),
    edit(
      'actors/cache/writer.ts',
      "import { type Terms, termsOf } from './terms.js';",
      "import { pass } from '../warmer/pass.js';\nimport { type Terms, termsOf } from './terms.js';",
    ),
  ],
);
