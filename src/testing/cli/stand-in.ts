import { defineCache } from '../../define-cache.js';
import { eventually } from '../simulation/checks.js';
import { faults } from '../simulation/fault-plan.js';
import { defineScenario } from '../simulation/scenario.js';
import { simulatedSource } from '../simulation/simulated-source.js';

type Context = { readonly cache: ReturnType<typeof defineCache<string>> };

/** Holdfast's own cache. */
export const cacheScenario = defineScenario('the cache', {
  setup: async () => {
    const db = simulatedSource({ rows: { ada: 'admin', bob: 'user' } });
    const cache = defineCache({ name: 'sessions', source: db, ttl: '1m' });
    await cache.start();
    return { db, cache };
  },
  workload: ({ cache }) => [{ name: 'read', run: (draw) => cache.lookup(draw.of(['ada', 'bob'])) }],
  faults: faults.any<Context>({ source: true, crashes: ['sessions/cache', 'sessions/warmer'] }),
  horizon: '1m',
  checks: [eventually<Context>('complete', '5m', ({ cache }) => cache.state.data === 'complete')],
});
