import type { Milliseconds } from '../../src/runtime/duration.js';
import type { LifeSignal } from '../../src/runtime/life.js';
import { ageNow } from '../../src/runtime/time.js';
import type { Row } from '../../src/sources/source.js';
import type { Lease } from '../../src/table/index.js';
import type { CacheCore } from '../cache/core.js';
import { doubtAll } from '../cache/doubt.js';
import { readFeed } from '../cache/feed.js';
import { Flag } from '../cache/judge.js';
import { checkChanges, keyOf } from '../cache/rows.js';
import type { Stretch } from '../cache/stretch.js';
import type { SweepFailure } from './outcome.js';

/** Reads the source's change feed from where it was last read to. */
export async function takeChanges<V>(
  core: CacheCore<V>,
  counts: { gone: number; changed: number },
  life: LifeSignal,
  stretch: Stretch,
): Promise<SweepFailure | undefined> {
  const { link, passes } = core;
  const { source } = link;
  if (source.changes === undefined || life.aborted || link.permission() !== 'free') return undefined;
  // Before the first pass there is nothing that could have changed since. It says where to go on from, if it can.
  if (passes.possible && core.cursor === undefined && passes.completed === 0) return undefined;
  const began = ageNow();
  const { table, gaps } = core;
  // What it says nothing of is as it was when the cursor was given.
  const first = core.cursor === undefined;
  let whole = core.complete && !first;
  const end = await readFeed(core, {
    life,
    stretch,
    open(signal) {
      if (source.changes === undefined) throw new TypeError('The source has no changes.');
      return source.changes(core.cursor, { signal, batch: core.policy.warm.batch });
    },
    check: checkChanges<V>,
    async take(batch, lease) {
      if (batch.reset) {
        doubtAll(core, 'the change feed has a gap');
        whole = false;
      }
      if (core.complete && (batch.reset || first)) core.cover.begin(core.table);
      const gone: string[] = [];
      const at = ageNow();
      const ended = new Set(batch.gone);
      for (const raw of ended) {
        const key = core.keys.stored(raw);
        if (removed(core, key, lease, at)) gone.push(key);
        if (stretch.spent && !(await stretch.yield())) return false;
      }
      for (const row of lastOfEach(batch.changed)) {
        // Gone and changed in one batch: nobody can say which came last.
        const told = keyOf(row);
        if (told !== undefined && ended.has(told)) {
          core.intake.forget(core.keys.stored(told));
          continue;
        }
        // Over a source without passes only what was asked for is held.
        const key = passes.possible ? undefined : keyOf(row);
        if (key !== undefined && !holds(core, key)) {
          core.intake.miss(core.keys.stored(key));
          continue;
        }
        const one = core.intake.row(row, lease, at, core.gaps === gaps ? Flag.none : Flag.suspect);
        if (one.taken === 'stored') counts.changed++;
        // Of a row that cannot be told from others, any may have changed.
        else if (one.key === undefined) whole = false;
        // Past its own end it is no row: what is held of it goes.
        else if (one.taken === 'over' && removed(core, one.key, lease, at)) gone.push(one.key);
        if (stretch.spent && !(await stretch.yield())) return false;
      }
      counts.gone += gone.length;
      if (gone.length > 0) core.bus.publish('invalidated', { keys: gone, because: 'source' });
      core.cursor = batch.cursor ?? core.cursor;
      return true;
    },
  });
  if (whole && end.type === 'end' && core.table === table && core.gaps === gaps)
    table.affirm(began, core.cover.since);
  return end.type === 'failed' ? end : undefined;
}

/** Of several rows of one key the last: all have the same lease, and the first would keep out the others. */
function lastOfEach<V>(rows: readonly Row<V>[]): readonly Row<V>[] {
  const last = new Map<string, Row<V>>();
  for (const row of rows) {
    const key = keyOf(row);
    if (key !== undefined) last.set(key, row);
  }
  return rows.filter((row) => {
    const key = keyOf(row);
    return key === undefined || last.get(key) === row;
  });
}

/** The key's row is no more: says whether an entry of it was held, and is gone now. */
function removed<V>({ table, intake }: CacheCore<V>, key: string, lease: Lease, at: Milliseconds): boolean {
  if (table.slotOf(key) >= 0 && intake.none(key, lease, 'source', at)) return true;
  intake.miss(key);
  return false;
}

/** Whether something is told of the key: a value, or that it is gone. */
function holds<V>({ keys, table }: CacheCore<V>, raw: string): boolean {
  const key = keys.stored(raw);
  return (
    table.slotOf(key) >= 0 ||
    table.negativeOf(key) !== undefined ||
    table.tombstoneOf(key)?.kind === 'revoked'
  );
}
