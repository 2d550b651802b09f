import { ageNow, wallNow } from '../../src/runtime/time.js';
import type { CacheCore } from '../cache/core.js';
import { doubtAll } from '../cache/doubt.js';

/** So many at once are not looked at one by one. */
const mostAtOnce = 10_000;

/** Of keys that others wrote nothing is known any more, at once; where the cache mirrors its source they are read again. */
export function noticeKeys<V>(core: CacheCore<V>, told: readonly unknown[]): void {
  if (told.length > mostAtOnce) {
    doubtAll(core, 'the source told of very many keys');
    return;
  }
  const allowed = told.filter((key): key is string => typeof key === 'string' && core.keys.allows(key));
  const forgotten: string[] = [];
  const at = ageNow();
  for (const raw of allowed) {
    const key = core.keys.stored(raw);
    // What was revoked here stays so until it has been read again.
    if (core.table.tombstoneOf(key)?.kind === 'revoked') continue;
    const known = core.table.slotOf(key) >= 0 || core.table.negativeOf(key) !== undefined;
    core.table.bury(key, 'invalidated', at);
    core.quarantine.release(key);
    core.authority.doubt(key);
    core.loader.abort(key);
    if (known) forgotten.push(key);
    // Nothing was known of it: only a read under way need hear of it.
    else core.table.liftTombstone(key);
  }
  if (forgotten.length > 0) {
    core.counters.invalidated += forgotten.length;
    const wall = wallNow();
    core.ledger?.note(
      forgotten.map((key) => ({
        key,
        kind: 'invalidated' as const,
        at: wall,
        seq: core.table.tombstoneOf(key)?.seq ?? core.table.seq,
      })),
    );
    core.bus.publish('invalidated', { keys: forgotten, because: 'source' });
  }
  // Over a source without passes only what is asked for is held.
  if (core.passes.possible && !core.listening.add(allowed)) core.passes.demand();
}

/** Something was written, and nobody says what: the source is asked now, and not at the next turn. */
export function noticeSomething<V>(core: CacheCore<V>): void {
  const { link, listening, passes, policy, sweeps } = core;
  if (link.source.changes !== undefined || !passes.possible) {
    // How it failed the sweep itself tells.
    if (!sweeps.pending) sweeps.make().catch(() => {});
    return;
  }
  // A pass is dear: of those who write without end it is asked for as often as a sweep.
  if (ageNow() - listening.passAskedAt < policy.sweep.every) return;
  listening.passAskedAt = ageNow();
  passes.demand();
}
