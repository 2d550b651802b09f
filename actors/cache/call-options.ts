import type { Duration } from '../../src/runtime/duration.js';
import type { Weight } from './options.js';
import {
  checkOptions,
  entrySchema,
  importSchema,
  querySchema,
  readSchema,
  refreshSchema,
  touchSchema,
  transactionSchema,
} from './options-schema.js';
import type { ReadPolicyOptions } from './read-policy.js';

/** What may be said of one entry, beside its value. */
export interface EntryOptions {
  /** Instead of the cache's. */
  readonly ttl?: Duration;
  /** Instead of the cache's. */
  readonly staleFor?: Duration;
  /** Instead of the cache's. */
  readonly sliding?: boolean | Duration;
  /** Wall-clock ms since the epoch; never served past it. */
  readonly expiresAt?: number;
  /** Where both carry one, the lower never replaces the higher. */
  readonly version?: number;
  readonly tags?: readonly string[];
  /** Instead of what `weigh` would say. */
  readonly weight?: Weight;
}

/** @throws OptionsError that names the option. */
export function checkEntryOptions(options: EntryOptions): void {
  checkOptions(entrySchema, options);
}

/** What may be said of a row that is in use. */
export interface TouchOptions {
  /** When it is to expire, wall-clock ms since the epoch: told to the source, too. Left out: only its age begins anew, in memory. */
  readonly expiresAt?: number;
}

/** @throws OptionsError that names the option. */
export function checkTouchOptions(options: TouchOptions): void {
  checkOptions(touchSchema, options);
}

/** What may be said of one question. */
export interface ReadOptions extends ReadPolicyOptions, RefreshOptions {
  /** Who holds a stale value waits no longer than this for a fresh one. Default: the cache's `load.softTimeout`. */
  readonly softTimeout?: Duration;
}

/** What may be said of a reload. */
export interface RefreshOptions {
  /**
   * Who asks: an address, a user. Where the cache has a `throttle`, who asks for many keys that do not exist waits for the
   * answers, and is then refused with a ThrottledError. Not slowed down: hits, and questions without a client.
   */
  readonly client?: string;
  /** Gives the question up; the load goes on for others. */
  readonly signal?: AbortSignal;
  /** The longest wait. Then the answer is what is known. */
  readonly timeout?: Duration;
}

/** @throws OptionsError that names the option. */
export function checkRefreshOptions(options: RefreshOptions): void {
  checkOptions(refreshSchema, options);
}

/** @throws OptionsError that names the option. */
export function checkReadOptions(options: ReadOptions): void {
  checkOptions(readSchema, options);
}

/** @throws OptionsError that names the option. */
export function checkTransactionOptions(options: object): void {
  checkOptions(transactionSchema, options);
}

/** How what is brought goes together with what is there. */
export interface ImportOptions {
  /**
   * `'merge'`: beside what is there; of a key, what is newer holds, and a removal before either. `'replace'`: in the place of all that is
   * there, removals excepted; every load and pass under way is void. Default `'merge'`.
   */
  readonly mode?: 'merge' | 'replace';
}

/** @throws OptionsError that names the option. */
export function checkImportOptions(options: ImportOptions): void {
  checkOptions(importSchema, options);
}

/** @throws OptionsError that names the option. */
export function checkQueryOptions(options: object): void {
  checkOptions(querySchema, options);
}
