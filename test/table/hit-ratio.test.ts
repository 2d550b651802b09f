import { LRUCache } from 'lru-cache';
import { describe, expect, it } from 'vitest';
import { hitRatio, lruOf, tableOf } from './replay.js';
import { loopTrace, scannedTrace, zipfTrace } from './traces.js';

const room = 1000;

describe('hits, counted', () => {
  it('a scan pushes out less of what is asked for often than it does under least-recently-used', () => {
    const trace = () => scannedTrace(100_000, 10_000, room, 2 * room);
    const own = hitRatio(trace(), tableOf(room));
    const lru = hitRatio(trace(), lruOf(new LRUCache({ max: room })));
    expect(own).toBeGreaterThan(1.2 * lru);
  });

  it('of a few keys that are asked for often it holds more', () => {
    const own = hitRatio(zipfTrace(100_000, 10_000), tableOf(room));
    const lru = hitRatio(zipfTrace(100_000, 10_000), lruOf(new LRUCache({ max: room })));
    expect(own).toBeGreaterThan(1.05 * lru);
  });

  it('round and round over a little more than there is room for, it does not lose all', () => {
    const trace = () => loopTrace(100_000, room + room / 10);
    expect(hitRatio(trace(), lruOf(new LRUCache({ max: room })))).toBe(0);
    expect(hitRatio(trace(), tableOf(room))).toBeGreaterThan(0.5);
  });
});
