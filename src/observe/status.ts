import type { CacheHealth, CacheStats } from '../../actors/cache/report.js';
import { wallNow } from '../runtime/time.js';
import type { ObservedCache, ObservedNode, ObservedRuntime } from './observed.js';
import { type Plain, plain } from './plain.js';

/** The source of a cache, as `/status` tells it. Times in wall-clock ms since the epoch. */
export interface SourceStatus {
  /** `null`: nobody has asked it yet. */
  readonly reachable: boolean | null;
  readonly since: number | null;
  readonly attempt: number;
  readonly nextAttemptAt: number | null;
  readonly error: string | null;
}

export interface CacheStatus {
  readonly state: Pick<CacheHealth, 'data' | 'source' | 'warmer'>;
  readonly stats: CacheStats;
  readonly source: SourceStatus;
  readonly health: Pick<
    CacheHealth,
    'ready' | 'degraded' | 'listener' | 'lastPass' | 'lastSweep' | 'lastSnapshot' | 'outbox'
  >;
}

/** What `/status` answers. `state`, `stats`, `source` and `health` are the first cache's; `caches` has them all. */
export interface Status extends CacheStatus {
  readonly tree: Plain;
  readonly caches: { readonly [name: string]: CacheStatus };
  /** The server's clock, so that a reader can tell how long ago the times are. */
  readonly now: number;
  /** Differs after every start of the process. */
  readonly boot: string;
  readonly streams: { readonly open: number; readonly dropped: number };
}

function cacheStatus(cache: ObservedCache): CacheStatus {
  const { data, source, warmer, sourceHealth, ready, degraded, ...health } = cache.health();
  const { reachable, since, attempt, nextAttemptAt, error } = sourceHealth;
  return {
    state: { data, source, warmer },
    stats: cache.stats(),
    source: {
      reachable: reachable ?? null,
      since: since ?? null,
      attempt,
      nextAttemptAt: nextAttemptAt ?? null,
      error: error ?? null,
    },
    health: {
      ready,
      degraded,
      ...(health.listener && { listener: health.listener }),
      ...(health.lastPass && { lastPass: health.lastPass }),
      ...(health.lastSweep && { lastSweep: health.lastSweep }),
      ...(health.lastSnapshot && { lastSnapshot: health.lastSnapshot }),
      ...(health.outbox && { outbox: health.outbox }),
    },
  };
}

export function status(
  caches: ReadonlyMap<string, ObservedCache>,
  runtime: ObservedRuntime | undefined,
  rest: Pick<Status, 'boot' | 'streams'>,
): Status {
  const all = [...caches].map(([name, cache]) => [name, cacheStatus(cache)] as const);
  const [first] = all;
  if (first === undefined) throw new RangeError('No cache is observed.'); // the options do not let it come to this
  return {
    ...first[1],
    tree: runtime === undefined ? null : treeStatus(runtime.tree()),
    caches: Object.fromEntries(all),
    now: wallNow(),
    ...rest,
  };
}

/** Built by hand, not by `plain`: a tree may be deeper and wider than what an event may carry. */
function treeStatus(node: ObservedNode): Plain {
  return {
    id: node.id,
    ...(node.name === undefined ? {} : { name: node.name }),
    type: node.type,
    status: node.status,
    state: plain(node.state ?? null),
    incarnation: node.incarnation,
    restarts: node.restarts,
    ...(node.children === undefined ? {} : { children: node.children.map(treeStatus) }),
  };
}
