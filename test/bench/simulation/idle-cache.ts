import { type Cache, type Duration, defineCache } from 'holdfast';
import { always, defineScenario, eventually, type NamedScenario, simulatedSource } from 'holdfast/testing';

/** Ten rows, a cache over them that is asked nothing, and a pass over the source every so often, for an hour or for ten. */
export const idleCache = (every: Duration, horizon: Duration): NamedScenario<Cache<string>> =>
  defineScenario(`an idle cache that is refreshed every ${every}`, {
    setup: async (w) => {
      const rows = Object.fromEntries(Array.from({ length: 10 }, (_, nth) => [`key-${nth}`, `value ${nth}`]));
      const source = simulatedSource({ rows });
      const cache = defineCache({
        name: 'rows',
        source,
        warm: { every },
        snapshot: { store: w.snapshotStore() },
      });
      return await cache.start();
    },
    horizon,
    checks: [
      always('the cache answers', (cache) => cache.state.warmer !== 'backoff'),
      eventually('everything is there', '1s', (cache) => cache.size === 10),
    ],
  });
