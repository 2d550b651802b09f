import { StateError } from '../../src/errors.js';
import { ageNow, monotonicNow, wallNow } from '../../src/runtime/time.js';
import type { Table } from '../../src/table/index.js';
import { checkImportOptions, type ImportOptions } from './call-options.js';
import type { Contents, Entry } from './contents.js';
import type { CacheCore } from './core.js';
import {
  checkRecord,
  type ExportedEntry,
  type ExportedRecord,
  type ExportedRemoval,
  type ImportReport,
} from './exported.js';
import { Flag } from './judge.js';
import { copyKey } from './rebuild.js';
import { Stretch, unending } from './stretch.js';
import { restoredTerms, type Terms } from './terms.js';
import type { Writer } from './writer.js';

type Counts = { -readonly [Field in keyof ImportReport]: ImportReport[Field] };
type Taken = 'entries' | 'removals' | 'kept' | 'over' | 'refused';

/** What a key of a cache with `secretKeys` looks like. */
const digest = /^[0-9a-f]{64}$/;

/** The whole table, out and in, record by record and in slices. */
export class Transfer<V> {
  readonly #core: CacheCore<V>;
  readonly #contents: Contents<V>;
  readonly #writer: Writer<V>;

  constructor(core: CacheCore<V>, contents: Contents<V>, writer: Writer<V>) {
    this.#core = core;
    this.#contents = contents;
    this.#writer = writer;
  }

  async exportInto(sink: (record: ExportedRecord<V>) => unknown): Promise<number> {
    let count = 0;
    for await (const record of this.export()) {
      await sink(record);
      count += 1;
    }
    return count;
  }

  /** Removals first: who imports knows of them before the entries come. */
  async *export(): AsyncGenerator<ExportedRecord<V>, void, void> {
    const stretch = new Stretch(unending);
    for (const { key, kind, at } of this.#core.table.buried()) {
      yield { key, removed: kind, at: at + wallNow() - ageNow() };
      if (stretch.spent) await stretch.yield();
    }
    for (const slot of this.#contents.slots()) {
      const entry = this.#contents.entryAt(slot);
      if (entry !== undefined) yield exported(this.#core, slot, entry);
      if (stretch.spent) await stretch.yield();
    }
  }

  async import(
    records: AsyncIterable<unknown> | Iterable<unknown>,
    options: ImportOptions = {},
  ): Promise<ImportReport> {
    checkImportOptions(options);
    const { mode = 'merge' } = options;
    const began = monotonicNow();
    const counts: Counts = { entries: 0, removals: 0, kept: 0, over: 0, refused: 0 };
    // What is brought was never passed over: its absence from a pass proves nothing.
    this.#core.authority.void();
    if (mode === 'merge') await this.#merge(records, counts);
    else await this.#replace(records, counts);
    this.#core.bus.publish('imported', { mode, ...counts, took: monotonicNow() - began });
    return counts;
  }

  async #merge(records: AsyncIterable<unknown> | Iterable<unknown>, counts: Counts): Promise<void> {
    const core = this.#core;
    const stretch = new Stretch(unending);
    for await (const record of records) {
      const taken = this.#take(core.table, record);
      counts[taken] += 1;
      if (taken === 'entries') core.restored = true;
      if (stretch.spent) await stretch.yield();
    }
  }

  /**
   * Into a new table, which takes the old one's place when all has come: who reads meanwhile reads the old one, and a failure leaves it
   * as it was. What happened meanwhile is newer than what is brought.
   */
  async #replace(records: AsyncIterable<unknown> | Iterable<unknown>, counts: Counts): Promise<void> {
    const core = this.#core;
    const old = core.table;
    const fresh = core.freshTable(old.seq);
    const stretch = new Stretch(unending);
    const touched = new Set<string>();
    let emptied = false;
    const stop = old.follow((key) => {
      if (key === undefined) emptied = true;
      else touched.add(key);
    });
    try {
      for (const tombstone of old.buried()) {
        fresh.restoreTombstone(tombstone);
        if (stretch.spent) await stretch.yield();
      }
      for await (const record of records) {
        counts[this.#take(fresh, record)] += 1;
        if (stretch.spent) await stretch.yield();
      }
      for (const key of touched) {
        touched.delete(key);
        copyKey(old, fresh, key, Flag.none);
        if (stretch.spent) await stretch.yield();
      }
      // No await from here to the swap: nothing can come between.
      if (emptied || core.table !== old) {
        throw new StateError(
          `Cache "${core.policy.name}" was ${emptied ? 'cleared' : 'rebuilt'} while the import was under way: nothing of it was kept. Import again.`,
        );
      }
      for (const key of touched) copyKey(old, fresh, key, Flag.none);
    } finally {
      stop();
    }
    core.replaceTable(fresh);
    core.restored = true;
    core.passes.complete = false;
    if (core.passes.possible && core.running) core.passes.demand();
  }

