/** What a sweep costs by itself: the loop meanwhile is the suite `million`'s. */
import { type Cache, defineCache } from 'holdfast';
import { type Session, session, tokens } from '../harness/sessions.js';
import type { Bench } from '../harness/suite.js';
import { timed } from '../harness/thread-time.js';

const day = 86_400_000;
const idleSweeps = 100;

async function filled(
  keys: readonly string[],
  values: readonly Session[],
  expires: (nth: number) => number,
): Promise<Cache<Session>> {
  const cache = await defineCache<Session>({
    name: 'bench',
    source: async () => undefined,
    ttl: '1h',
    staleFor: '1h',
    sweep: { every: '1h' },
  }).start();
  keys.forEach((key, nth) => {
    cache.put(key, values[nth] as Session, { expiresAt: expires(nth) });
  });
  return cache;
}

export async function sweeping(bench: Bench, count: number): Promise<void> {
  const many = count.toLocaleString('en');
  const [half, none] = [`sweep of ${many}, half expired`, `sweep of ${many}, none expired`];
  if (!bench.wants(half) && !bench.wants(none)) return;
  const keys = tokens(count);
  const values = keys.map((_, nth) => session(nth));
  const now = Date.now();
  const cpu: number[] = [];
  const idle: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const cache = await filled(keys, values, (nth) => (nth % 2 === 0 ? now - 1 : now + day));
    let expired = 0;
    const sweep = await timed(async () => {
      ({ expired } = await cache.sweep());
    });
    if (expired !== Math.ceil(count / 2)) throw new Error(`The sweep found ${expired} of ${count} expired.`);
    // Many at once: the kernel counts a thread's time by ticks that are longer than one of them.
    const sweeps = await timed(async () => {
      for (let left = idleSweeps; left > 0; left -= 1) await cache.sweep();
    });
    idle.push(sweeps.cpu / idleSweeps);
    await cache.stop();
    // The first round is what warms up.
    if (round > 0) cpu.push(sweep.cpu);
  }
  bench.record(half, 'ms CPU', { holdfast: middle(cpu) }, [{ is: 'at most', value: 300 }]);
  bench.record(none, 'ms CPU', { holdfast: middle(idle) }, [{ is: 'at most', value: 1 }]);
}

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number;
