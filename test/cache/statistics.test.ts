import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, it, onTestFinished } from 'vitest';
import { scene } from './build.js';

const rows = { a: 'A', b: 'B' };

/** Listens to channels until the test is over. */
function heard(...channels: readonly string[]): { readonly channel: string; readonly message: unknown }[] {
  const messages: { channel: string; message: unknown }[] = [];
  const listener = (message: unknown, channel: string | symbol) =>
    void messages.push({ channel: String(channel), message });
  for (const channel of channels) {
    subscribe(`holdfast:cache:${channel}`, listener);
    onTestFinished(() => void unsubscribe(`holdfast:cache:${channel}`, listener));
  }
  return messages;
}

describe('stats', () => {
  it(
    'tell how long loads took, ms; the hung one by its timeout, the aborted one not at all',
    scene({ rows, has: [], leaves: true }, async ({ db, boot }) => {
      const { cache } = await boot();
      expect(cache.stats().loadLatency).toBeUndefined();
      db.become({ mode: 'slow', ms: 100 });
      await cache.read('a');
      db.become({ mode: 'hang' });
      await cache.read('x');
      const aborted = cache.read('b');
      cache.put('b', 'B');
      await aborted;
      const { loadLatency } = cache.stats();
      expect(loadLatency).toMatchObject({ count: 2 });
      expect(loadLatency?.min).toBeGreaterThanOrEqual(99);
      expect(loadLatency?.min).toBeLessThanOrEqual(101);
      expect(loadLatency?.max).toBeGreaterThanOrEqual(1_980);
      expect(loadLatency?.p99).toBeLessThanOrEqual(2_020);
    }),
  );

  it(
    'tell the last pass and the last sweep, and why entries left',
    scene({ rows, has: ['scan'] }, async ({ w, db, boot }) => {
      const { cache } = await boot({ ttl: '10s', staleFor: '10s', maxEntries: 3, warm: { every: '1h' } });
      await cache.warmed();
      expect(cache.stats().lastPass).toEqual({
        rows: 2,
        removed: 0,
        quarantined: 0,
        took: expect.any(Number),
        at: expect.any(Number),
      });
      cache.put('e', 'E', { expiresAt: Date.now() + 5_000 });
      await w.advance('19s');
      cache.put('c', 'C');
      cache.put('d', 'D');
      await w.advance('1s');
      cache.revoke(['c']);
      cache.invalidate('d');
      db.become({ mode: 'unreachable' });
      const swept = await cache.sweep();
      const stats = cache.stats();
      expect(stats.lastSweep).toEqual({ ...swept, at: expect.any(Number) });
      expect(stats.evictions).toMatchObject({ invalidated: 1, revoked: 1, expired: expect.any(Number) });
      const { expired, aged, capacity, invalidated, revoked } = stats.evictions;
      expect(expired + aged).toBe(stats.evictedExpired);
      expect(capacity).toBe(stats.evictedCapacity);
      expect(invalidated + revoked).toBe(stats.invalidated);
      expect(expired + aged + capacity).toBeGreaterThanOrEqual(3);
      expect(stats.throttled).toBe(0);
    }),
  );
});

describe('node:diagnostics_channel', () => {
  it(
    'carries every answer, of the key nothing; each load; and what the bus tells',
    scene({ rows, has: [] }, async ({ db, boot }) => {
      const messages = heard('answer', 'load', 'invalidated', 'refresh.failed');
      const { cache } = await boot();
      cache.lookup('a');
      expect(await cache.fetch('a')).toBe('A');
      expect(cache.get('a')).toBe('A');
      cache.get('x');
      cache.invalidate('a');
      db.become({ mode: 'throws', what: 'Error' });
      await cache.read('a').catch(() => {});
      const answer = (message: object) => ({
        channel: 'holdfast:cache:answer',
        message: { cache: 'test', ...message },
      });
      expect(messages).toEqual([
        answer({ status: 'unknown', because: 'not-loaded' }),
        {
          channel: 'holdfast:cache:load',
          message: { cache: 'test', keys: 1, took: expect.any(Number), outcome: 'answered' },
        },
        answer({ status: 'fresh' }),
        answer({ status: 'fresh' }),
        answer({ status: 'unknown', because: 'not-loaded' }),
        {
          channel: 'holdfast:cache:invalidated',
          message: { cache: 'test', type: 'invalidated', keys: ['a'], because: 'invalidate' },
        },
        {
          channel: 'holdfast:cache:load',
          message: {
            cache: 'test',
            keys: 1,
            took: expect.any(Number),
            outcome: 'failed',
            error: expect.any(Error),
          },
        },
      ]);
    }),
  );
});
