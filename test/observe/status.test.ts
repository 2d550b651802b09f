import { expect, test } from 'vitest';
import { health, status, watched, watchedCache } from './watched.js';

test('state, tree, stats and source of the first cache, and of each', async () => {
  const { url } = await watched();
  const told = await status(url);

  expect(told.state).toEqual({ data: 'complete', source: 'up', warmer: 'idle' });
  expect(told.source).toEqual({
    reachable: true,
    since: 1_000,
    attempt: 0,
    nextAttemptAt: null,
    error: null,
  });
  expect(told.stats).toMatchObject({ size: 2, fresh: 7 });
  expect(told.tree).toEqual({
    id: 'root',
    type: 'supervisor',
    status: 'running',
    state: 'running',
    incarnation: 1,
    restarts: 0,
    children: [
      {
        id: 'warmer',
        name: 'sessions/warmer',
        type: 'worker',
        status: 'running',
        state: 'waiting',
        incarnation: 2,
        restarts: 1,
      },
    ],
  });
  expect(told.caches.sessions).toMatchObject({ state: told.state, source: told.source });
});

test('a source that nobody has asked is null, not false', async () => {
  const cold = watchedCache(() => ({
    ...health,
    data: 'cold',
    source: 'unknown',
    sourceHealth: { reachable: undefined, since: undefined, attempt: 0, nextAttemptAt: undefined },
  }));
  const { url } = await watched({ caches: { cold } });
  expect((await status(url)).source).toMatchObject({ reachable: null, since: null });
});

test('a cache whose report throws is a 500 that tells nothing, and the next request is answered', async () => {
  let broken = true;
  const cache = watchedCache(() => {
    if (broken) throw new Error('secret detail');
    return health;
  });
  const { url } = await watched({ caches: { cache } });
  const failed = await fetch(`${url}/status`);
  expect([failed.status, await failed.text()]).toEqual([500, '{"error":"internal"}']);
  broken = false;
  expect((await fetch(`${url}/status`)).status).toBe(200);
});

test.each([
  [{}, 'caches'],
  [{ caches: {} }, 'caches'],
  [{ caches: { a: {} } }, 'caches.a'],
  [{ caches: { runtime: watchedCache() } }, 'caches'],
  [{ caches: { a: watchedCache() }, titel: 'x' }, 'titel'],
  [{ caches: { a: watchedCache() }, history: 0 }, 'history'],
  [{ caches: { a: watchedCache() }, path: 'admin' }, 'path'],
  [{ caches: { a: watchedCache() }, heartbeat: '5 minuets' }, 'heartbeat'],
  [{ caches: { a: watchedCache() }, actions: [{ label: 'x' }] }, 'actions.0.url'],
])('options that will not do: %j names "%s"', async (options, named) => {
  const { observe } = await import('../../src/observe/index.js');
  expect(() => observe(options as never)).toThrow(
    expect.objectContaining({ code: 'HOLDFAST_OPTIONS', message: expect.stringContaining(`"${named}"`) }),
  );
});
