import { edit, mutantsOf } from './mutant.js';

const late = mutantsOf({ test: 'test/sources/sqlite/changes.test.ts' })([
  'a change that is committed late is passed over',
  'a row committed late with an older `updated_at`',
  edit(
    'src/sources/change-cursor.ts',
    'const overlap: Milliseconds = 5_000;',
    'const overlap: Milliseconds = 0;',
  ),
]);

const replaced = mutantsOf({ test: 'test/sources/sqlite/away.test.ts' })([
  'a file that was replaced is read for ever',
  'the database file is replaced or deleted under an open connection',
  edit(
    'src/sources/sqlite/database-file.ts',
    '    if (this.#connection?.identity === identity && this',
    '    if (this.#connection !== undefined && this',
  ),
]);

/** What lies in real files, which no simulation holds. */
export const files = [...late, ...replaced];
