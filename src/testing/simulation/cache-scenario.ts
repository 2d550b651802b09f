import { keepsItsPromises } from '../invariants.js';
import { sometimes } from '../sometimes.js';
import { always, atEnd, eventually } from './checks.js';
import type { Draw } from './draw.js';
import { faults } from './fault-plan.js';
import { keys, RowsCache } from './rows-cache.js';
import { goneIsKnown, outboxDelivers, passesInTurn } from './rows-promises.js';
import { type Command, defineScenario } from './scenario.js';

/** One row in five has an expiry of its own. */
const expiry = (draw: Draw): { readonly expiresAt?: number } =>
  draw.int(0, 4) < 4 ? {} : { expiresAt: Date.now() + draw.int(1, 90_000) };

const workload = (rows: RowsCache): readonly Command<RowsCache>[] => [
  {
    name: 'read',
    weight: 3,
    run: (draw) => rows.crowd(draw.of(keys)),
  },
  {
    name: 'save',
    run: (draw) => {
      const key = draw.of(keys);
      rows.save(key, rows.fresh(key), expiry(draw)).catch(() => {});
    },
  },
  { name: 'lookup', run: (draw) => rows.lookup(draw.of(keys)) },
  {
    name: 'write',
    run: (draw) => {
      const key = draw.of(keys);
      rows.db.write(key, rows.fresh(key), expiry(draw));
    },
  },
  { name: 'erase', run: (draw) => rows.db.erase(draw.of(keys)) },
  {
    name: 'put',
    run: (draw) => {
      const key = draw.of(keys);
      const value = rows.fresh(key);
      const entry = expiry(draw);
      rows.db.write(key, value, entry);
      rows.put(key, value, entry);
    },
  },
  {
    name: 'put unsaved',
    run: (draw) => {
      const key = draw.of(keys);
      rows.put(key, rows.fresh(key), expiry(draw));
    },
  },
  { name: 'invalidate', run: (draw) => rows.invalidate(draw.of(keys)) },
  { name: 'revoke', run: (draw) => rows.revoke(draw.of(keys)) },
  {
    name: 'remove',
    run: (draw) => {
      rows.remove(draw.of(keys)).catch(() => {});
    },
  },
  { name: 'clear', run: () => rows.clear() },
  {
    name: 'warm',
    weight: 0.5,
    run: () => {
      rows.warm().catch(() => {});
    },
  },
  { name: 'have a load ask for its own key', weight: 0.5, run: (draw) => rows.callers.nest(draw.of(keys)) },
];

const told = {
  stale: ['restored', 'source-unreachable', 'ttl'],
  absent: ['source', 'removed', 'pass'],
  unknown: ['quarantined', 'cold', 'source-unreachable', 'not-loaded'],
} as const;

/**
 * Holdfast's own cache tree, under every failure that there is: what it told is judged by the promises of a cache, and after the last
 * failure it must tell what the database holds.
 *
 * @example
 * ```ts
 * simTest(cacheScenario.name, cacheScenario, { runs: 300 });
 * ```
 */
export const cacheScenario = defineScenario<RowsCache>('a cache keeps its promises', {
  setup: (w) => new RowsCache(w),
  workload,
  horizon: '30s',
  faults: faults.any<RowsCache>({
    source: [
      'up',
      'unreachable',
      'slow',
      'hang',
      'throws',
      'partial',
      'flap',
      'lies',
      'locked',
      'readonly',
      'nonsense',
    ],
    corrupt: keys,
    crashes: ['rows/cache', 'rows/snapshotter', 'rows/warmer', 'rows/janitor'],
    supervisors: true,
    clock: true,
    bus: true,
    reboot: true,
    points: [
      'cache.answered',
      'warmer.page',
      'warmer.complete',
      'janitor.evicted',
      'janitor.swept',
      'snapshotter.page',
      'snapshotter.written',
    ],
    longest: '15s',
  }),
  checks: [
    always('no actor crashes by itself', ({ unexpected: [first] }) => {
      if (first !== undefined) throw first;
    }),
    always('who waits for a load is told what came of it', ({ callers: { broken } }) => {
      if (broken.length > 0) throw new Error(broken[0]);
    }),
    always(
      'what is remembered to be absent is bounded',
      ({ cache, mostNegative }) =>
        mostNegative === Number.POSITIVE_INFINITY || cache.stats().negatives <= mostNegative,
    ),
    eventually('the cache answers what the database holds', '90s', (rows) => {
      if (!rows.agrees()) throw new Error(rows.explain());
    }),
    eventually('what is over leaves memory, though the database is away', '3m', (rows) => rows.emptied),
    eventually('half a minute goes by', '5m', (rows) => rows.rested),
    atEnd('the cache still answers what the database holds', (rows) => {
      if (!rows.agrees()) throw new Error(rows.explain());
    }),
    atEnd('everybody goes on with their work', (rows) => {
      const idle = rows.idle();
      if (idle.length > 0) throw new Error(`No ${idle.join(', ')} any more.`);
    }),
    atEnd('every read is answered', ({ callers }) => callers.longest < 10_000),
    atEnd('passes come in turn', ({ db }) => passesInTurn(db.history.all)),
    atEnd('what waited in the outbox has reached the database', ({ db }) => outboxDelivers(db.history.all)),
    atEnd('what is gone is known to be gone', ({ db, terms }) => goneIsKnown(db.history.all, terms)),
    atEnd('a cache keeps its promises', ({ db, terms }) => keepsItsPromises(db.history.all, terms)),
    sometimes(
      'what others write is told at once',
      ({ cache }) => cache.health().listener?.subscribed === true,
    ),
    sometimes('it is told no more', ({ cache }) => cache.health().listener?.lostSince !== undefined),
    ...Object.entries(told).flatMap(([status, causes]) =>
      causes.map((because) =>
        sometimes<RowsCache>(`${status}: ${because}`, ({ answers }) => answers.has(`${status}: ${because}`)),
      ),
    ),
  ],
  teardown: (rows) => rows.end(),
});
