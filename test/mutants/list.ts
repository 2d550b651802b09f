import { files } from './files.js';
import { guessing } from './guessing.js';
import { linearizable } from './linearizable.js';
import { loading } from './loading.js';
import type { Mutant } from './mutant.js';
import { outbox } from './outbox.js';
import { persistence } from './persistence.js';
import { sessionStores } from './session-stores.js';
import { supervision } from './supervision.js';
import { atomic } from './transactions.js';
import { warming } from './warming.js';

/** Real bugs, of which each was in a cache or actor library that people use, or in this one. */
export const mutants: readonly Mutant[] = [
  ...warming,
  ...files,
  ...loading,
  ...linearizable,
  ...outbox,
  ...supervision,
  ...guessing,
  ...atomic,
  ...sessionStores,
  ...persistence,
];
