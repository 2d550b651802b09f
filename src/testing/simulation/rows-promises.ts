import { InvariantError } from '../../errors.js';
import type { Happened } from '../history.js';
import { awake, confirmedRemovals, lifeAt, toldIn } from '../origins.js';
import type { CacheTerms } from '../violation.js';

/** How many rows a scan of the scenario's cache may bring at once. */
export const batch = 2;

type Gone<V> = Extract<Happened<V>, { readonly type: 'gone' }>;

/** One pass at a time, and no more rows at once than were asked for. @throws InvariantError */
export function passesInTurn<V>(history: readonly Happened<V>[]): void {
  const open = new Set<number>();
  for (const happened of history) {
    if (happened.type === 'killed') open.clear();
    if (!('method' in happened) || happened.method !== 'scan') continue;
    const { call, order } = happened;
    if (happened.type === 'asked') {
      if (open.size > 0) throw new InvariantError(`A second pass (#${order}) while the first is under way.`);
      open.add(call);
    } else if (happened.type !== 'answered' || happened.last) open.delete(call);
    if (happened.type === 'answered' && happened.rows.length > batch)
      throw new InvariantError(`${happened.rows.length} rows at once (#${order}), and ${batch} are allowed.`);
  }
}

/**
 * What was revoked or removed is known to be gone until somebody says otherwise, for `staleFor` at least: a put, an answer of the
 * source, a complete pass. So it is after the process was killed, where the journal had its time. @throws InvariantError
 */
export function goneIsKnown<V>(history: readonly Happened<V>[], terms: CacheTerms): void {
  for (const { key, order, at, wall, by, lookup } of toldIn(history)) {
    if (by !== 'lookup' || lookup.status === 'absent') continue;
    const last = history.slice(0, order).findLast((happened) => isAbout(happened, key));
    if (last?.type !== 'gone' || (last.by !== 'revoke' && last.by !== 'remove')) continue;
    if (last.by === 'remove' && isCrossed(history, last, key)) continue;
    const outlived = lifeAt(history, order) > last.order;
    if (outlived && !survives(history, last, terms)) continue;
    // Only the wall clock spans a restart.
    if (outlived && wall - at !== last.wall - last.at) continue;
    if (at - last.at >= Math.min(terms.staleFor, 3_600_000)) continue;
    throw new InvariantError(`"${key}" is ${lookup.status} (#${order}) after ${last.by} (#${last.order}).`);
  }
}

/**
 * Whether somebody said something else of a key after its removal had come about and before whoever ordered that was told: it is noted
 * only then, and the other word may be the later one. Of a removal that waits for its source only a user's word counts.
 */
function isCrossed<V>(history: readonly Happened<V>[], removed: Gone<V>, key: string): boolean {
  const before = history.slice(0, removed.order);
  const done = confirmedRemovals(before, key).at(-1)?.order ?? -1;
  const ordered = before.findLastIndex((happened) => happened.type === 'removal' && happened.key === key);
  return before
    .slice(Math.max(done, ordered) + 1)
    .some((happened) => (done > ordered || happened.type !== 'answered') && isAbout(happened, key));
}

/** What was taken for a database that was away has reached it. @throws InvariantError */
export function outboxDelivers<V>(history: readonly Happened<V>[]): void {
  for (const happened of history) {
    if (happened.type !== 'gone' || happened.queued !== true) continue;
    for (const key of happened.keys) {
      const given = history.findLast(
        (before) => before.type === 'removal' && before.key === key && before.order < happened.order,
      );
      // A try that was given up before it was taken may have come through all the same.
      if (!confirmedRemovals(history, key).some(({ order }) => order > (given?.order ?? happened.order)))
        throw new InvariantError(`The removal of "${key}" (#${happened.order}) never reached the database.`);
    }
  }
}

/** Whether it was in the journal before the process was killed. */
function survives<V>(
  history: readonly Happened<V>[],
  gone: Gone<V>,
  { journalWithin = 100 }: CacheTerms,
): boolean {
  const killed = history.slice(gone.order).find(({ type }) => type === 'killed');
  if (killed === undefined || gone.by === 'remove') return true;
  return awake(history, gone, killed) >= journalWithin;
}

function isAbout<V>(happened: Happened<V>, key: string): boolean {
  switch (happened.type) {
    case 'gone':
      return happened.keys === 'all' || happened.keys.includes(key);
    case 'put':
      return happened.key === key;
    case 'answered':
      return happened.rows.some((row) => row.key === key) || (happened.last && happened.method === 'scan');
    default:
      return false;
  }
}
