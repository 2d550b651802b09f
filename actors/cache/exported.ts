import type { Milliseconds } from '../../src/runtime/duration.js';
import type { Terms } from './terms.js';

/** An entry on its way out of a cache or into one: plain data, times by the wall clock in ms. */
export interface ExportedEntry<V> {
  /** With `secretKeys` the digest. */
  readonly key: string;
  readonly value: V;
  /** When the source last confirmed it. */
  readonly confirmedAt: Milliseconds;
  readonly ttl: Milliseconds;
  readonly staleFor: Milliseconds | 'until-expiry';
  /** Whether reads keep it fresh: only where the entry has its own. */
  readonly sliding?: boolean;
  readonly expiresAt?: Milliseconds;
  readonly version?: number;
  readonly tags?: readonly string[];
  readonly weight?: number;
}

/** A removal on its way: what is older of its key is not to be believed. */
export interface ExportedRemoval {
  readonly key: string;
  readonly removed: 'invalidated' | 'revoked';
  readonly at: Milliseconds;
}

export type ExportedRecord<V> = ExportedEntry<V> | ExportedRemoval;

/** What became of the records of an import. */
export interface ImportReport {
  /** Entries that were stored. */
  readonly entries: number;
  /** Removals that were taken over. */
  readonly removals: number;
  /** Records passed over because something newer, or a removal, is known here. */
  readonly kept: number;
  /** Entries whose time was over. */
  readonly over: number;
  /** What was no record, or has a key that this cache does not take. Each is told as `'quarantined'`. */
  readonly refused: number;
}

type Checked<V> =
  | { readonly type: 'entry'; readonly entry: ExportedEntry<V>; readonly terms: Terms }
  | { readonly type: 'removal'; readonly removal: ExportedRemoval }
  | { readonly type: 'bad'; readonly key: string | undefined; readonly message: string };

/** Looks whether it is a record; anything at all may have been handed over. */
export function checkRecord<V>(given: unknown): Checked<V> {
  if (typeof given !== 'object' || given === null) return bad(undefined, 'A record must be an object.');
  const { key } = given as { readonly key?: unknown };
  if (typeof key !== 'string') return bad(undefined, 'A record must have a key: a string.');
  if ('removed' in given) {
    const { removed, at } = given as Partial<ExportedRemoval>;
    const isRemoval = (removed === 'invalidated' || removed === 'revoked') && isTime(at);
    return isRemoval
      ? { type: 'removal', removal: { key, removed, at } }
      : bad(key, "A removal must have `removed`, 'invalidated' or 'revoked', and `at`, ms since the epoch.");
  }
  const entry = given as Partial<ExportedEntry<V>>;
  const { value, confirmedAt, ttl, sliding, expiresAt, version, tags, weight } = entry;
  const staleFor = entry.staleFor === 'until-expiry' ? Number.POSITIVE_INFINITY : entry.staleFor;
  if (value === undefined) return bad(key, 'An entry must have a value other than undefined.');
  if (!isTime(confirmedAt) || !isSpan(ttl) || !(isSpan(staleFor) || staleFor === Number.POSITIVE_INFINITY))
    return bad(key, 'An entry must have `confirmedAt`, `ttl` and `staleFor`, in ms.');
  if (expiresAt !== undefined && !isTime(expiresAt))
    return bad(key, '`expiresAt` must be ms since the epoch.');
  if (sliding !== undefined && typeof sliding !== 'boolean')
    return bad(key, '`sliding` must be true or false.');
  if (version !== undefined && !isTime(version)) return bad(key, '`version` must be a number.');
  if (weight !== undefined && !isSpan(weight)) return bad(key, '`weight` must be a number, 0 or more.');
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')))
    return bad(key, '`tags` must be an array of strings.');
  return { type: 'entry', entry: given as ExportedEntry<V>, terms: { ttl, staleFor: staleFor as number } };
}

const bad = (key: string | undefined, message: string): Checked<never> => ({ type: 'bad', key, message });
const isTime = (given: unknown): given is number => Number.isFinite(given);
const isSpan = (given: unknown): given is number => Number.isFinite(given) && (given as number) >= 0;
