import { ageNow, wallNow } from '../../src/runtime/time.js';
import { checkQueryOptions } from './call-options.js';
import type { CacheCore } from './core.js';
import { judge } from './judge.js';
import type { Fresh, Stale } from './lookup.js';
import { Stretch, unending } from './stretch.js';

/** One entry as it may be served now: what `lookup` would say of its key, and what it was stored with. */
export type Entry<V> = (Fresh<V> | Stale<V>) & {
  /** With `secretKeys` the digest. */
  readonly key: string;
  readonly version?: number;
  readonly tags?: readonly string[];
  readonly weight?: number;
};

/** What is asked of all entries. */
export interface QueryOptions<V, T = Entry<V>> {
  /** Which entries. Default: all that may be served. */
  readonly where?: (entry: Entry<V>) => boolean;
  /** What of each. Default: the entry. */
  readonly select?: (entry: Entry<V>) => T;
  /** The most answers. Default: no bound. */
  readonly limit?: number;
}

/**
 * The answers to a query, found as they are asked for; each iteration begins anew. `for … of` looks through as many entries in one stretch as it
 * takes; `for await … of` lets others run in between.
 */
export interface Query<T> extends Iterable<T>, AsyncIterable<T> {}

/**
 * What is in memory, entry by entry, as it is when its turn comes. No key comes twice, and none is left out that was there all the while,
 * whatever is written meanwhile. What may not be served any more is not listed.
 */
export class Contents<V> {
  readonly #core: CacheCore<V>;

  constructor(core: CacheCore<V>) {
    this.#core = core;
  }

  *keys(): Generator<string, void, void> {
    for (const slot of this.slots()) if (this.#isServed(slot)) yield this.#core.table.keyAt(slot);
  }

  *entries(): Generator<[key: string, value: V], void, void> {
    const core = this.#core;
    for (const slot of this.slots())
      if (this.#isServed(slot)) yield [core.table.keyAt(slot), core.table.valueAt(slot)];
  }

  query<T>(options: QueryOptions<V, T> = {}): Query<T> {
    checkQueryOptions(options);
    const answers = () => this.#answers(options);
    return {
      *[Symbol.iterator]() {
        for (const answer of answers()) if (answer !== undefined) yield answer.value;
      },
      async *[Symbol.asyncIterator]() {
        const stretch = new Stretch(unending);
        for (const answer of answers()) {
          if (stretch.spent) await stretch.yield();
          if (answer !== undefined) yield answer.value;
        }
      },
    };
  }

  /** One for each entry; undefined for one that was not asked for. */
  *#answers<T>({
    where,
    select,
    limit = Number.POSITIVE_INFINITY,
  }: QueryOptions<V, T>): Generator<{ readonly value: T } | undefined, void, void> {
    let left = limit;
    if (left <= 0) return;
    for (const slot of this.slots()) {
      const entry = this.entryAt(slot);
      if (entry === undefined || (where !== undefined && !where(entry))) {
        yield undefined;
        continue;
      }
      // Without a `select`, T is what it is by default.
      yield { value: select === undefined ? (entry as T) : select(entry) };
      left -= 1;
      if (left <= 0) return;
    }
  }

  /** The entry in a slot, if it may be served. */
  entryAt(slot: number): Entry<V> | undefined {
    const { table } = this.#core;
    const verdict = this.#verdict(slot);
    if (verdict === 'expired' || verdict === 'aged') return undefined;
    const expiresAt = table.expiresAt(slot);
    const version = table.versionOf(slot);
    const tags = table.tagsOf(slot);
    const weight = table.weightOf(slot);
    return {
      key: table.keyAt(slot),
      value: table.valueAt(slot),
      age: Math.max(0, ageNow() - table.confirmedAt(slot)),
      ...(verdict === 'fresh' ? { status: 'fresh' } : { status: 'stale', because: verdict }),
      ...(expiresAt !== Number.POSITIVE_INFINITY && { expiresAt }),
      ...(version !== undefined && { version }),
      ...(tags !== undefined && { tags }),
      ...(weight !== undefined && { weight }),
    };
  }

  /** The slots of what is held, in the present table though another was there when the walk began. */
  *slots(): Generator<number, void, void> {
    const core = this.#core;
    const began = core.table;
    for (const slot of began.walk()) {
      const here = core.table === began ? slot : core.table.slotOf(began.keyAt(slot));
      if (here >= 0) yield here;
    }
  }

  #isServed(slot: number): boolean {
    const verdict = this.#verdict(slot);
    return verdict !== 'expired' && verdict !== 'aged';
  }

  #verdict(slot: number): ReturnType<typeof judge> {
    const { table, link, doubtBefore } = this.#core;
    return judge(
      {
        confirmedAt: table.confirmedAt(slot),
        ttl: table.ttlOf(slot),
        staleFor: table.staleForOf(slot),
        expiresAt: table.expiresAt(slot),
        flags: table.flagsOf(slot),
      },
      { age: ageNow(), wall: wallNow(), sourceDown: link.down, doubtBefore },
    );
  }
}
