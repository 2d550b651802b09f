import { SnapshotCorruptError } from '../../src/errors.js';
import { ageNow, monotonicNow, wallNow } from '../../src/runtime/time.js';
import type {
  SnapshotEntry,
  SnapshotOpening,
  SnapshotStore,
  SnapshotTombstone,
} from '../../src/snapshot/store.js';
import type { Lease } from '../../src/table/index.js';
import type { CacheCore } from '../cache/core.js';
import { Flag } from '../cache/judge.js';
import type { Ledger } from '../cache/ledger.js';
import { Stretch } from '../cache/stretch.js';
import { restoredTerms, termsOf } from '../cache/terms.js';
import { many } from './write.js';

/** Below every mutation of this process: what it has learned itself is newer than anything restored. */
const beforeAll = 0;

/** `'corrupt'`: the store was set aside and must be opened again. */
export type RestoreOutcome = 'done' | 'corrupt' | 'aborted';

/**
 * Brings back what the store holds: entries marked `restored`, their ages kept; what is beyond its time stays out. Nothing
 * that this process has learned meanwhile is overwritten. A record that does not read back ends it: what it brought is
 * taken out again, and the cache is cold.
 */
export async function restore<V>(
  core: CacheCore<V>,
  ledger: Ledger,
  store: SnapshotStore,
  opening: SnapshotOpening,
  life: AbortSignal,
): Promise<RestoreOutcome> {
  // One that is under way ends with its lease.
  if (core.cleared) return 'done';
  const began = monotonicNow();
  const stretch = new Stretch(life);
  const counts = { entries: 0, dropped: 0, tombstones: 0 };
  // What a snapshot brings was never passed over: its absence from a pass proves nothing.
  core.authority.void();
  const { table } = core;
  const lease = table.lease();
  try {
    for await (const page of store.restore({ signal: life })) {
      const before = counts.entries;
      for (const tombstone of page.tombstones) {
        bringTombstone(core, tombstone, lease);
        counts.tombstones++;
      }
      let now = clocks();
      for (const entry of page.entries) {
        const brought = isInvalidated(core, ledger, entry) ? 'newer' : bringEntry(core, entry, lease, now);
        if (brought === 'stored') counts.entries++;
        else if (brought === 'over') {
          counts.dropped++;
          ledger.dropped.add(entry.key);
        } else if (brought === 'full') counts.dropped++;
        if (!stretch.step()) continue;
        if (!(await stretch.yield())) return 'aborted';
        now = clocks();
      }
      if (counts.entries > before) core.restored = true;
      if (life.aborted) return 'aborted';
    }
  } catch (error) {
    if (life.aborted) return 'aborted';
    if (!(error instanceof SnapshotCorruptError)) throw error;
    await takeOut(core, stretch);
    core.setAside(error.aside);
    return 'corrupt';
  } finally {
    table.release(lease);
  }
  // Most of what it holds is of no use any more.
  if (opening.entries > many + 2 * (counts.entries + counts.tombstones)) ledger.fullDue = true;
  if (opening.entries > 0 || counts.tombstones > 0) {
    if (!opening.complete) {
      core.logger.warn(
        { cache: core.policy.name, entries: counts.entries },
        'the snapshot was not completed the last time: what its last full writing had not come to is as it was before, or missing',
      );
    }
    core.bus.publish('snapshot.restored', {
      ...counts,
      complete: opening.complete,
      age: opening.writtenAt === undefined ? 0 : Math.max(0, wallNow() - opening.writtenAt),
      took: monotonicNow() - began,
    });
  }
  return 'done';
}

/** Whether one of its tags was invalidated before the entry came. Then it is to go from the store too. */
function isInvalidated<V>({ table }: CacheCore<V>, { tags }: Ledger, entry: SnapshotEntry): boolean {
  if (tags.size === 0) return false;
  const tag = entry.tags?.find((each) => tags.has(each));
  if (tag === undefined) return false;
  if (table.stampOf(entry.key) < 0) table.bury(entry.key, 'invalidated', tags.get(tag) as number);
  return true;
}

/** Read once for a stretch of entries. */
const clocks = () => ({ age: ageNow(), wall: wallNow() });

function bringEntry<V>(
  core: CacheCore<V>,
  entry: SnapshotEntry,
  lease: Lease,
  now: ReturnType<typeof clocks>,
): 'stored' | 'over' | 'full' | 'newer' {
  const terms = termsOf(core.policy, entry, entry.expiresAt);
  const standing = restoredTerms(terms, entry.confirmedAt, entry.expiresAt, now);
  if (standing === undefined) return 'over';
  const result = core.table.restore(
    {
      key: entry.key,
      // The store gives back what it was given, and it was given values of this cache.
      value: entry.value as V,
      seq: beforeAll,
      ttl: standing.ttl,
      staleFor: standing.staleFor,
      confirmedAt: standing.confirmedAt,
      expiresAt: entry.expiresAt,
      version: entry.version,
      tags: entry.tags,
      weight: core.weights.of(entry.value as V, entry.key, entry.weight),
      flags: Flag.restored | core.sliding.flag(entry.sliding),
    },
    lease,
  );
  return result === 'lease' ? 'newer' : result;
}

function bringTombstone<V>(core: CacheCore<V>, { key, kind, at }: SnapshotTombstone, lease: Lease): void {
  core.table.restoreTombstone(
    { key, kind, seq: beforeAll, at: ageNow() - Math.max(0, wallNow() - at) },
    lease,
  );
}

/** A file of which one record is corrupt is not to be believed in the others. */
async function takeOut<V>(core: CacheCore<V>, stretch: Stretch): Promise<void> {
  const { table } = core;
  for (const slot of table.slots()) {
    if ((table.flagsOf(slot) & Flag.restored) !== 0) table.evict(slot, 'aged');
    if (stretch.spent && !(await stretch.yield())) return;
  }
  core.restored = false;
}
