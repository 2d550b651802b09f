import { buggify } from '../../src/fault-point.js';
import type { LifeSignal } from '../../src/runtime/life.js';
import { ageNow, monotonicNow, noteSleep, wallNow } from '../../src/runtime/time.js';
import type { CacheCore } from '../cache/core.js';
import { withoutExpiry } from '../cache/options.js';
import type { SweepReport } from '../cache/report.js';
import { Stretch } from '../cache/stretch.js';
import { takeChanges } from './changes.js';
import { takeMissing } from './missing.js';
import type { SweepOutcome } from './outcome.js';

/** Evicts what is over, then asks the source, where it answers such questions and is there, what else is. */
export async function sweep<V>(core: CacheCore<V>, life: LifeSignal): Promise<SweepOutcome> {
  noteSleep();
  const began = monotonicNow();
  const stretch = new Stretch(life);
  core.counters.sweeps++;
  // What led here is a stretch of its own.
  if (!(await stretch.yield())) return { report: { expired: 0, gone: 0, changed: 0, missing: 0, took: 0 } };
  const expired = await evictOver(core, stretch);
  buggify('janitor.evicted');
  await liftOldTombstones(core, stretch);
  const counts = { gone: 0, changed: 0, missing: 0 };
  const failure =
    (await takeChanges(core, counts, life, stretch)) ?? (await takeMissing(core, counts, life, stretch));
  const report: SweepReport = { expired, ...counts, took: monotonicNow() - began };
  // Its actor died on the way: nobody swept.
  if (life.aborted) return { report };
  buggify('janitor.swept');
  core.lastSweep = { at: wallNow(), report, ...(failure && { error: failure.error }) };
  if (failure !== undefined && !failure.unavailable) {
    core.logger.error(
      { cache: core.policy.name, err: failure.error },
      'sweep: the source could not say what changed',
    );
  }
  core.bus.publish('swept', { ...report, ...(failure && { error: failure.error }) });
  return { report, ...(failure && { failure }) };
}

/** Work proportional to what is over. */
async function evictOver<V>(core: CacheCore<V>, stretch: Stretch): Promise<number> {
  const evicted = { expired: 0, aged: 0 };
  for (const eviction of core.table.due(ageNow(), wallNow())) {
    if (eviction !== undefined && eviction.because !== 'capacity') {
      evicted[eviction.because]++;
      core.authority.doubt(eviction.key);
    }
    if (stretch.step() && !(await stretch.yield())) break;
  }
  const sum = evicted.expired + evicted.aged;
  core.counters.evictedExpired += sum;
  core.counters.evictedAged += evicted.aged;
  if (evicted.expired > 0) core.bus.publish('evicted', { count: evicted.expired, because: 'expired' });
  if (evicted.aged > 0) core.bus.publish('evicted', { count: evicted.aged, because: 'aged' });
  return sum;
}

/** A revocation that the source never confirmed is kept for `staleFor`, no longer. */
async function liftOldTombstones<V>(core: CacheCore<V>, stretch: Stretch): Promise<void> {
  const { policy, table } = core;
  const longest = Number.isFinite(policy.staleFor) ? policy.staleFor : withoutExpiry;
  const before = ageNow() - longest;
  for (const { key, at, seq } of table.buried()) {
    if (at < before) table.liftTombstone(key, seq);
    if (stretch.spent && !(await stretch.yield())) return;
  }
}
