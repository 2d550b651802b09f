import { rmSync } from 'node:fs';
import type { SessionData } from 'express-session';
import fastify, { type FastifyInstance } from 'fastify';
import { expect, onTestFinished, test, vi } from 'vitest';
import { sessions } from '../../docs/examples/fastify-sessions/sessions.js';
import { sessionTable, type Table } from './shop.js';

type Session = SessionData & { destroy(): Promise<void> };

async function appOver(table: Table): Promise<FastifyInstance> {
  const app = fastify();
  await app.register(sessions, {
    secret: 'a secret of thirty-two characters or more',
    secure: false,
    cache: {
      source: table.source,
      snapshot: { file: `${table.folder}/snapshot`, every: '20ms' },
      warm: { backoff: { min: '10ms', max: '20ms' } },
      load: { retries: 0 },
    },
  });
  const sessionOf = (request: object): Session => (request as { session: Session }).session;
  app.get('/login', async (request) => {
    sessionOf(request).user = 'ada';
    return 'welcome';
  });
  app.get('/me', async (request) => sessionOf(request).user ?? 'nobody');
  app.get('/logout', async (request) => {
    await sessionOf(request).destroy();
    return 'bye';
  });
  return app;
}

/** A browser: it keeps its cookie. */
function browser(of: () => FastifyInstance) {
  let cookie = '';
  return async (url: string) => {
    const response = await of().inject({ url, headers: cookie === '' ? {} : { cookie } });
    const [set] = response.cookies;
    if (set !== undefined) cookie = `${set.name}=${encodeURIComponent(set.value)}`;
    return { status: response.statusCode, body: response.body };
  };
}

test('sessions outlive the database, and a restart without it; a logout outlives both', async () => {
  const table = sessionTable();
  let app = await appOver(table);
  onTestFinished(() => app.close());
  const [ada, bob] = [browser(() => app), browser(() => app)];
  expect(await ada('/me')).toEqual({ status: 200, body: 'nobody' });
  await ada('/login');
  await bob('/login');
  expect(await ada('/me')).toEqual({ status: 200, body: 'ada' });

  table.takeAway();
  expect(await ada('/me')).toEqual({ status: 200, body: 'ada' });
  expect(await bob('/logout')).toEqual({ status: 200, body: 'bye' });
  await app.close();
  app = await appOver(table);
  expect(await ada('/me')).toEqual({ status: 200, body: 'ada' });
  expect(await bob('/me')).toEqual({ status: 200, body: 'nobody' });

  table.giveBack();
  await vi.waitFor(() => expect(table.rows()).toHaveLength(1), { timeout: 10_000 });
  expect(await ada('/me')).toEqual({ status: 200, body: 'ada' });
  expect(await bob('/me')).toEqual({ status: 200, body: 'nobody' });
});

test('a session that nobody can vouch for is 503, not a logout', async () => {
  const table = sessionTable();
  let app = await appOver(table);
  onTestFinished(() => app.close());
  const ada = browser(() => app);
  await ada('/login');
  await app.close();
  rmSync(`${table.folder}/snapshot`);
  table.takeAway();
  app = await appOver(table);
  expect((await ada('/me')).status).toBe(503);
  table.giveBack();
  await vi.waitFor(async () => expect(await ada('/me')).toEqual({ status: 200, body: 'ada' }));
});
