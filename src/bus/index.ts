/** Typed events between actors, and from them to whoever watches. */
export * from './bus.js';
export type * from './cache-events.js';
