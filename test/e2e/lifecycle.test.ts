import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { follow } from '../observe/watched.js';
import { fill, tokensIn } from './rows.js';
import { place, soon } from './service.js';

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s: not ready at once, the request under way is answered, streams end, a snapshot is written, exit code 0 within 5 s',
  async (signal) => {
    const { start, database } = place();
    fill(database, 300);
    const [token = ''] = tokensIn(database);
    // No snapshot but the last one.
    let service = await start({ SNAPSHOT_EVERY: '1h' });
    await service.warm();
    const stream = await follow(`${service.url}/events`);
    await service.chaos({ database: 'slow' });
    const underWay = service.post('/sessions', { userId: 'late' });

    service.child.kill(signal);
    await vi.waitFor(async () => {
      const ready = await service.get('/readyz');
      expect([ready.status, await ready.json()]).toEqual([503, { status: 'stopping' }]);
    }, soon);
    expect((await underWay).status).toBe(201);
    while ((await stream.next()) !== undefined);
    // Beyond 5 s the code would be 1: `runMain` is given that `timeout`.
    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(service.output()).toContain('Stopping');

    service = await start({ SESSIONS_DB: `${database}.nowhere` });
    expect(await service.me(token)).toMatchObject({ code: 200, freshness: { because: 'restored' } });
  },
);

test('a second signal exits at once', async () => {
  const { start, database } = place();
  fill(database, 10);
  const service = await start();
  await service.chaos({ database: 'slow' });
  const underWay = service.post('/sessions', { userId: 'late' }).catch(() => 'cut off');
  service.child.kill('SIGTERM');
  await service.printed(/Stopping/);
  service.child.kill('SIGTERM');
  const { code, signal } = await service.exited;
  expect(code === null ? signal : code).not.toBe(0);
  expect(await underWay).toBe('cut off');
});

test('a port that is taken: one clear line, exit code 1', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const port = String((other.address() as AddressInfo).port);
  const { run, database } = place();
  fill(database, 10);
  const service = run({ PORT: port });
  expect(await service.exited).toEqual({ code: 1, signal: null });
  expect(service.output()).toContain(`Port ${port} of 127.0.0.1 is taken`);
  expect(service.output()).not.toMatch(/^ +at /m);
});

test.each([
  [{ WARM_EVERY: '5 minuets' }, /WARM_EVERY must be .*Given: '5 minuets'/],
  [{ PORT: '70000' }, /PORT must be a port.*Given: '70000'|PORT must be a port/],
  [{ CHAOS: 'yes' }, /CHAOS must be 0 or 1.*Given: 'yes'/],
  [{ LOG_LEVEL: 'loud' }, /LOG_LEVEL must be one of/],
  [{ BACKOFF_MIN: '5s', BACKOFF_MAX: '1s' }, /BACKOFF|backoff/],
])('an environment that will not do: %j', async (environment, message) => {
  const { run, files } = place();
  const service = run(environment);
  expect(await service.exited).toEqual({ code: 1, signal: null });
  expect(service.output()).toMatch(message);
  expect(service.output()).not.toMatch(/^ +at /m);
  expect(files()).toEqual([]);
});

test('two processes and one snapshot file: the second is told, and the first goes on', async () => {
  const { start, run, database } = place();
  fill(database, 10);
  const [token = ''] = tokensIn(database);
  const first = await start();
  const second = run();
  expect(await second.exited).toEqual({ code: 1, signal: null });
  expect(second.output()).toContain('sessions.snapshot');
  expect(await first.me(token)).toMatchObject({ code: 200 });
});

test('the default database is made and filled; one that was named is not', async () => {
  const { start, run, files } = place();
  const named = await start();
  await named.kill('SIGKILL');
  expect(files()).not.toContain('sessions.db');

  const service = await start({ SESSIONS_DB: '' });
  await vi.waitFor(async () => expect((await service.status()).stats.size).toBe(10_000), soon);
  const [, token = ''] = /authorization: Bearer ([0-9a-f-]{36})'/.exec(service.output()) ?? [];
  expect(await service.me(token)).toMatchObject({ code: 200 });
  expect(await service.chaos({ database: 'down' })).toMatchObject({ code: 200 });
  expect((await service.kill('SIGTERM')).code).toBe(0);

  // It was pulled away, and so it stays: a restart does not make another in its place.
  const again = run({ SESSIONS_DB: '' });
  await again.printed(/database is away/);
});
