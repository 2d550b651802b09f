import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { CacheHealth, CacheStats } from '../../actors/cache/report.js';
import { type Bus, createBus } from '../../src/bus/bus.js';
import type { CacheEvents } from '../../src/bus/cache-events.js';
import {
  type ObservedCache,
  type ObserveOptions,
  type Observer,
  observe,
  type Status,
} from '../../src/observe/index.js';
import type { RuntimeEvents } from '../../src/runtime/runtime-events.js';

const stats: CacheStats = {
  size: 2,
  weight: 0,
  negatives: 0,
  tombstones: 0,
  quarantined: 0,
  fresh: 7,
  stale: 0,
  absent: 1,
  unknown: 0,
  loads: 3,
  loadErrors: 0,
  loadTimeouts: 0,
  batches: 0,
  refreshes: 0,
  refreshErrors: 0,
  joined: 0,
  abandoned: 0,
  inFlight: 0,
  refused: 0,
  passes: 1,
  passesFailed: 0,
  sweeps: 0,
  evictedExpired: 0,
  evictedCapacity: 0,
  invalidated: 0,
  evictions: { expired: 0, aged: 0, capacity: 0, invalidated: 0, revoked: 0 },
  snapshots: 0,
  snapshotSkipped: 0,
  slowed: 0,
  throttled: 0,
  rebuilds: 0,
  outboxWaiting: 0,
  outboxDelivered: 0,
  outboxFailed: 0,
  outboxLost: 0,
  touches: 0,
  touchesFailed: 0,
  touchesDropped: 0,
};

export const health: CacheHealth = {
  data: 'complete',
  source: 'up',
  warmer: 'idle',
  ready: true,
  degraded: false,
  sourceHealth: { reachable: true, since: 1_000, attempt: 0, nextAttemptAt: undefined },
};

/** What can be watched, without what does the work: a cache's report and its bus. */
export function watchedCache(report: () => CacheHealth = () => health) {
  const bus = createBus<CacheEvents>();
  return { bus, health: report, stats: () => stats } satisfies ObservedCache;
}

/** Listens on a free port until the test is over. */
export async function listening(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** An observer behind `node:http`, with the buses that it listens to. */
export async function watched(options: Partial<ObserveOptions> = {}) {
  const cache = watchedCache();
  const runtimeBus: Bus<RuntimeEvents> = createBus<RuntimeEvents>();
  const worker = {
    type: 'worker',
    status: 'running',
    state: 'waiting',
    incarnation: 2,
    restarts: 1,
  } as const;
  const runtime = {
    bus: runtimeBus,
    tree: () => ({
      id: 'root',
      type: 'supervisor' as const,
      status: 'running',
      state: 'running',
      incarnation: 1,
      restarts: 0,
      children: [{ id: 'warmer', name: 'sessions/warmer', ...worker }],
    }),
  };
  const observer: Observer = observe({ caches: { sessions: cache }, runtime, ...options });
  onTestFinished(() => observer.close());
  return { ...(await listening(observer)), observer, cache, runtimeBus };
}

export const status = async (url: string): Promise<Status> =>
  (await fetch(`${url}/status`)).json() as Promise<Status>;

export interface Told {
  readonly id?: string;
  readonly event?: string;
  readonly comment?: string;
  readonly data?: Record<string, unknown>;
}

/** Reads a stream of server-sent events, block by block. */
export async function follow(url: string, headers: Record<string, string> = {}) {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  const response = await fetch(url, { headers, signal: abort.signal });
  const blocks = parsed(response.body as AsyncIterable<Uint8Array>);
  return {
    response,
    leave: () => abort.abort(),
    /** The next block that is no comment; undefined at the stream's end. */
    async next(comments = false): Promise<Told | undefined> {
      for (;;) {
        const { value, done } = await blocks.next();
        if (done) return undefined;
        if (comments ? value.comment !== undefined : value.data !== undefined) return value;
      }
    },
  };
}

async function* parsed(body: AsyncIterable<Uint8Array>): AsyncGenerator<Told, undefined> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) yield parse(block);
  }
  return undefined;
}

function parse(block: string): Told {
  const fields: Record<string, string> = {};
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':');
    fields[line.slice(0, colon) || 'comment'] = line.slice(colon + 1).trimStart();
  }
  const { data, ...rest } = fields;
  return { ...rest, ...(data === undefined ? {} : { data: JSON.parse(data) }) };
}
