import { buggify } from '../../src/fault-point.js';
import type { LifeSignal } from '../../src/runtime/life.js';
import { ageNow, noteSleep } from '../../src/runtime/time.js';
import type { CacheCore } from '../cache/core.js';
import { Stretch } from '../cache/stretch.js';
import type { Throttle } from './throttle.js';

/** Gives the memory of what is over back, and tells the log, once for all of them, who was slowed and refused meanwhile. */
export async function tidy(core: CacheCore<unknown>, throttle: Throttle, life: LifeSignal): Promise<void> {
  noteSleep();
  const stretch = new Stretch(life);
  for (const _ of throttle.book.tidy(ageNow)) {
    if (stretch.spent && !(await stretch.yield())) return;
  }
  buggify('throttle.tidied');
  const { counters, logger, policy } = core;
  const { reported, book, sleepers } = throttle;
  const slowed = counters.slowed - reported.slowed;
  const throttled = counters.throttled - reported.throttled;
  if (slowed + throttled === 0) return;
  reported.slowed = counters.slowed;
  reported.throttled = counters.throttled;
  logger.warn(
    { cache: policy.name, slowed, throttled, guessing: book.guessing, waiting: sleepers.size },
    'clients ask for keys that do not exist',
  );
}
