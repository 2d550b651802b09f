import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow, wallNow } from '../../src/runtime/time.js';
import type { EntryOptions as TableEntry, Tombstone } from '../../src/table/index.js';
import type { CacheCore } from './core.js';
import { entryAt } from './entry.js';
import { Flag } from './judge.js';
import { unheard } from './telling.js';
import { restarted } from './terms.js';

/** What the user orders for a key (as stored). */
export type Change<V> = Kept<V> | Gone | Touched<V>;

export interface Kept<V> {
  readonly key: string;
  readonly value: V;
  /** With an `expiresAt` before all time it is over by order, whatever the wall clock says later. */
  readonly entry: TableEntry;
  /** The user has seen the row: false for what was only derived from what is held. */
  readonly seen: boolean;
}

export interface Gone {
  readonly key: string;
  readonly gone: Tombstone['kind'];
  /** Since when; ms of ages. Default: now. */
  readonly at?: Milliseconds;
}

/** Its age begins anew; nothing is said of its row by that. */
export interface Touched<V> {
  readonly key: string;
  /** When it was touched; ms of ages. */
  readonly touched: Milliseconds;
  /** As it was when it was touched, and as it is by that. */
  readonly value: V;
  readonly entry: TableEntry;
}

/** An entry as it is when its age begins anew. `doubtBefore`: confirmations before that are in doubt; ms of ages. */
export function touchedEntry(entry: TableEntry, at: Milliseconds, doubtBefore: Milliseconds): TableEntry {
  // With the age its place before a gap of the change feed is gone: the doubt stays as a mark.
  const doubt = entry.confirmedAt < doubtBefore ? Flag.suspect : Flag.none;
  return { ...entry, ...restarted(entry, at), flags: (entry.flags ?? 0) | doubt };
}

/** In whose words a removal is told. */
export type Because = 'invalidate' | 'revoke' | 'remove';

/**
 * Makes the changes in memory, all of them before anybody hears of one: no code but our own runs until the function that it
 * returns is called, which tells the rest: loads that are not wanted any more, the journal, the bus.
 */
export function applyChanges<V>(
  core: CacheCore<V>,
  changes: Iterable<Change<V>>,
  because?: Because,
): () => void {
  const at = ageNow();
  // Of what is kept, only where there is somebody to tell: of a million, most often nobody.
  const kept: Kept<V>[] = [];
  const gone: Gone[] = [];
  for (const change of changes) {
    if ('gone' in change) {
      core.table.bury(change.key, change.gone, change.at ?? at);
      core.authority.doubt(change.key);
      if (change.gone === 'revoked') {
        core.touches.forget(change.key);
        core.ledger?.outbox.dropTouches(change.key);
      }
      gone.push(change);
    } else if ('touched' in change) {
      touch(core, change);
    } else if (core.table.isSealed(change.key)) {
      core.counters.refused++;
    } else {
      const entry = change.seen ? change.entry : derived(core, change);
      core.table.put(change.key, change.value, entry);
      if (change.entry.expiresAt === Number.NEGATIVE_INFINITY)
        core.table.latch(core.table.slotOf(change.key));
      if (core.quarantine.has(change.key) || core.loader.loads(change.key)) kept.push(change);
    }
  }
  const seqs = gone.map(({ key }) => core.table.tombstoneOf(key)?.seq ?? core.table.seq);
  return () => {
    for (const { key, seen } of kept) {
      if (seen) core.quarantine.release(key);
      core.loader.abort(key);
    }
    if (gone.length === 0) return;
    for (const { key } of gone) {
      core.quarantine.release(key);
      core.loader.abort(key);
    }
    core.counters.invalidated += gone.length;
    core.counters.revoked += gone.filter(({ gone: kind }) => kind === 'revoked').length;
    const wall = wallNow();
    core.ledger?.note(
      gone.map(({ key, gone: kind, at: since = at }, index) => ({
        key,
        kind,
        at: wall - (at - since),
        seq: seqs[index]!,
      })),
    );
    for (const kind of ['invalidated', 'revoked'] as const) {
      const keys = gone.filter((change) => change.gone === kind).map(({ key }) => key);
      const word = because ?? (kind === 'invalidated' ? 'invalidate' : 'revoke');
      if (keys.length > 0) core.bus.publish('invalidated', { keys, because: word });
    }
  };
}

/** What is made of the one held is no more known to the change feed than that was. */
const derived = <V>(core: CacheCore<V>, { key, entry }: Kept<V>): TableEntry => ({
  ...entry,
  flags: (entry.flags ?? 0) | unheard(core, key),
});

/** What was confirmed since then, or touched later, stays as it is. */
function touch<V>({ table, doubtBefore }: CacheCore<V>, { key, touched, entry }: Touched<V>): void {
  const slot = table.slotOf(key);
  if (slot < 0 || table.confirmedAt(slot) > touched) return;
  if (entry.expiresAt === Number.NEGATIVE_INFINITY) table.latch(slot);
  else table.retime(slot, touchedEntry(entryAt(table, slot), touched, doubtBefore));
}
