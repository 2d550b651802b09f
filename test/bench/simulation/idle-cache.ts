import { type Cache, type Duration, defineCache } from 'holdfast';
import { always, defineScenario, eventually, type NamedScenario, simulatedSource } from 'holdfast/testing';

/**
 * Ten rows, a cache over them that is asked nothing, and a pass over the source every so often. All else is as it is by default; with a
 * `snapshot` it is kept on a disk, too.
 */
export const idleCache = (
  every: Duration,
  horizon: Duration,
  { snapshot = false } = {},
): NamedScenario<Cache<string>> =>
  defineScenario(`an idle cache${snapshot ? ' with a snapshot' : ''} that is refreshed every ${every}`, {
    setup: async (w) => {
      const rows = Object.fromEntries(Array.from({ length: 10 }, (_, nth) => [`key-${nth}`, `value ${nth}`]));
      const source = simulatedSource({ rows });
      const cache = defineCache({
        name: 'rows',
        source,
        warm: { every },
        ...(snapshot && { snapshot: { store: w.snapshotStore() } }),
      });
      return await cache.start();
    },
    horizon,
    checks: [
      always('the cache answers', (cache) => cache.state.warmer !== 'backoff'),
      eventually('everything is there', '1s', (cache) => cache.size === 10),
    ],
  });
