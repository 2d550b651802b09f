import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { fill, tokensIn, withDatabase } from './rows.js';
import { place } from './service.js';

test('log in, look, log out: in the database, and seen by the very next request', async () => {
  const { start, database } = place();
  fill(database, 5);
  const service = await start();
  const before = Date.now();
  const response = await service.post('/sessions', { userId: 'ada' });
  const created = (await response.json()) as { token: string; expiresAt: number };
  expect([response.status, Object.keys(created).sort()]).toEqual([201, ['expiresAt', 'token']]);
  expect(created.expiresAt).toBeGreaterThan(before);
  const row = () =>
    withDatabase(database, (open) =>
      open.prepare('SELECT * FROM sessions WHERE token = ?').get(created.token),
    );
  expect(row()).toMatchObject({ user_id: 'ada', expires_at: created.expiresAt, revoked_at: null });

  const me = await service.me(created.token);
  expect(me).toEqual({
    code: 200,
    retryAfter: null,
    userId: 'ada',
    expiresAt: created.expiresAt,
    freshness: { status: 'fresh', age: expect.any(Number) },
  });
  expect(await service.logout(created.token)).toBe(204);
  expect(await service.me(created.token)).toEqual({ code: 401, retryAfter: null, error: 'no-such-session' });
  expect(row()).toMatchObject({ revoked_at: expect.any(Number) });
  expect(await service.logout(created.token)).toBe(204);
});

test('what is no session is a 401 and never reaches the database; what is no request is a 400', async () => {
  const { start, database } = place();
  fill(database, 5);
  const service = await start();
  await service.warm();
  const { loads } = (await service.status()).stats;
  for (const token of ['', 'nonsense', `${randomUUID()}x`, "' OR 1=1", '__proto__']) {
    expect((await service.me(token)).code).toBe(401);
  }
  expect((await service.get('/me')).status).toBe(401);
  expect((await service.status()).stats.loads).toBe(loads);
  expect(await service.logout('nonsense')).toBe(204);

  for (const body of [{}, { userId: '' }, { userId: 'a', admin: true }, { userId: 'x'.repeat(201) }, []]) {
    expect((await service.post('/sessions', body)).status).toBe(400);
  }
  expect((await service.get('/nowhere')).status).toBe(404);
  for (const body of [{}, { crash: 'root' }, { database: 'gone' }, { crash: 'cache', database: 'up' }]) {
    expect((await service.chaos(body)).code).toBe(400);
  }
});

test('chaos is for this machine only, and only where it is wanted', async () => {
  const { start, database } = place();
  fill(database, 5);
  const service = await start();
  const asked = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asking = request(`${service.url}/chaos`, {
        method: 'POST',
        headers: { host, 'content-type': 'application/json' },
      });
      asking.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      asking.end('{"crash":"warmer"}');
    });
  expect(await asked('evil.example:80')).toBe(403); // a name that was made to point here
  expect(await asked('localhost:80')).toBe(200);
  const plain = { method: 'POST', body: '{"crash":"warmer"}' };
  expect((await service.get('/chaos', plain)).status).toBe(400); // what a form elsewhere can send
  await service.kill('SIGKILL');

  const tame = await start({ CHAOS: '0' });
  expect((await tame.chaos({ crash: 'cache' })).code).toBe(404);
  expect(await (await tame.get('/')).text()).not.toContain('"group":"Crash"');
  const [token = ''] = tokensIn(database);
  expect(await tame.me(token)).toMatchObject({ code: 200 });
});
