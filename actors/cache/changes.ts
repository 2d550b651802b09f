import { ageNow, wallNow } from '../../src/runtime/time.js';
import type { EntryOptions as TableEntry, Tombstone } from '../../src/table/index.js';
import type { CacheCore } from './core.js';

/** What the user orders for a key (as stored). */
export type Change<V> = Kept<V> | Gone;

export interface Kept<V> {
  readonly key: string;
  readonly value: V;
  readonly entry: TableEntry;
  /** The user has seen the row: false for what was only derived from what is held. */
  readonly seen: boolean;
}

export interface Gone {
  readonly key: string;
  readonly gone: Tombstone['kind'];
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
      core.table.bury(change.key, change.gone, at);
      core.authority.doubt(change.key);
      gone.push(change);
    } else if (core.table.isSealed(change.key)) {
      core.counters.refused++;
    } else {
      core.table.put(change.key, change.value, change.entry);
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
    core.ledger?.note(gone.map(({ key, gone: kind }, index) => ({ key, kind, at: wall, seq: seqs[index]! })));
    for (const kind of ['invalidated', 'revoked'] as const) {
      const keys = gone.filter((change) => change.gone === kind).map(({ key }) => key);
      const word = because ?? (kind === 'invalidated' ? 'invalidate' : 'revoke');
      if (keys.length > 0) core.bus.publish('invalidated', { keys, because: word });
    }
  };
}
