import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { defineCache, ThrottledError } from 'holdfast';
import { expect, it } from 'vitest';

// Half a million refusals: it is not their stacks that are looked at.
Error.stackTraceLimit = 0;
setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Bytes in use. */
function used(): number {
  gc();
  return process.memoryUsage().heapUsed;
}

const each = 500_000;
const sessions = Array.from({ length: 1_000 }, (_, n) => `session-${n}`.padEnd(36, '-'));
/** One in ten is a token, as far as anybody can see; no two are the same. */
const guesses = (n: number): string => `${n}`.padEnd(n % 10 === 0 ? 36 : 30, 'x');

it('1,000,000 guesses, of one client and of 100,000: neither memory nor the source nor a session pays', {
  timeout: 600_000,
}, async () => {
  let loads = 0;
  await using cache = defineCache<string>({
    name: 'sessions',
    source: async () => {
      loads++;
      return undefined;
    },
    key: (key) => key.length === 36,
    maxEntries: sessions.length,
    maxNegative: 5_000,
    // Nobody waits: there are no clocks to move here.
    throttle: { delay: 0, maxDelay: 0, resetAfter: '30d' },
  });
  await cache.start();
  for (const token of sessions) cache.put(token, token, { ttl: '30d' });

  const one = { client: '203.0.113.7' };
  const outcomes = { absent: 0, refused: 0 };
  let before = 0;
  for (let n = 0; n < each; n++) {
    if (n === each / 5) before = used();
    try {
      const { status } = await cache.read(guesses(n), one);
      if (status === 'absent') outcomes.absent++;
    } catch (error) {
      if (!(error instanceof ThrottledError)) throw error;
      outcomes.refused++;
    }
    if (n % 500 === 0) {
      expect(await cache.read(sessions[(n / 500) % 1_000] as string, one)).toMatchObject({ status: 'fresh' });
    }
  }
  expect(outcomes).toEqual({ absent: 100, refused: each - 100 });
  expect(loads).toBe(10);
  expect(used() - before).toBeLessThan(4_000_000);
  expect(cache.health().throttle).toEqual({ clients: 1, guessing: 1, waiting: 0 });

  // Each of them within his allowance, so that nobody is refused: the book is full all the same.
  for (let n = 0; n < each; n++) {
    if (n === each / 5) before = used();
    const client = `10.${(n >> 16) % 2}.${(n >> 8) & 255}.${n & 255}`;
    const { status } = await cache.read(guesses(n + each), { client });
    if (status !== 'absent') throw new Error(`A guess was ${status}.`);
  }
  expect(used() - before).toBeLessThan(4_000_000);
  expect(cache.stats().negatives).toBe(5_000);
  // The one above its allowance is not forgotten among them.
  expect(cache.health().throttle).toEqual({ clients: 10_000, guessing: 1, waiting: 0 });
  await expect(cache.read(guesses(1), one)).resolves.toMatchObject({ status: 'absent' });
  await expect(cache.read(guesses(each * 3), one)).rejects.toBeInstanceOf(ThrottledError);

  for (const token of sessions) expect(cache.lookup(token)).toMatchObject({ status: 'fresh' });
  expect(cache.stats()).toMatchObject({ size: sessions.length, evictedCapacity: 0 });
});
