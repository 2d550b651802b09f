import { edit, mutantsOf } from './mutant.js';

const writer = 'actors/cache/source-writer.ts';
const row = '`remove`, `revoke`, `put`, `invalidate`, `clear` while the load runs';

/** What makes an answer that no one order of the operations explains. */
export const linearizable = mutantsOf({ test: 'test/properties/linearizable.test.ts' })(
  [
    'a late load is stored after a save',
    row,
    edit(
      writer,
      "lease) === 'stored') {\n      quarantine.release(stored);\n      loader.abort(stored);",
      "lease) === 'stored') {\n      quarantine.release(stored);",
    ),
    edit('src/table/history.ts', 'this.#records.slots.seq(slot) <= lease.seq;', 'true;'),
  ],
  [
    'a load is stored after a save that a removal has overtaken',
    row,
    edit(writer, '      table.overtake(stored);\n      loader.abort(stored);\n', ''),
  ],
  [
    'a removal stands against the save that comes after it',
    row,
    edit(writer, ' && tombstone.at !== removedBefore) {', ') {'),
  ],
  [
    'a save that was overtaken is stored all the same',
    row,
    edit(
      writer,
      'table.confirm(stored, value, options, lease)',
      'table.confirm(stored, value, options, table.lease())',
    ),
  ],
  [
    'a save is tried again though it may have been carried out',
    row,
    edit(writer, '      retries: 0,\n', '      retries: 2,\n'),
  ],
  [
    'a late "no such row" takes away what was put meanwhile',
    row,
    edit(
      'actors/cache/changes.ts',
      'if (seen) core.quarantine.release(key);\n      core.loader.abort(key);',
      'if (seen) core.quarantine.release(key);',
    ),
    edit(
      'src/table/table.ts',
      "    if (!this.history.admits(slot, lease) || this.isSealed(key)) return 'lease';\n    if (lease.of",
      '    if (lease.of',
    ),
  ],
);
