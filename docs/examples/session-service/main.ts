/**
 * A session service that goes on while its database is away. `npm start` runs it.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { LogController } from 'fastify';
import { child, createRuntime, OptionsError, runMain } from 'holdfast';
import { observe } from 'holdfast/observe';
import { routes } from './app.js';
import { chaos, chaosActions } from './chaos.js';
import { ConfigError, readConfig } from './config.js';
import { createDatabase } from './database.js';
import { greeting } from './greeting.js';
import { logLines } from './log-line.js';
import { sessionCache, sessionTable } from './sessions.js';
import { slowable } from './slow.js';

const host = '127.0.0.1';
/** How long `/readyz` says that we are going before nobody is let in any more, in ms. */
const notice = 300;
/** How long requests under way may take after that, in ms. */
const patience = 2000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const table = slowable(sessionTable(config.database));
  const sessions = sessionCache(config, table.source);
  const app = Fastify({
    logger: { level: config.logLevel, stream: logLines },
    trustProxy: config.trustProxy,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
    logController: new LogController({ disableRequestLogging: true }),
  });
  const runtime = createRuntime(
    // A tree that gave up twice in half a minute is not mended by a third: a new process, with the snapshot, may be.
    { maxRestarts: 1, within: '30s', children: [child({ id: 'sessions', logic: sessions.supervisor })] },
    { logger: app.log },
  );
  const actions = config.chaos ? chaosActions : [];
  const observer = observe({ caches: { sessions }, runtime, title: 'Session service', actions });

  let stopping = false;
  routes(app, { sessions, runtime, observer, stopping: () => stopping });
  if (config.chaos) chaos(app, { runtime, database: config.database, slowDown: table.slowDown });

  if (config.ownDatabase) createDatabase(config.database);
  mkdirSync(dirname(config.snapshot), { recursive: true });

  const ended = runMain(runtime, {
    timeout: '5s',
    async onStopping() {
      stopping = true;
      console.log('\n  Stopping: not ready any more. Requests end, then the tree, with a last snapshot.');
      await sleep(notice);
      observer.close();
      await Promise.race([app.close(), sleep(patience)]);
      app.server.closeAllConnections();
    },
  });
  try {
    await runtime.start();
  } catch {
    return ended; // which has said why, and exits with 1
  }
  try {
    const url = await app.listen({ host, port: config.port });
    console.log(greeting(url, config));
  } catch (error) {
    console.error(cannotListen(error, config.port));
    await runtime.stop();
    await ended;
    process.exitCode = 1;
  }
  await ended;
}

function cannotListen(error: unknown, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return `Port ${port} of ${host} is taken. Give another: PORT=${port + 1} npm start`;
  return `Cannot listen on port ${port} of ${host}: ${message}`;
}

main().catch((error: unknown) => {
  const expected = error instanceof ConfigError || error instanceof OptionsError;
  console.error(expected ? error.message : error);
  process.exitCode = 1;
});
