/** `holdfast/observe`: see a tree and its caches at work, from a browser or by `curl`. */
export { type Observer, observe } from './observe.js';
export type { ObservedBus, ObservedCache, ObservedNode, ObservedRuntime } from './observed.js';
export type { Action, ObserveOptions } from './options.js';
export type { CacheStatus, SourceStatus, Status } from './status.js';