  /** Takes one record into a table: the cache's, or one that is to be. */
  #take(table: Table<V>, given: unknown): Taken {
    const checked = checkRecord<V>(given);
    if (checked.type === 'bad') return this.#refuse(checked.key, checked.message);
    const { key } = checked.type === 'entry' ? checked.entry : checked.removal;
    const { keys } = this.#core;
    if (keys.secret ? !digest.test(key) : !keys.allows(key))
      return this.#refuse(keys.secret ? undefined : key, 'This cache does not take the key of this record.');
    return checked.type === 'entry'
      ? this.#takeEntry(table, checked.entry, checked.terms)
      : this.#takeRemoval(table, checked.removal);
  }

  #takeEntry(table: Table<V>, entry: ExportedEntry<V>, terms: Terms): Taken {
    const { key, value, expiresAt, version, tags } = entry;
    const now = { age: ageNow(), wall: wallNow() };
    const standing = restoredTerms(terms, entry.confirmedAt, expiresAt, now);
    if (standing === undefined) return 'over';
    if (table.tombstoneOf(key) !== undefined) return 'kept';
    const denial = table.negativeOf(key);
    if (denial !== undefined && denial.at >= standing.confirmedAt) return 'kept';
    const held = table.slotOf(key);
    if (held >= 0) {
      const heldVersion = table.versionOf(held);
      const comparable = version !== undefined && heldVersion !== undefined && version !== heldVersion;
      if (comparable ? version < heldVersion : standing.confirmedAt <= table.confirmedAt(held)) return 'kept';
    }
    const weight = this.#core.weights.of(value, key, entry.weight);
    const flags = Flag.restored | this.#core.sliding.flag(entry.sliding);
    table.put(key, value, { ...standing, expiresAt, version, tags, weight, flags });
    return 'entries';
  }

  #takeRemoval(table: Table<V>, { key, removed, at: wall }: ExportedRemoval): Taken {
    if (table.tombstoneOf(key) !== undefined) return 'kept';
    const at = ageNow() - Math.max(0, wallNow() - wall);
    const held = table.slotOf(key);
    if (held >= 0 && table.confirmedAt(held) > at) return 'kept';
    // Nothing is known of it anyway.
    if (held < 0 && removed === 'invalidated') return 'kept';
    if (table !== this.#core.table) table.bury(key, removed, at);
    else this.#writer.buryStored([key], removed, removed === 'revoked' ? 'revoke' : 'invalidate', at);
    return 'removals';
  }

  #refuse(key: string | undefined, message: string): Taken {
    this.#core.bus.publish('quarantined', { key, error: new TypeError(message) });
    return 'refused';
  }
}

function exported<V>({ table, sliding }: CacheCore<V>, slot: number, entry: Entry<V>): ExportedEntry<V> {
  const own = sliding.own(table.flagsOf(slot));
  const { key, value, age, expiresAt, version, tags, weight } = entry;
  const staleFor = table.staleForOf(slot);
  return {
    key,
    value,
    confirmedAt: wallNow() - age,
    ttl: table.ttlOf(slot),
    staleFor: staleFor === Number.POSITIVE_INFINITY ? 'until-expiry' : staleFor,
    ...(own !== undefined && { sliding: own }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(version !== undefined && { version }),
    ...(tags !== undefined && { tags }),
    ...(weight !== undefined && { weight }),
  };
}
