import { ageNow, wallNow } from '../../src/runtime/time.js';
import type { EntryOptions as TableEntry } from '../../src/table/index.js';
import type { CacheCore } from './core.js';
import { entryAt } from './entry.js';
import { judge, type Verdict } from './judge.js';

/** An entry that may be served now: what `has` says yes to. */
export interface Held<V> {
  readonly value: V;
  /** All that goes with the value. */
  readonly entry: TableEntry;
  readonly verdict: Exclude<Verdict, 'expired' | 'aged'>;
}

/** What the table holds of a key (as stored), if it may be served. What is seen expired is latched. */
export function heldIn<V>(core: CacheCore<V>, stored: string): Held<V> | undefined {
  const { table } = core;
  const slot = table.slotOf(stored);
  if (slot < 0) return undefined;
  const entry = entryAt(table, slot);
  const verdict = verdictOn(core, entry);
  if (verdict === 'expired') table.latch(slot);
  if (verdict === 'expired' || verdict === 'aged') return undefined;
  table.touch(slot);
  return { value: table.valueAt(slot), entry, verdict };
}

/** What is to be thought of an entry now. */
export function verdictOn<V>(core: CacheCore<V>, entry: TableEntry): Verdict {
  return judge(
    {
      confirmedAt: entry.confirmedAt,
      ttl: entry.ttl,
      staleFor: entry.staleFor,
      expiresAt: entry.expiresAt ?? Number.POSITIVE_INFINITY,
      flags: entry.flags ?? 0,
    },
    { age: ageNow(), wall: wallNow(), sourceDown: core.link.down, doubtBefore: core.doubtBefore },
  );
}
