import type { CacheCore } from './core.js';
import type { Listening } from './listening.js';
import type { CacheHealth, CacheState, CacheStats, ListenerHealth } from './report.js';

/** What is in memory, whether the source is there, and what the warmer does. */
export function stateOf<V>(core: CacheCore<V>): CacheState {
  return { data: dataOf(core), source: core.link.outage.status, warmer: core.passes.activity };
}

function dataOf<V>({ passes, restored }: CacheCore<V>): CacheState['data'] {
  if (passes.complete) return 'complete';
  if (restored) return 'restored';
  return passes.anyRow || !passes.possible ? 'partial' : 'cold';
}

export function healthOf<V>(core: CacheCore<V>): CacheHealth {
  const state = stateOf(core);
  const { outage } = core.link;
  const { last } = core.passes;
  const { ledger, lastSweep, listening, throttle } = core;
  return {
    ...state,
    degraded:
      state.source === 'down' ||
      last?.ok === false ||
      ledger?.last?.ok === false ||
      (ledger?.outbox.report().apart ?? 0) > 0 ||
      (listening.possible && !listening.subscribed && !listening.pending),
    ready: core.running && state.data !== 'cold' && (state.data !== 'restored' || core.table.size > 0),
    sourceHealth: {
      reachable: outage.status === 'unknown' ? undefined : outage.status === 'up',
      since: outage.since,
      attempt: outage.attempt,
      nextAttemptAt: outage.nextAttemptAt,
      ...(outage.error !== undefined && { error: told(outage.error) }),
    },
    ...(listening.possible && { listener: listenerOf(listening) }),
    ...(last && { lastPass: attempt(last) }),
    ...(lastSweep && {
      lastSweep: {
        at: lastSweep.at,
        ...(lastSweep.error !== undefined && { error: told(lastSweep.error) }),
      },
    }),
    ...(ledger?.last && { lastSnapshot: attempt(ledger.last) }),
    ...(throttle && { throttle: throttle.health }),
    ...(ledger && { outbox: ledger.outbox.report() }),
  };
}

function listenerOf({ subscribed, since, error }: Listening): ListenerHealth {
  return {
    subscribed,
    ...(since !== undefined && (subscribed ? { since } : { lostSince: since })),
    ...(error !== undefined && { error: told(error) }),
  };
}

export function statsOf<V>(core: CacheCore<V>): CacheStats {
  const { evictedAged, revoked, ...counters } = core.counters;
  const { evictedExpired, evictedCapacity, invalidated } = counters;
  const { lastSweep } = core;
  const { lastReport } = core.passes;
  const loadLatency = core.latency?.read();
  return {
    ...counters,
    evictions: {
      expired: evictedExpired - evictedAged,
      aged: evictedAged,
      capacity: evictedCapacity,
      invalidated: invalidated - revoked,
      revoked,
    },
    ...(loadLatency && { loadLatency }),
    ...(lastReport && { lastPass: { ...lastReport } }),
    ...(lastSweep && { lastSweep: { at: lastSweep.at, ...lastSweep.report } }),
    size: core.table.size,
    weight: core.table.weight,
    negatives: core.table.negatives,
    tombstones: core.table.tombstones,
    quarantined: core.quarantine.size,
    abandoned: core.link.abandoned.size,
    inFlight: core.loader.inFlight,
    outboxWaiting: core.ledger?.outbox.size ?? 0,
    outboxDelivered: core.ledger?.outbox.delivered ?? 0,
    outboxFailed: core.ledger?.outbox.failed ?? 0,
    outboxLost: core.ledger?.outbox.lost ?? 0,
    touches: core.touches.told,
    touchesFailed: core.touches.failed,
    touchesDropped: core.touches.dropped,
  };
}

const attempt = ({
  at,
  ok,
  error,
}: {
  readonly at: number;
  readonly ok: boolean;
  readonly error?: unknown;
}) => (error === undefined ? { at, ok } : { at, ok, error: told(error) });

/** An error in words. Anything at all may have been thrown. */
function told(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'an error that cannot be told';
  }
}
