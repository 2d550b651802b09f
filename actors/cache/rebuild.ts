import { ageNow, monotonicNow } from '../../src/runtime/time.js';
import type { Table } from '../../src/table/index.js';
import type { CacheCore } from './core.js';
import { Flag } from './judge.js';
import { Stretch } from './stretch.js';

/**
 * Copies the table, entry by entry, into a new one and swaps it in: after two crashes in a row nobody knows whether the old
 * one is sound. What does not hold together is left behind, what is taken over is marked `suspect`, tombstones come along.
 * The old table answers until the swap; what happens to it meanwhile is copied again.
 */
export async function rebuild<V>(core: CacheCore<V>, life: AbortSignal): Promise<void> {
  const began = monotonicNow();
  const stretch = new Stretch(life);
  const old = core.table;
  const fresh = core.freshTable(old.seq);
  const counts = { entries: 0, refused: 0 };
  const touched = new Set<string>();
  let emptied = false;
  old.watch((key) => {
    if (key === undefined) emptied = true;
    else touched.add(key);
  });
  try {
    for (const slot of old.slots()) {
      if (copyEntry(old, fresh, slot, Flag.suspect)) counts.entries++;
      else counts.refused++;
      if (stretch.spent && !(await stretch.yield())) return;
    }
    for (const tombstone of old.buried()) {
      fresh.restoreTombstone(tombstone);
      if (stretch.spent && !(await stretch.yield())) return;
    }
    while (touched.size > 0 && !emptied) {
      for (const key of touched) {
        touched.delete(key);
        copyKey(old, fresh, key, Flag.suspect);
        if (stretch.spent && !(await stretch.yield())) return;
      }
    }
    // No await from here to the swap: nothing can come between.
    if (emptied || core.table !== old) return;
    core.replaceTable(fresh);
  } finally {
    old.watch(undefined);
  }
  core.counters.rebuilds++;
  core.logger.warn({ cache: core.policy.name, ...counts }, 'the table was rebuilt after repeated crashes');
  core.bus.publish('rebuilt', { ...counts, took: monotonicNow() - began });
}

/** Makes the new table say of a key what the old one says. */
export function copyKey<V>(old: Table<V>, fresh: Table<V>, key: string, flag: number): void {
  const held = fresh.slotOf(key);
  if (held >= 0) fresh.evict(held, 'aged');
  const slot = old.slotOf(key);
  if (slot >= 0) copyEntry(old, fresh, slot, flag);
  const tombstone = old.tombstoneOf(key);
  if (tombstone !== undefined) fresh.restoreTombstone(tombstone);
}

/** Takes one entry over if it holds together. */
function copyEntry<V>(old: Table<V>, fresh: Table<V>, slot: number, flag: number): boolean {
  const key = old.keyAt(slot);
  const value = old.valueAt(slot);
  const confirmedAt = old.confirmedAt(slot);
  const ttl = old.ttlOf(slot);
  const staleFor = old.staleForOf(slot);
  const expiresAt = old.expiresAt(slot);
  const sound =
    typeof key === 'string' &&
    old.slotOf(key) === slot &&
    value !== undefined &&
    confirmedAt <= ageNow() &&
    ttl >= 0 &&
    staleFor >= 0 &&
    expiresAt > Number.NEGATIVE_INFINITY;
  if (!sound) return false;
  const version = old.versionOf(slot);
  const tags = old.tagsOf(slot);
  const weight = old.weightOf(slot);
  const result = fresh.restore({
    key,
    value,
    seq: old.seqOf(slot),
    confirmedAt,
    ttl,
    staleFor,
    expiresAt,
    version,
    tags,
    weight,
    flags: old.flagsOf(slot) | flag,
  });
  return result === 'stored';
}
