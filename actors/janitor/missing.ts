import type { LifeSignal } from '../../src/runtime/life.js';
import type { CacheCore } from '../cache/core.js';
import { patience } from '../cache/feed.js';
import type { Stretch } from '../cache/stretch.js';
import type { SweepFailure } from './outcome.js';

/**
 * Asks the source of a share of the entries, another share each time, whether they still exist: once round in a warm
 * interval. Finds rows that were deleted without a trace, which no change feed shows.
 */
export async function takeMissing<V>(
  core: CacheCore<V>,
  counts: { missing: number },
  life: LifeSignal,
  stretch: Stretch,
): Promise<SweepFailure | undefined> {
  const { link, policy, table } = core;
  const ask = link.source.missing;
  // Secret keys are not kept, so they cannot be asked about.
  if (ask === undefined || core.keys.secret) return undefined;
  const share = Math.ceil((table.size * policy.sweep.every) / policy.warm.every);
  let left = Math.max(share, Math.min(policy.warm.batch, table.size));
  while (left > 0 && !life.aborted && link.permission() === 'free') {
    const lease = table.lease();
    try {
      const keys = core.rota.next(table, Math.min(left, policy.warm.batch));
      if (keys.length === 0) return undefined;
      left -= keys.length;
      const answer = await link.ask((context) => ask.call(link.source, keys, context), {
        signal: life,
        timeout: patience * policy.load.timeout,
        retries: policy.load.retries,
      });
      if (answer.type === 'aborted' || life.aborted) return undefined;
      if (answer.type === 'failed') return answer;
      const asked = new Set(keys);
      const told = listed(answer.value);
      if (told === undefined) {
        const error = new TypeError('`missing` of the source must resolve to an array of keys.');
        return { error, unavailable: false };
      }
      const gone = told.filter((key) => asked.has(key) && core.intake.none(key, lease, 'source'));
      counts.missing += gone.length;
      if (gone.length > 0) core.bus.publish('invalidated', { keys: gone, because: 'source' });
    } finally {
      table.release(lease);
    }
    if (stretch.spent && !(await stretch.yield())) return undefined;
  }
  return undefined;
}

/** A copy of what the source handed over, if it is a list. */
function listed(given: unknown): string[] | undefined {
  try {
    return Array.isArray(given) ? [...given] : undefined;
  } catch {
    return undefined;
  }
}
