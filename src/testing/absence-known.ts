import type { Milliseconds } from '../runtime/duration.js';
import type { Happened, Seen } from './history.js';
import { confirmedRemovals, lastPut, lifeAt, originsOf, toldIn } from './origins.js';
import type { CacheTerms, Violation } from './violation.js';

/** Unknown is not absent: who says "absent" was told so, in this process, by the source, by a complete pass, or here. */
export function absenceKnown<V>(history: readonly Happened<V>[], terms: CacheTerms): Violation[] {
  const found: Violation[] = [];
  for (const told of toldIn(history)) {
    const { key, order, began, at, lookup } = told;
    if (lookup.status !== 'absent' || lookup.because === 'key') continue;
    const life = lifeAt(history, order);
    const put = lastPut(history, key, began)?.order ?? -1;
    const known = {
      removed: () => wasRemoved(history, key, put, order),
      source: () =>
        originsOf(history, key, order).some(
          (origin) =>
            origin.order > life &&
            origin.began > put &&
            at - origin.at <= terms.negativeTtl &&
            (origin.seen.state === 'absent' || isOver(origin.seen, origin.wall)),
        ),
      pass: () => wasNotSeen(history, key, { life, put, until: order, since: at - heldFor(terms) }),
    }[lookup.because]();
    if (known) continue;
    found.push({
      guarantee: 'unknown is not absent',
      message: `"${key}" is absent because '${lookup.because}', and nothing said so`,
      order,
      key,
    });
  }
  return found;
}

const heldFor = ({ authoritative, negativeTtl, ttl }: CacheTerms): Milliseconds =>
  authoritative ? Math.max(negativeTtl, ttl) : negativeTtl;

/** A row past its own expiry is no row. */
const isOver = <V>({ expiresAt = Number.POSITIVE_INFINITY }: Seen<V>, wall: Milliseconds): boolean =>
  expiresAt <= wall;

/**
 * A removal holds here as soon as the source has done it, or while it waits for the source, which is before whoever ordered
 * it hears of it; what is put while it waits is passed over.
 */
function wasRemoved<V>(history: readonly Happened<V>[], key: string, put: number, until: number): boolean {
  const since = waitedAt(history, key, put) ?? put + 1;
  const calls = new Set<number>();
  return history.slice(0, until).some((happened) => {
    if (happened.type === 'asked' && happened.method === 'remove' && happened.key === key) {
      calls.add(happened.call);
    }
    if (happened.order < since) return false;
    if (happened.type === 'removal') return happened.key === key;
    if (happened.type !== 'gone') return 'call' in happened && calls.has(happened.call);
    return (happened.by === 'revoke' || happened.by === 'remove') && happened.keys.includes(key);
  });
}

/** The first removal before `put` that the source may not have confirmed by then, as far as whoever ordered it knows. */
function waitedAt<V>(history: readonly Happened<V>[], key: string, put: number): number | undefined {
  const confirmed = confirmedRemovals(history, key).findLast(({ order, heard }) => heard && order < put);
  const asked = history.find(
    ({ type, order, ...rest }) =>
      type === 'removal' &&
      'key' in rest &&
      rest.key === key &&
      order < put &&
      order > (confirmed?.began ?? -1),
  );
  return asked?.order ?? queuedAt(history, key, put);
}

/** The oldest removal that was queued before `put` and had not been struck from the outbox by then, though the source may have confirmed it. */
function queuedAt<V>(history: readonly Happened<V>[], key: string, put: number): number | undefined {
  const waiting: number[] = [];
  for (const happened of history) {
    if (happened.order >= put) break;
    if (happened.type === 'struck' && happened.key === key) waiting.shift();
    else if (happened.type === 'gone' && happened.queued === true && happened.keys.includes(key))
      waiting.push(happened.order);
  }
  return waiting[0];
}

/** A scan was read to its end, after the last `put`, without the key. */
function wasNotSeen<V>(
  history: readonly Happened<V>[],
  key: string,
  of: { readonly life: number; readonly put: number; readonly until: number; readonly since: Milliseconds },
): boolean {
  return history.slice(of.life + 1, of.until).some((end) => {
    if (end.type !== 'answered' || end.method !== 'scan' || !end.last || end.at < of.since) return false;
    const scan = history.filter((page) => 'call' in page && page.call === end.call);
    return (
      (scan[0]?.order ?? -1) > of.put &&
      !scan.some(
        (page) =>
          page.type === 'answered' && page.rows.some((row) => row.key === key && !isOver(row, page.wall)),
      )
    );
  });
}
