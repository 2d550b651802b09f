/** Who restarts whom: supervisors, their children's specs, and what one can ask of them. */
export { checkChildSpecs, countChildren, whichChildren } from './calls.js';
export { child } from './child.js';
export type { ChildCount, ChildInfo } from './children.js';
export type { SupervisorOptions } from './options.js';
export { stop } from './stop.js';
export type { Strategy } from './strategy.js';
export {
  type SupervisorLogic,
  type SupervisorRef,
  type SupervisorSnapshot,
  supervisor,
} from './supervisor.js';
