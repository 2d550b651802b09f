import { files } from './files.js';
import { guessing } from './guessing.js';
import { loading } from './loading.js';
import type { Mutant } from './mutant.js';
import { outbox } from './outbox.js';
import { supervision } from './supervision.js';
import { warming } from './warming.js';

/** Real bugs, of which each was in a cache or actor library that people use, or in this one. */
export const mutants: readonly Mutant[] = [
  ...warming,
  ...files,
  ...loading,
  ...outbox,
  ...supervision,
  ...guessing,
];
