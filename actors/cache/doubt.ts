import { ageNow } from '../../src/runtime/time.js';
import type { CacheCore } from './core.js';
import { leaseHolder } from './loader.js';

/** Something may have changed that nobody told of: everything held is suspect until it has been read again, and so is what is being read now. */
export function doubt<V>(core: CacheCore<V>): void {
  core.gaps++;
  core.doubtBefore = ageNow();
  core.table.voidLeases(leaseHolder);
}

/** The same, and a pass is asked for, which confirms all of it. */
export function doubtAll<V>(core: CacheCore<V>, because: string): void {
  doubt(core);
  core.logger.warn({ cache: core.policy.name }, `${because}: a complete pass is needed`);
  core.passes.demand();
}
