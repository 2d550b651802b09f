import type { Happened } from './history.js';
import { bringing, confirmedRemovals, originsOf, toldIn } from './origins.js';
import type { CacheTerms, Violation } from './violation.js';

/**
 * What was taken for a source that is away is gone here until the source has confirmed it, through crashes and reboots; and what
 * a read brings that began before the confirmation does not come back after it.
 */
export function outboxHolds<V>(history: readonly Happened<V>[], _terms: CacheTerms): Violation[] {
  const found: Violation[] = [];
  for (const { key, began, order, lookup } of toldIn(history)) {
    if (lookup.status !== 'fresh' && lookup.status !== 'stale') continue;
    const queued = history.findLast(
      (happened) =>
        happened.type === 'gone' &&
        happened.queued === true &&
        happened.keys.includes(key) &&
        happened.order < began,
    );
    if (queued === undefined) continue;
    // One that was asked before is a confirmation too, if it came afterwards: the row is gone.
    const confirmed = confirmedRemovals(history, key).find((removal) => removal.order > queued.order);
    const violate = (message: string): void =>
      void found.push({
        guarantee: 'the outbox holds',
        message: `"${key}" is ${lookup.status} ${String(lookup.value)} ${message}`,
        order,
        key,
      });
    if (confirmed === undefined || confirmed.order > order) {
      violate(`although its removal (#${queued.order}) waits for the source`);
    } else if (confirmed.order < began) {
      const origins = bringing(originsOf(history, key, order), lookup.value);
      if (!origins.some((origin) => origin.began > confirmed.asked || origin.by === 'put'))
        violate(`which was read before its removal was confirmed (#${confirmed.order})`);
    }
  }
  return found;
}
