import { buggify } from '../../src/fault-point.js';
import type { CacheCore } from '../cache/core.js';

/** So many are loaded beside each other, where each is a question of its own: who asks for others is not to wait behind all of them. */
const lanes = 8;

/** Reads again what the source told of, as long as there is anything. What cannot be read now is for a pass. */
export async function reloadNoticed<V>(core: CacheCore<V>, life: AbortSignal): Promise<void> {
  const { link, listening, passes, policy } = core;
  const atOnce = link.source.loadMany === undefined ? lanes : policy.load.batch;
  let all = false;
  try {
    while (!life.aborted && listening.waiting) {
      const loaded = await Promise.all(listening.take(atOnce).map((key) => reload(core, key)));
      if (!loaded.every(Boolean)) return;
      buggify('listener.reloaded');
    }
    all = !life.aborted;
  } finally {
    if (!all) {
      listening.forget();
      passes.demand();
    }
  }
}

/** By the key's one load, which others may wait for too: it has begun after the key was told of. Says whether it could. */
async function reload<V>(core: CacheCore<V>, raw: string): Promise<boolean> {
  const { running, loader, keys, link, listening, logger, policy, table } = core;
  const key = keys.stored(raw);
  const flight = running && link.permission() === 'free' ? loader.request(key, raw) : undefined;
  if (flight === undefined) return false;
  flight.waiting++;
  const landing = await flight.landing;
  // Something else happened to the key, or to the cache actor.
  if (landing.type === 'aborted' && table.slotOf(key) < 0) listening.add([raw]);
  if (landing.type !== 'failed') return true;
  if (!landing.unavailable) {
    logger.error({ cache: policy.name, err: landing.error }, 'what was written could not be read again');
  }
  return false;
}
