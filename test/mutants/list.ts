import { files } from './files.js';
import { loading } from './loading.js';
import type { Mutant } from './mutant.js';
import { supervision } from './supervision.js';
import { warming } from './warming.js';

/** Real bugs, of which each was in a cache or actor library that people use, or in this one. */
export const mutants: readonly Mutant[] = [...warming, ...files, ...loading, ...supervision];
