import type { Milliseconds } from '../runtime/duration.js';
import type { Happened, Seen } from './history.js';
import { lastPut, lifeAt, originsOf, toldIn } from './origins.js';
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
 * A removal holds here as soon as the source has done it, which is before whoever ordered it hears of it; one that was under way
 * when the key was put comes after the put.
 */
function wasRemoved<V>(history: readonly Happened<V>[], key: string, since: number, until: number): boolean {
  const underWay = new Set<number>();
  for (const happened of history.slice(0, until)) {
    const later = happened.order > since;
    if (happened.type === 'killed') underWay.clear();
    else if (happened.type === 'gone') {
      if (later && (happened.by === 'revoke' || happened.by === 'remove') && happened.keys.includes(key))
        return true;
    } else if ('method' in happened && happened.method === 'remove') {
      if (happened.type !== 'asked') {
        if (!later) underWay.delete(happened.call);
      } else if (happened.key === key) underWay.add(happened.call);
    }
  }
  return underWay.size > 0;
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
