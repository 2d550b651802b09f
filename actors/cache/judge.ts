import type { Milliseconds } from '../../src/runtime/duration.js';
import type { Stale, Unknown } from './lookup.js';

/** Marks of an entry, kept as bits beside it; the table knows which of them leave it fresh, and which let it be affirmed. */
export const Flag = {
  none: 0,
  /** From a snapshot, not confirmed in this process. */
  restored: 1,
  /** Our own bookkeeping is in doubt. */
  suspect: 2,
  /** Reads keep it fresh. */
  sliding: 4,
  /** Put here: the source need not know of it. A change feed that does not name it says nothing of it. */
  local: 8,
  /** The source said something of its row that was not taken over: nor does it say anything of this. */
  missed: 16,
} as const;

/** What is known of one entry. Ages are judged by the one clock, its own expiry by the other. */
export interface Standing {
  /** ms of ages. */
  readonly confirmedAt: Milliseconds;
  readonly ttl: Milliseconds;
  readonly staleFor: Milliseconds;
  /** Wall-clock ms; Infinity where it has none. */
  readonly expiresAt: Milliseconds;
  readonly flags: number;
}

export interface Circumstances {
  readonly age: Milliseconds;
  readonly wall: Milliseconds;
  readonly sourceDown: boolean;
  /** Confirmations before this are in doubt (a gap in the change feed); ms of ages. */
  readonly doubtBefore: Milliseconds;
}

/** `'expired'`: past its own `expiresAt`. `'aged'`: past `ttl + staleFor`. Neither may be served. */
export type Verdict = 'fresh' | Stale<unknown>['because'] | 'expired' | 'aged';

/** Whether an entry may be served, and as what. The order is the order of precedence. */
export function judge(entry: Standing, now: Circumstances): Verdict {
  if (now.wall >= entry.expiresAt) return 'expired';
  // A clock that is read once a stretch may lie before what was confirmed in it.
  const age = Math.max(0, now.age - entry.confirmedAt);
  if (age >= entry.ttl + entry.staleFor) return 'aged';
  if ((entry.flags & Flag.restored) !== 0) return 'restored';
  if ((entry.flags & Flag.suspect) !== 0 || entry.confirmedAt < now.doubtBefore) return 'suspect';
  if (age < entry.ttl) return 'fresh';
  return now.sourceDown ? 'source-unreachable' : 'ttl';
}

/** Why nobody can say: the first that holds. */
export function whyUnknown(known: {
  readonly quarantined: boolean;
  readonly cold: boolean;
  readonly sourceDown: boolean;
}): Unknown['because'] {
  if (known.quarantined) return 'quarantined';
  if (known.cold) return 'cold';
  return known.sourceDown ? 'source-unreachable' : 'not-loaded';
}
