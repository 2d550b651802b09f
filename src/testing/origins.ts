import type { Milliseconds } from '../runtime/duration.js';
import type { Happened } from './history.js';
import { countBefore, indexOf, isSame, type Origin } from './history-index.js';

/** Everything that came in about a key before `until`, oldest first. */
export function originsOf<V>(
  history: readonly Happened<V>[],
  key: string,
  until: number,
): readonly Origin<V>[] {
  const origins = indexOf(history).origins(key);
  return origins.slice(0, countBefore(origins, until));
}

/** Those that brought this value. */
export const bringing = <V>(origins: readonly Origin<V>[], value: V): Origin<V>[] =>
  origins.filter(({ seen }) => seen.state === 'present' && isSame(seen.value, value));

/** When the process that was running at `order` booted: an order, -1 for the first. */
export function lifeAt<V>(history: readonly Happened<V>[], order: number): number {
  const { boots } = indexOf(history);
  return boots[countBefore(boots, order) - 1]?.order ?? -1;
}

/**
 * The last time before `until` that the key was sent away here, so that the process at `until` must know it: what was
 * sent away less than `journalWithin` before a kill may be forgotten, and a `clear` always.
 */
export function lastGone<V>(
  history: readonly Happened<V>[],
  key: string,
  until: number,
  journalWithin: Milliseconds,
): Extract<Happened<V>, { readonly type: 'gone' }> | undefined {
  const { gone } = indexOf(history);
  let nextKill: Happened<V> | undefined;
  for (let n = countBefore(gone, until) - 1; n >= 0; n--) {
    const happened = gone[n]!;
    if (happened.type === 'killed') {
      nextKill = happened;
      continue;
    }
    if (happened.keys !== 'all' && !happened.keys.includes(key)) continue;
    if (happened.by === 'remove' || nextKill === undefined) return happened;
    if (happened.by !== 'clear' && awake(history, happened, nextKill) >= journalWithin) return happened;
  }
  return undefined;
}

/** How much time the process had from one happening to a later one: while it stands still it writes no journal. */
export function awake<V>(history: readonly Happened<V>[], from: Happened<V>, to: Happened<V>): Milliseconds {
  const { pauses } = indexOf(history);
  const within = pauses.slice(countBefore(pauses, from.order), countBefore(pauses, to.order));
  return to.at - from.at - within.reduce((still, { ms }) => still + ms, 0);
}

/** The last `put` of a key before `until` that the process at `until` has itself seen. */
export function lastPut<V>(
  history: readonly Happened<V>[],
  key: string,
  until: number,
): Extract<Happened<V>, { readonly type: 'put' }> | undefined {
  const { puts } = indexOf(history);
  for (let n = countBefore(puts, until) - 1; n >= 0; n--) {
    const happened = puts[n]!;
    if (happened.type === 'killed') return undefined;
    if (happened.key === key) return happened;
  }
  return undefined;
}

/** The source has done a removal. `asked` and `began` are orders. */
export interface ConfirmedRemoval {
  readonly asked: number;
  readonly began: number;
  readonly order: number;
  /** Whoever asked had not given up by then. */
  readonly heard: boolean;
}

/** Every time that the source confirmed a removal of the key. */
export function confirmedRemovals<V>(
  history: readonly Happened<V>[],
  key: string,
): readonly ConfirmedRemoval[] {
  const asked = new Map<number, number>();
  const abandoned = new Set<number>();
  const found: ConfirmedRemoval[] = [];
  for (const happened of history) {
    if (happened.type === 'asked' && happened.method === 'remove' && happened.key === key) {
      asked.set(happened.call, happened.order);
    } else if (happened.type === 'abandoned') {
      abandoned.add(happened.call);
    } else if (happened.type === 'answered') {
      const { call, began, order } = happened;
      const from = asked.get(call);
      if (from !== undefined) found.push({ asked: from, began, order, heard: !abandoned.has(call) });
    }
  }
  return found;
}

/** Every time that the cache told something of a key. */
export const toldIn = <V>(
  history: readonly Happened<V>[],
): readonly Extract<Happened<V>, { readonly type: 'told' }>[] => indexOf(history).told;
