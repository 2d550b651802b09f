/** Where the truth lives: the port, the short form, and which errors mean that it is away. */
export { type Classifiers, isUnavailable } from './classify.js';
export { functionSource, type LoadFunction } from './function-source.js';
export type * from './source.js';
