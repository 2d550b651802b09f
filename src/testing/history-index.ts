import { isDeepStrictEqual } from 'node:util';
import type { Milliseconds } from '../runtime/duration.js';
import type { Happened, Seen } from './history.js';

type Of<V, T extends Happened<V>['type']> = Extract<Happened<V>, { readonly type: T }>;

/** Where a cache may have had what it tells of a key: an answer of the source, or a `put`. */
export interface Origin<V> {
  readonly by: 'answer' | 'put';
  readonly seen: Seen<V>;
  /** The order at which the question began; of a put, its own. */
  readonly began: number;
  /** It is not what the database held when it was asked. */
  readonly lied: boolean;
  /** The order at which it came in. */
  readonly order: number;
  readonly at: Milliseconds;
  readonly wall: Milliseconds;
}

/** A history as those look at it who ask the same of each thing that was told: for each of them anew they would go through all of it. */
export class HistoryIndex<V> {
  readonly told: Of<V, 'told'>[] = [];
  readonly boots: Of<V, 'booted'>[] = [];
  /** What was sent away, and when the process died. */
  readonly gone: (Of<V, 'gone'> | Of<V, 'killed'>)[] = [];
  /** What was put, and when the process died. */
  readonly puts: (Of<V, 'put'> | Of<V, 'killed'>)[] = [];
  readonly touched: Of<V, 'touched'>[] = [];
  /** When the process stood still. */
  readonly pauses: Of<V, 'paused'>[] = [];
  readonly #origins = new Map<string, Origin<V>[]>();
  readonly #rows = new Map<string, Of<V, 'row'>[]>();

  constructor(history: readonly Happened<V>[]) {
    for (const happened of history) this.#add(happened);
  }

  /** What came in about a key. */
  origins(key: string): readonly Origin<V>[] {
    return this.#origins.get(key) ?? [];
  }

  /** What the database held of a key. */
  rows(key: string): readonly Of<V, 'row'>[] {
    return this.#rows.get(key) ?? [];
  }

  #add(happened: Happened<V>): void {
    const { order, at, wall } = happened;
    switch (happened.type) {
      case 'told':
        this.told.push(happened);
        return;
      case 'booted':
        this.boots.push(happened);
        return;
      case 'killed':
        this.gone.push(happened);
        this.puts.push(happened);
        return;
      case 'gone':
        this.gone.push(happened);
        return;
      case 'row':
        push(this.#rows, happened.key, happened);
        return;
      case 'touched':
        this.touched.push(happened);
        return;
      case 'paused':
        this.pauses.push(happened);
        return;
      case 'put': {
        this.puts.push(happened);
        const { key, value, expiresAt } = happened;
        const seen = { key, state: 'present', value, ...(expiresAt !== undefined && { expiresAt }) } as const;
        push(this.#origins, key, { by: 'put', seen, began: order, lied: false, order, at, wall });
        return;
      }
      case 'answered': {
        const { asOf } = happened;
        // A save may have waited for a removal, whose end is noted a moment after the save has begun: it counts from when it was taken.
        const began = happened.method === 'save' ? order : happened.began;
        const before = new Set<string>();
        for (const seen of happened.rows) {
          if (before.has(seen.key)) continue;
          before.add(seen.key);
          push(this.#origins, seen.key, {
            by: 'answer',
            seen,
            began,
            lied: asOf < happened.began,
            order,
            at,
            wall,
          });
        }
      }
    }
  }
}

function push<T>(lists: Map<string, T[]>, key: string, one: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [one]);
  else list.push(one);
}

let last:
  | { readonly history: readonly unknown[]; readonly length: number; readonly index: unknown }
  | undefined;

/** The index of a history as it is now. The last one is kept: whoever judges a history asks many times. */
export function indexOf<V>(history: readonly Happened<V>[]): HistoryIndex<V> {
  if (last?.history !== history || last.length !== history.length) {
    last = { history, length: history.length, index: new HistoryIndex(history) };
  }
  return last.index as HistoryIndex<V>;
}

/** How many of a list, which is in order, come before an order. */
export function countBefore(list: readonly { readonly order: number }[], order: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle]!.order < order) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether two values are the same, however deep: most are strings. */
export const isSame = (one: unknown, other: unknown): boolean =>
  Object.is(one, other) || (typeof one === 'object' && isDeepStrictEqual(one, other));
