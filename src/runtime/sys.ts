/** What an operator, or a test, can ask of any actor: OTP's `sys`. */
export { type ActorState, getState, replaceState } from './actor-state.js';
export { type Statistics, statistics } from './statistics.js';
export { resume, suspend } from './suspension.js';
export { type Traced, trace } from './trace.js';
