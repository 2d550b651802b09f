import { randomUUID } from 'node:crypto';
import { copyFileSync, renameSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { deleteIn, destroy, fill, revokeIn, tokensIn } from './rows.js';
import { actor, place, soon } from './service.js';

test('a database that comes late, goes, and comes back: nobody is logged out by it, and who was logged out stays out', async () => {
  const { start, database, folder } = place();

  // Boot without a database: up, backing off, and no unknown token is taken for a session that is not there.
  let service = await start();
  await vi.waitFor(async () => {
    const { state, source, tree } = await service.status();
    expect(state).toMatchObject({ data: 'cold', source: 'down', warmer: 'backoff' });
    expect(source).toMatchObject({
      reachable: false,
      since: expect.any(Number),
      nextAttemptAt: expect.any(Number),
    });
    expect(source.attempt).toBeGreaterThanOrEqual(1);
    expect(JSON.stringify(actor(tree, 'warmer').state)).toContain('backoff');
  }, soon);
  expect((await service.get('/livez')).status).toBe(200);
  expect((await service.get('/startupz')).status).toBe(200);
  expect((await service.get('/readyz')).status).toBe(503);
  for (let n = 0; n < 20; n++) {
    const answer = await service.me(randomUUID());
    expect(answer).toMatchObject({ code: 503, error: 'unknown', because: 'cold' });
    expect(Number(answer.retryAfter)).toBeGreaterThanOrEqual(1);
  }
  expect((await service.post('/sessions', { userId: 'ada' })).status).toBe(503);

  // It appears: warm within one backoff step, that is, with no failed pass but one that was under way.
  fill(database, 500);
  const [token = '', another = '', third = ''] = tokensIn(database);
  const { passesFailed } = (await service.status()).stats;
  await service.warm();
  expect((await service.status()).stats.passesFailed).toBeLessThanOrEqual(passesFailed + 1);
  expect((await service.get('/readyz')).status).toBe(200);
  expect(await service.me(token)).toMatchObject({
    code: 200,
    userId: 'user-1',
    freshness: { status: 'fresh' },
  });
  expect(await service.me(randomUUID())).toMatchObject({ code: 401, error: 'no-such-session' });

  // Killed, and the database with it: the snapshot answers, and says what it is.
  await service.snapshotted();
  await service.kill('SIGKILL');
  const kept = `${folder}/kept.db`;
  copyFileSync(database, kept);
  destroy(database);
  service = await start();
  for (const held of [token, another]) {
    expect(await service.me(held)).toMatchObject({
      code: 200,
      freshness: { status: 'stale', because: 'restored' },
    });
  }
  expect(await service.me(randomUUID())).toMatchObject({ code: 503, error: 'unknown' });
  const ready = await service.get('/readyz');
  expect([ready.status, await ready.json()]).toEqual([200, expect.objectContaining({ status: 'degraded' })]);

  // Back, with one session revoked and one deleted meanwhile.
  revokeIn(kept, token);
  deleteIn(kept, third);
  copyFileSync(kept, database);
  for (const gone of [token, third]) {
    await vi.waitFor(async () => expect(await service.me(gone)).toMatchObject({ code: 401 }), soon);
  }
  expect(await service.me(another)).toMatchObject({ code: 200 });
  await vi.waitFor(async () => {
    expect(await service.me(another)).toMatchObject({ freshness: { status: 'fresh' } });
    expect((await service.status()).source).toMatchObject({
      reachable: true,
      attempt: 0,
      nextAttemptAt: null,
    });
  }, soon);

  // While all is well: what another program revokes or deletes is found by a sweep.
  const [, , , revokedLater = '', deletedLater = ''] = tokensIn(database);
  revokeIn(database, revokedLater);
  deleteIn(database, deletedLater);
  await vi.waitFor(async () => expect(await service.me(revokedLater)).toMatchObject({ code: 401 }), soon);
  await vi.waitFor(async () => expect(await service.me(deletedLater)).toMatchObject({ code: 401 }), soon);
});

test('the database pulled away under a running service, made slow, and given back', async () => {
  const { start, database, files } = place();
  fill(database, 200);
  const [token = '', another = ''] = tokensIn(database);
  const service = await start({ WARM_EVERY: '200ms' });
  await service.warm();

  expect(await service.chaos({ database: 'down' })).toEqual({ code: 200, database: 'down' });
  expect(files()).not.toContain('sessions.db');
  await vi.waitFor(async () => expect((await service.status()).source.reachable).toBe(false), soon);
  expect(await service.me(token)).toMatchObject({ code: 200 });
  expect(await service.me(randomUUID())).toMatchObject({ code: 503, error: 'unknown' });
  expect(await service.logout(another)).toBe(202);
  expect(await service.me(another)).toMatchObject({ code: 401 });
  expect(await (await service.get('/readyz')).json()).toMatchObject({ status: 'degraded' });

  expect(await service.chaos({ database: 'up' })).toEqual({ code: 200, database: 'up' });
  await vi.waitFor(async () => expect((await service.status()).source.reachable).toBe(true), soon);
  await vi.waitFor(() => expect(tokensIn(database)).not.toContain(another), soon);
  expect(await service.me(another)).toMatchObject({ code: 401 });
  expect(await service.logout(token)).toBe(204);
  expect(await service.me(token)).toMatchObject({ code: 401 });

  expect(await service.chaos({ database: 'slow' })).toEqual({ code: 200, database: 'slow' });
  expect(await service.me(randomUUID())).toMatchObject({ code: 401 }); // late, and right
  expect(await service.chaos({ database: 'up' })).toEqual({ code: 200, database: 'up' });
});

test('logged out, killed, booted without the database: still logged out', async () => {
  const { start, database } = place();
  fill(database, 50);
  let service = await start();
  const token = await service.login('ada');
  expect(await service.me(token)).toMatchObject({ code: 200, userId: 'ada', freshness: { status: 'fresh' } });
  await service.snapshotted();

  expect(await service.logout(token)).toBe(204);
  await service.kill('SIGKILL'); // at once: nothing but the journal has it
  destroy(database);
  service = await start();
  expect((await service.me(token)).code).not.toBe(200);
  expect((await service.status()).stats.size).toBeGreaterThan(0);
});

test('logged out while the database is away, killed, booted without it: 401; and the row is gone when it is back', async () => {
  const { start, database, folder } = place();
  fill(database, 50);
  const [token = '', another = ''] = tokensIn(database);
  let service = await start();
  await service.warm();
  await service.snapshotted();
  const kept = `${folder}/kept.db`;
  renameSync(database, kept);
  await vi.waitFor(async () => expect((await service.status()).source.reachable).toBe(false), soon);

  expect(await service.logout(token)).toBe(202);
  await service.kill('SIGKILL'); // at once
  expect(tokensIn(kept)).toContain(token);
  service = await start();
  expect(await service.me(token)).toMatchObject({ code: 401, error: 'no-such-session' });
  expect(await service.me(another)).toMatchObject({ code: 200, freshness: { because: 'restored' } });
  expect((await service.status()).health).toMatchObject({ outbox: { waiting: 1, apart: 0 } });
  // Again, and not a second order.
  expect(await service.logout(token)).toBe(202);
  await service.kill('SIGKILL');

  renameSync(kept, database);
  service = await start();
  await vi.waitFor(() => expect(tokensIn(database)).not.toContain(token), soon);
  await vi.waitFor(
    async () => expect((await service.status()).health).toMatchObject({ outbox: { waiting: 0, apart: 0 } }),
    soon,
  );
  expect(await service.me(token)).toMatchObject({ code: 401 });
  expect(await service.me(another)).toMatchObject({ code: 200 });
});
