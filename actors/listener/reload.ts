import { buggify } from '../../src/fault-point.js';
import type { Row, Source, SourceContext } from '../../src/sources/source.js';
import type { CacheCore } from '../cache/core.js';
import { patience } from '../cache/feed.js';
import { Stretch } from '../cache/stretch.js';

/** So many are asked for at once. */
const mostKeys = 1_000;

/** Reads again what the source told of, as long as there is anything. What cannot be read now is for a pass. */
export async function reloadNoticed<V>(core: CacheCore<V>, life: AbortSignal): Promise<void> {
  const { listening, passes, policy } = core;
  const stretch = new Stretch(life);
  let all = false;
  try {
    while (!life.aborted && listening.waiting) {
      if (!(await reload(core, listening.take(Math.min(policy.warm.batch, mostKeys)), life, stretch))) return;
    }
    all = !life.aborted;
  } finally {
    if (!all) {
      listening.forget();
      passes.demand();
    }
  }
}

/** Says whether it could. */
async function reload<V>(
  { link, table, policy, logger, intake, keys }: CacheCore<V>,
  noticed: readonly string[],
  life: AbortSignal,
  stretch: Stretch,
): Promise<boolean> {
  if (link.permission() !== 'free') return false;
  const lease = table.lease();
  try {
    const answer = await link.ask((context) => rowsOf(link.source, noticed, context), {
      signal: life,
      timeout: patience * policy.load.timeout,
      retries: policy.load.retries,
      redact: (error) => noticed.reduce((told, key) => keys.redact(told, key), error),
    });
    if (answer.type === 'aborted' || life.aborted) return false;
    if (answer.type === 'failed') {
      if (!answer.unavailable) {
        logger.error({ cache: policy.name, err: answer.error }, 'what was written could not be read again');
      }
      return false;
    }
    buggify('listener.reloaded');
    for (const key of noticed) {
      intake.answered(keys.stored(key), key, answer.value.get(key), lease);
      if (stretch.spent && !(await stretch.yield())) return false;
    }
    return true;
  } finally {
    table.release(lease);
  }
}

async function rowsOf<V>(
  source: Source<V>,
  keys: readonly string[],
  context: SourceContext,
): Promise<ReadonlyMap<string, Row<V> | undefined>> {
  if (source.loadMany !== undefined) {
    const rows: unknown = await source.loadMany(keys, context);
    if (rows instanceof Map) return rows;
    throw new TypeError('`loadMany` of the source must resolve to a Map of rows.');
  }
  const rows = new Map<string, Row<V> | undefined>();
  const left = keys.values();
  const lane = async (): Promise<void> => {
    for (const key of left) rows.set(key, await source.load(key, context));
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return rows;
}
