/**
 * `holdfast/testing`: run the real code under virtual time, inject failures, check what must hold.
 *
 * @module
 */
export {
  EscapeError,
  InjectedFaultError,
  InvariantError,
  NonDeterminismError,
  WorldError,
  WorldStuckError,
  WorldUncaughtError,
} from '../errors.js';
export type { FaultPoints } from './fault-points.js';
export { type SeededRandom, seededRandom } from './random.js';
export { world } from './run-world.js';
export type { TraceEntry } from './trace.js';
export type { Uncaught } from './uncaught.js';
export { createWorld, currentWorld, hop, type World, type WorldOptions } from './world.js';
