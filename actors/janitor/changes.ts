import { ageNow } from '../../src/runtime/time.js';
import type { CacheCore } from '../cache/core.js';
import { readFeed } from '../cache/feed.js';
import { checkChanges, keyOf } from '../cache/rows.js';
import type { Stretch } from '../cache/stretch.js';
import type { SweepFailure } from './outcome.js';

/** Reads the source's change feed from where it was last read to. */
export async function takeChanges<V>(
  core: CacheCore<V>,
  counts: { gone: number; changed: number },
  life: AbortSignal,
  stretch: Stretch,
): Promise<SweepFailure | undefined> {
  const { link, passes } = core;
  const { source } = link;
  if (source.changes === undefined || life.aborted || link.permission() !== 'free') return undefined;
  // Before the first pass there is nothing that could have changed since. It says where to go on from, if it can.
  if (passes.possible && core.cursor === undefined && passes.completed === 0) return undefined;
  const end = await readFeed(core, {
    life,
    stretch,
    open(signal) {
      if (source.changes === undefined) throw new TypeError('The source has no changes.');
      return source.changes(core.cursor, { signal, batch: core.policy.warm.batch });
    },
    check: checkChanges<V>,
    async take(batch, lease) {
      if (batch.reset) doubtAll(core);
      const gone: string[] = [];
      const at = ageNow();
      for (const raw of batch.gone) {
        const key = core.keys.stored(raw);
        if (core.table.slotOf(key) >= 0 && core.intake.none(key, lease, 'source', at)) gone.push(key);
        if (stretch.spent && !(await stretch.yield())) return false;
      }
      for (const row of batch.changed) {
        // Over a source without passes only what was asked for is held.
        const key = passes.possible ? undefined : keyOf(row);
        if (key !== undefined && !holds(core, key)) continue;
        if (core.intake.row(row, lease, at).taken === 'stored') counts.changed++;
        if (stretch.spent && !(await stretch.yield())) return false;
      }
      counts.gone += gone.length;
      if (gone.length > 0) core.bus.publish('invalidated', { keys: gone, because: 'source' });
      core.cursor = batch.cursor ?? core.cursor;
      return true;
    },
  });
  return end.type === 'failed' ? end : undefined;
}

/** The feed has a gap: everything held is suspect until a complete pass has confirmed it. */
function doubtAll<V>(core: CacheCore<V>): void {
  core.doubtBefore = ageNow();
  core.logger.warn({ cache: core.policy.name }, 'the change feed has a gap: a complete pass is needed');
  core.passes.demand();
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
