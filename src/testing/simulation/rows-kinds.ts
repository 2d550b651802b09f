import type { SourceMethod } from '../history.js';
import type { CacheTerms } from '../violation.js';

/** What kind of cache it is: the world's seed says which. */
export const kinds = [
  'plain',
  'authoritative',
  'without scan',
  'small',
  'until expiry',
  'scan alone',
  'small and authoritative',
] as const;
export type Kind = (typeof kinds)[number];

/** How it asks, which is drawn likewise: the plain way, or several keys at once, or stale first and ahead of time. */
export const manners = ['plain', 'in batches', 'plain', 'plain', 'revalidating'] as const;
export type Manner = (typeof manners)[number];

/** What the database can be asked, beside loads. */
export const methods: Partial<Record<Kind, readonly Exclude<SourceMethod, 'load'>[]>> = {
  'without scan': ['changes', 'missing', 'save', 'remove'],
  'scan alone': ['scan', 'save', 'remove'],
};
export const everyMethod = ['scan', 'changes', 'missing', 'save', 'remove', 'ping'] as const;

/** Whether the database tells at once what is written, which is drawn likewise. */
export const telling = [false, true, false] as const;

/** How long the database takes while all is well, ms. */
export const latencies = [0, 5, 250] as const;

export const termsOf = (kind: Kind): CacheTerms => ({
  ttl: 15_000,
  staleFor: kind === 'until expiry' ? Number.POSITIVE_INFINITY : 30_000,
  negativeTtl: 3_000,
  concurrency: 2,
  leastBackoff: 100,
  authoritative: isAuthoritative(kind),
});

export const isAuthoritative = (kind: Kind): boolean => kind.endsWith('authoritative');
