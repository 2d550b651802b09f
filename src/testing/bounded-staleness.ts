import type { Milliseconds } from '../runtime/duration.js';
import type { Happened } from './history.js';
import { countBefore, indexOf, type Origin } from './history-index.js';
import { bringing, lifeAt, originsOf, toldIn } from './origins.js';
import type { CacheTerms, Violation } from './violation.js';

/** Under `'until-expiry'`, what has no expiry of its own gets this long. */
const withoutExpiry: Milliseconds = 3_600_000;

/** How far a told age may be off: an answer is told a moment after it was judged. */
const slack: Milliseconds = 1;

/** Nothing is told past its own expiry, nor longer than promised after its last confirmation, nor younger than it is. */
export function boundedStaleness<V>(history: readonly Happened<V>[], terms: CacheTerms): Violation[] {
  const found: Violation[] = [];
  for (const told of toldIn(history)) {
    const { key, order, wall, lookup } = told;
    if (lookup.status !== 'fresh' && lookup.status !== 'stale') continue;
    const violate = (message: string): void =>
      void found.push({
        guarantee: 'bounded staleness',
        message: `"${key}" is ${lookup.status} ${String(lookup.value)} ${message}`,
        order,
        key,
      });

    if (lookup.expiresAt !== undefined && wall >= lookup.expiresAt) {
      violate(`${wall - lookup.expiresAt} ms after its own expiry`);
    }
    const origins = bringing(originsOf(history, key, order), lookup.value);
    if (origins.length === 0) continue; // Which is another promise's matter.
    if (!origins.some(({ seen }) => seen.expiresAt === lookup.expiresAt) && !isTouched(history, told)) {
      violate(`with an expiry that no row of it had: ${lookup.expiresAt}`);
    }
    const seenOver = lastSeenOver(history, told, origins);
    if (seenOver !== undefined) violate(`although it was seen to be over before (#${seenOver})`);

    const life = lifeAt(history, order);
    const here = origins.filter((origin) => origin.order > life);
    if (lookup.status === 'fresh' && here.length === 0) violate('and was never confirmed in this process');
    const age = ageOf(history, told, life, here.length > 0 ? here : origins);
    if (age === undefined) continue;
    if (lookup.age < age - slack) violate(`and says that its age is ${lookup.age} ms, but it is ${age} ms`);
    if (lookup.status === 'fresh' && age > terms.ttl + slack)
      violate(`${age} ms after its last confirmation`);
    if (age > limit(terms, lookup.expiresAt) + slack) violate(`${age} ms after its last confirmation`);
  }
  return found;
}

/** The row was said to be in use until then. */
function isTouched<V>(history: readonly Happened<V>[], { key, order, lookup }: Told<V>): boolean {
  const end = 'expiresAt' in lookup ? lookup.expiresAt : undefined;
  return indexOf(history).touched.some(
    (touched) => touched.key === key && touched.order < order && touched.expiresAt === end,
  );
}

function limit({ ttl, staleFor }: CacheTerms, expiresAt: number | undefined): Milliseconds {
  if (staleFor !== Number.POSITIVE_INFINITY) return ttl + staleFor;
  return expiresAt === undefined ? ttl + withoutExpiry : Number.POSITIVE_INFINITY;
}

type Told<V> = Extract<Happened<V>, { readonly type: 'told' }>;

/** The least that the age of what is told can be; undefined where a clock that jumped forbids to say. */
function ageOf<V>(
  history: readonly Happened<V>[],
  told: Told<V>,
  life: number,
  origins: readonly Origin<V>[],
): Milliseconds | undefined {
  const last = origins.at(-1);
  if (last === undefined) return undefined;
  const boot = history[life];
  if (last.order > life || boot === undefined) return told.at - last.at;
  // Only the wall clock spans a restart. It is read some time after the boot: a jump in between is not accounted for.
  const jumped = history.some(
    ({ order, at, wall }) => order > life && at <= boot.at + 10_000 && wall - at !== boot.wall - boot.at,
  );
  if (jumped) return undefined;
  return told.at - boot.at + Math.min(...origins.map((origin) => elapsedSince(history, origin, boot)));
}

/**
 * The least that may have passed from a confirmation to a boot, as the snapshot tells, which dates it by the wall clock of when it was
 * written: which confirmation it holds is not known, nor when that was, and a wall clock that jumped in between makes a difference.
 * What comes from the future has no age.
 */
function elapsedSince<V>(
  history: readonly Happened<V>[],
  origin: Origin<V>,
  boot: Happened<V>,
): Milliseconds {
  const written = history.slice(origin.order, boot.order);
  return Math.min(...written.map(({ at, wall }) => Math.max(0, boot.wall - wall + at - origin.at)));
}

/** Expiry is latched: once the cache had to say that this entry is over, a clock set back does not revive it. */
function lastSeenOver<V>(
  history: readonly Happened<V>[],
  { key, order, lookup }: Told<V>,
  origins: readonly Origin<V>[],
): number | undefined {
  if (!('expiresAt' in lookup) || lookup.expiresAt === undefined) return undefined;
  const { expiresAt } = lookup;
  const since = Math.max(lifeAt(history, order), origins.at(-1)?.order ?? -1);
  const told = toldIn(history);
  return told
    .slice(countBefore(told, since + 1), countBefore(told, order))
    .find((other) => other.key === key && other.by === 'lookup' && other.wall >= expiresAt)?.order;
}
