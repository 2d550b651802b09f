import { buggify } from '../../src/fault-point.js';
import type { LifeSignal } from '../../src/runtime/life.js';
import { ageNow, monotonicNow, wallNow } from '../../src/runtime/time.js';
import type { SnapshotAppend, SnapshotEntry, SnapshotStore } from '../../src/snapshot/store.js';
import type { Changes, Table } from '../../src/table/index.js';
import type { CacheCore } from '../cache/core.js';
import type { Ledger } from '../cache/ledger.js';
import { Stretch } from '../cache/stretch.js';
import { PagesUnderWay } from './under-way.js';

/** Entries of one page: small, because a page is atomic and the journal must not wait for it. */
const pageSize = 500;
/** So many changes are never written anew instead. */
const few = 4 * pageSize;
/** So many removals a store may remember, however few entries there are. */
export const many = 1 << 16;

/**
 * Writes what changed since the last writing, page by page. A page that the store refuses is put back, and the writing fails
 * with the store's error; the rest goes the next time.
 */
export async function writeSnapshot<V>(
  core: CacheCore<V>,
  ledger: Ledger,
  store: SnapshotStore,
  life: LifeSignal,
): Promise<void> {
  const began = monotonicNow();
  const stretch = new Stretch(life);
  // What led here, such as a stop, is a stretch of its own.
  if (!(await stretch.yield())) return;
  const { table } = core;
  if (ledger.fullDue || muchChanged(table, ledger)) {
    table.markAllDirty();
    ledger.fullDue = false;
  }
  // Tombstones from before this writing have served once it is complete.
  const begunAt = table.seq;
  const counts = { entries: 0, gone: 0, complete: false };
  // As it stood before the changes were taken: never ahead of what is written with it.
  const { cursor } = core;
  const pages = new PagesUnderWay(table, ledger, store, ({ skipped }) => {
    for (const { key, error } of skipped) reportSkipped(core, key, error);
  });
  for (let more = true; more; ) {
    const changes = table.drain(pageSize);
    const dropped = ledger.dropped.take(pageSize);
    more = changes.more || ledger.dropped.size > 0;
    const moved = !more && cursor !== undefined && cursor !== ledger.cursor;
    const page = pageOf(core, ledger, table, changes, dropped);
    if (isEmpty(page) && page.full === undefined && !moved) continue;
    const ends = changes.full === 'end' || changes.full === 'both';
    const alone = ends || moved || page.lifted.length > 0;
    await pages.send(moved ? { ...page, cursor } : page, { changes, dropped }, alone);
    counts.entries += page.entries.length;
    counts.gone += page.gone.length;
    ledger.removals += page.gone.length + page.lifted.length;
    if (ends) {
      counts.complete = true;
      ledger.removals = 0;
    }
    if (moved) ledger.cursor = cursor;
    if (core.table !== table || life.aborted) break;
    if (stretch.spent && !(await stretch.yield())) break;
  }
  await pages.settle();
  if (core.table !== table || life.aborted) return;
  for (const { key, kind, seq } of table.buried()) {
    if (kind === 'invalidated' && seq <= begunAt) table.liftTombstone(key, seq);
    if (stretch.spent && !(await stretch.yield())) return;
  }
  buggify('snapshotter.written');
  ledger.last = { at: wallNow(), ok: true };
  if (counts.entries === 0 && counts.gone === 0 && !counts.complete) return;
  core.counters.snapshots++;
  core.bus.publish('snapshot.written', { ...counts, took: monotonicNow() - began });
}

/**
 * Whether to write all anew. It costs a store less than as many changes one by one, and what was overtaken or removed need not be
 * kept from then on.
 */
function muchChanged<V>({ pending, size }: Table<V>, { removals }: Ledger): boolean {
  return pending > Math.max(few, size / 4) || removals > Math.max(many, size);
}

/** Whether a writing would find nothing to do: neither a page for the store nor a tombstone that has served. */
export function nothingToWrite<V>({ table, cursor }: CacheCore<V>, ledger: Ledger): boolean {
  if (ledger.fullDue || ledger.dropped.size > 0 || table.pending > 0) return false;
  if (ledger.outbox.hasUnwritten) return false;
  if (cursor !== undefined && cursor !== ledger.cursor) return false;
  for (const _ of table.buried()) return false;
  return true;
}

/** A page as the store takes it: times by the wall, mutation numbers on from where the store's stood. */
function pageOf<V>(
  core: CacheCore<V>,
  ledger: Ledger,
  table: Table<V>,
  changes: Changes,
  dropped: readonly string[],
): SnapshotAppend {
  const shift = ledger.shift ?? 0;
  const out = <T extends { readonly seq: number }>(record: T): T => ({ ...record, seq: record.seq + shift });
  const age = ageNow();
  const wall = wallNow();
  return {
    entries: changes.slots.map((slot) => entryOf(core, table, slot, shift, wall - age)),
    gone: [...changes.gone.map(out), ...dropped.map((key) => ({ key, seq: shift }))],
    tombstones: changes.tombstones.map((tombstone) => out({ ...tombstone, at: tombstone.at + wall - age })),
    lifted: changes.lifted.map(out),
    writtenAt: wall,
    ...(changes.full !== undefined && { full: changes.full }),
    ...(changes.asOf !== undefined && { asOf: changes.asOf + shift }),
  };
}

function entryOf<V>(
  core: CacheCore<V>,
  table: Table<V>,
  slot: number,
  shift: number,
  toWall: number,
): SnapshotEntry {
  const expiresAt = table.expiresAt(slot);
  const version = table.versionOf(slot);
  const tags = table.tagsOf(slot);
  const weight = table.weightOf(slot);
  const ttl = table.ttlOf(slot);
  const staleFor = table.staleForOf(slot);
  const sliding = core.sliding.own(table.flagsOf(slot));
  const ordinary =
    ttl === core.policy.ttl &&
    (staleFor === core.policy.staleFor || core.policy.staleFor === Number.POSITIVE_INFINITY);
  return {
    key: table.keyAt(slot),
    value: table.valueAt(slot),
    seq: table.seqOf(slot) + shift,
    confirmedAt: table.confirmedAt(slot) + toWall,
    ...(expiresAt !== Number.POSITIVE_INFINITY && { expiresAt }),
    ...(version !== undefined && { version }),
    ...(tags !== undefined && { tags }),
    ...(weight !== undefined && { weight }),
    ...(!ordinary && { ttl, staleFor }),
    ...(sliding !== undefined && { sliding }),
  };
}

const isEmpty = (page: SnapshotAppend): boolean =>
  page.entries.length + page.gone.length + page.tombstones.length + page.lifted.length === 0;

function reportSkipped<V>(core: CacheCore<V>, key: string, error: unknown): void {
  core.counters.snapshotSkipped++;
  core.logger.warn(
    { cache: core.policy.name, err: error },
    'a value cannot be serialized: it stays out of the snapshot',
  );
  core.bus.publish('snapshot.skipped', { key, error });
}
