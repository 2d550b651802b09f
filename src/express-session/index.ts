/** Sessions of express-session in a cache: they stay served while the database is away. */
export type { HoldfastStoreOptions, SessionCache } from './options.js';
export { HoldfastStore } from './store.js';
