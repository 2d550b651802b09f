import { buggify } from '../../src/fault-point.js';
import type { LifeSignal } from '../../src/runtime/life.js';
import { ageNow, monotonicNow, noteSleep } from '../../src/runtime/time.js';
import type { Cursor, Row } from '../../src/sources/source.js';
import type { Lease } from '../../src/table/index.js';
import type { CacheCore } from '../cache/core.js';
import { readFeed } from '../cache/feed.js';
import { Flag } from '../cache/judge.js';
import type { WarmReport } from '../cache/report.js';
import { checkScan } from '../cache/rows.js';
import { Stretch } from '../cache/stretch.js';

/** How a pass ended. `'aborted'`: its actor died; nothing it still hears is stored. */
export type PassOutcome =
  | { readonly type: 'complete'; readonly report: WarmReport }
  | { readonly type: 'failed'; readonly error: unknown; readonly unavailable: boolean }
  | { readonly type: 'aborted' }
  /** The table was emptied or replaced meanwhile: what it stored is not all there. */
  | { readonly type: 'void' };

/**
 * One pass over the whole source, batch by batch, in bounded memory. Only a complete one removes what it did not see, and only
 * if the key of every row could be told; each
 * batch is stored under a lease from before it was asked for. Whatever the source throws is an outcome.
 */
export async function pass<V>(core: CacheCore<V>, life: LifeSignal): Promise<PassOutcome> {
  const { source } = core.link;
  noteSleep();
  const began = monotonicNow();
  const number = core.passes.begin();
  core.counters.passes++;
  core.authority.passBegan();
  core.bus.publish('pass.started', { pass: number });
  const { table } = core;
  const whole = table.lease('pass');
  /** What one snapshot has is as old as its beginning, whenever its pages come: held until the first page says that it is none. */
  const opening = table.lease();
  const { gaps } = core;
  const stretch = new Stretch(life);
  const counts = { rows: 0, removed: 0, quarantined: 0 };
  let cursor: Cursor | undefined;
  try {
    const end = await readFeed(core, {
      life,
      stretch,
      open(signal) {
        if (source.scan === undefined) throw new TypeError('The source has no scan.');
        return source.scan({ signal, batch: core.policy.warm.batch });
      },
      check: checkScan<V>,
      async take(batch, lease) {
        if (cursor === undefined && batch.cursor !== undefined) {
          cursor = batch.cursor;
          if (core.complete && core.cursor === undefined) core.cover.begin(table, lease.seq);
        }
        if (!batch.snapshot) table.release(opening);
        const under = { lease: batch.snapshot ? opening : lease, whole, suspect: core.gaps !== gaps };
        const quarantined = await takeRows(core, batch.rows, under, stretch);
        if (quarantined === 'aborted') return false;
        buggify('warmer.page');
        counts.rows += batch.rows.length;
        counts.quarantined += quarantined;
        core.bus.publish('batch.loaded', {
          pass: number,
          rows: batch.rows.length,
          quarantined,
          total: counts.rows,
        });
        return true;
      },
    });
    if (end.type === 'aborted') return end;
    if (end.type === 'failed') return failed(core, number, end.error, end.unavailable);
    if (core.table !== table || !table.isOpen(whole)) return { type: 'void' };
    const removed = core.passes.nameless ? 0 : await removeUnseen(core, whole, stretch);
    if (removed === 'aborted') return { type: 'aborted' };
    if (core.table !== table || !table.isOpen(whole)) return { type: 'void' };
    buggify('warmer.complete');
    return completed(core, number, { ...counts, removed, took: monotonicNow() - began }, cursor);
  } finally {
    table.release(whole);
    table.release(opening);
  }
}

/** Stores a batch. Says how many of its rows were set apart. */
async function takeRows<V>(
  core: CacheCore<V>,
  rows: readonly Row<V>[],
  { lease, whole, suspect }: { readonly lease: Lease; readonly whole: Lease; readonly suspect: boolean },
  stretch: Stretch,
): Promise<number | 'aborted'> {
  let quarantined = 0;
  // Every yield below may take any time: the laptop sleeps, and the rows are as old as they were.
  const at = ageNow();
  for (const row of rows) {
    const { key, taken } = core.intake.row(row, lease, at, suspect ? Flag.suspect : Flag.none);
    if (taken === 'stored') core.passes.anyRow = true;
    // Set apart, or refused for something newer: it was seen all the same.
    else if (key === undefined) core.passes.nameless = true;
    else if (taken !== 'over') {
      core.table.markSeen(key, whole);
      // Refused for an answer that denied it: once that is forgotten, this pass must not be what proves it absent.
      if (core.table.slotOf(key) < 0) core.authority.doubt(key);
    }
    if (taken === 'quarantined') quarantined++;
    if (stretch.step() && !(await stretch.yield())) return 'aborted';
  }
  return quarantined;
}

async function removeUnseen<V>(
  core: CacheCore<V>,
  whole: Lease,
  stretch: Stretch,
): Promise<number | 'aborted'> {
  let removed = 0;
  const at = ageNow();
  for (const key of core.table.unseen(whole)) {
    if (key !== undefined && core.intake.none(key, whole, 'pass', at)) removed++;
    if (stretch.spent && !(await stretch.yield())) return 'aborted';
  }
  return removed;
}

function completed<V>(
  core: CacheCore<V>,
  number: number,
  report: WarmReport,
  cursor: Cursor | undefined,
): PassOutcome {
  if (core.passes.evicted || core.passes.nameless) core.authority.void();
  else core.authority.passCompleted(core.passes.beganAt, ageNow());
  // A complete feed is read on from where it was: what it tells between there and here no pass can stand for.
  if (cursor !== undefined && !(core.complete && core.cursor !== undefined)) core.cursor = cursor;
  core.bus.publish('pass.complete', { pass: number, ...report });
  core.passes.succeeded(report);
  return { type: 'complete', report };
}

function failed<V>(core: CacheCore<V>, number: number, error: unknown, unavailable: boolean): PassOutcome {
  core.authority.passFailed();
  core.counters.passesFailed++;
  core.passes.failed(error);
  const fields = { cache: core.policy.name, pass: number, err: error };
  if (unavailable) core.logger.warn(fields, 'warm pass: the source is away');
  else core.logger.error(fields, 'warm pass failed');
  core.bus.publish('pass.failed', { pass: number, error, unavailable, attempt: core.link.outage.attempt });
  return { type: 'failed', error, unavailable };
}
