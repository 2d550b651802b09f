/**
 * A session service that goes on while its database is away. `npm start` runs it.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import { child, createRuntime, HoldfastError, runMain } from 'holdfast';
import { observe } from 'holdfast/observe';
import { sqliteSource } from 'holdfast/sqlite';
import { routes } from './app.js';
import { chaos, chaosActions } from './chaos.js';
import { ConfigError, readConfig } from './config.js';
import { createDatabase } from './database.js';
import { greeting } from './greeting.js';
import { logLines } from './log-line.js';
import { type Session, sessionCache } from './sessions.js';
import { slowable } from './slow.js';

/** How long `/readyz` says that we are going before nobody is let in any more, in ms. */
const notice = 300;
/** How long requests under way may take after that, in ms. */
const patience = 2000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  if (config.ownDatabase) createDatabase(config.database);
  mkdirSync(dirname(config.snapshot), { recursive: true });

  const database = slowable(
    sqliteSource<Session>({
      file: config.database,
      table: 'sessions',
      key: 'token',
      value: {
        decode: (row) => ({ userId: String(row.user_id), expiresAt: Number(row.expires_at) }),
        encode: ({ userId }) => ({ user_id: userId }),
      },
      expiresAt: 'expires_at',
      revokedAt: 'revoked_at',
      updatedAt: 'updated_at',
      writable: true,
    }),
  );
  const sessions = sessionCache(config, database.source);
  const app = Fastify({ logger: { level: config.logLevel, stream: logLines }, disableRequestLogging: true });
  const runtime = createRuntime(
    { children: [child({ id: 'sessions', logic: sessions.supervisor })] },
    { logger: app.log },
  );
  const observer = observe({
    caches: { sessions },
    runtime,
    title: 'Session service',
    actions: config.chaos ? chaosActions : [],
  });

  let stopping = false;
  routes(app, { sessions, runtime, observer, stopping: () => stopping });
  if (config.chaos) chaos(app, { runtime, database: config.database, slowDown: database.slowDown });

  await runtime.start();
  const url = await app.listen({ host: '127.0.0.1', port: config.port });
  console.log(greeting(url, config));

  await runMain(runtime, {
    async onStopping() {
      stopping = true;
      console.log('\n  Stopping: not ready any more; requests end, then the tree, then the snapshot is written.');
      await sleep(notice);
      observer.close();
      await Promise.race([app.close(), sleep(patience)]);
      app.server.closeAllConnections();
    },
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
