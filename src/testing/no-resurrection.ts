import type { Happened } from './history.js';
import { indexOf, isSame } from './history-index.js';
import { bringing, confirmedRemovals, lastGone, lastPut, lifeAt, originsOf, toldIn } from './origins.js';
import type { CacheTerms, Violation } from './violation.js';

/**
 * What was sent away, or replaced by a `put`, does not come back by a read that began before; nor does an older row of
 * the source after a newer one was told. A caller who asked before may still get the old value.
 */
export function noResurrection<V>(history: readonly Happened<V>[], terms: CacheTerms): Violation[] {
  const found: Violation[] = [];
  const newest = new Map<string, { readonly rank: number; readonly told: number; readonly life: number }>();
  for (const told of toldIn(history)) {
    const { key, order, began, lookup } = told;
    if (lookup.status !== 'fresh' && lookup.status !== 'stale') continue;
    const { value } = lookup;
    const violate = (message: string): void =>
      void found.push({ guarantee: 'no resurrection', message, order, key });

    const origins = bringing(originsOf(history, key, order), value);
    const gone = lastGone(history, key, began, terms.journalWithin ?? 100);
    const put = lastPut(history, key, began);
    const floor = Math.max(gone?.order ?? -1, put?.order ?? -1);
    const since = (least: number): boolean =>
      origins.some((origin) => origin.began > least || origin.order === put?.order);
    if (!since(floor) && !(gone && since(Math.max(doneAt(history, key, gone), put?.order ?? -1)))) {
      const because =
        gone !== undefined && gone.order === floor
          ? `after ${gone.by} (#${gone.order})`
          : put !== undefined
            ? `after put (#${put.order})`
            : 'which nobody ever brought';
      violate(`"${key}" is ${lookup.status} ${String(value)} ${because}`);
      continue;
    }

    // A value that was put may be one that the source never held, and a source that lies has no order: such values have no rank.
    if (origins.some(({ by, lied }) => by === 'put' || lied)) continue;
    const rank = indexOf(history)
      .rows(key)
      .findLast((row) => row.order < order && isSame(row.value, value))?.order;
    if (rank === undefined) continue;
    const life = lifeAt(history, order);
    const before = newest.get(key);
    if (before !== undefined && before.life === life && before.told < began && rank < before.rank) {
      violate(
        `"${key}" is ${lookup.status} ${String(value)}, older than what was told before (#${before.told})`,
      );
    }
    if (before === undefined || before.life !== life || rank > before.rank) {
      newest.set(key, { rank, told: order, life });
    }
  }
  return found;
}

/** When what was sent away was gone. The source has removed a row before whoever ordered that hears of it, and somebody may have written another. */
function doneAt<V>(
  history: readonly Happened<V>[],
  key: string,
  { by, queued, order }: Extract<Happened<V>, { readonly type: 'gone' }>,
): number {
  if (by !== 'remove' || queued === true) return order;
  return confirmedRemovals(history, key).findLast((removal) => removal.order < order)?.order ?? order;
}
