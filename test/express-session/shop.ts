/** An app with sessions in a real database file, behind a real port. Cleans up. */
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import express from 'express';
import session, { type SessionData } from 'express-session';
import { type Cache, type CacheOptions, defineCache, type Source, SourceUnavailableError } from 'holdfast';
import { HoldfastStore, type HoldfastStoreOptions } from 'holdfast/express-session';
import { onTestFinished } from 'vitest';

declare module 'express-session' {
  interface SessionData {
    user?: string;
    visits?: number;
  }
}

interface StoredSession {
  readonly sid: string;
  readonly data: SessionData;
  readonly expires: number;
}

/** Sessions as text in a table. The file can be taken away. */
export interface Table {
  readonly source: Source<SessionData>;
  readonly folder: string;
  rows(): StoredSession[];
  takeAway(): void;
  giveBack(): void;
  /** How often it was written to. */
  saves(): number;
  touches(): number;
  /** Another process saves a session. */
  write(sid: string, data: SessionData): void;
}

export function sessionTable(): Table {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-sessions-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'sessions.db');
  const made = new Database(file);
  made.exec('CREATE TABLE sessions(sid TEXT PRIMARY KEY, data TEXT NOT NULL, expires INTEGER NOT NULL)');
  made.close();
  let saves = 0;
  let touches = 0;
  function use<R>(work: (database: Database.Database) => R): R {
    if (!existsSync(file)) throw new SourceUnavailableError('The file is away.');
    const database = new Database(file, { fileMustExist: true });
    try {
      return work(database);
    } finally {
      database.close();
    }
  }
  const rows = (): StoredSession[] =>
    use((database) =>
      database
        .prepare<[], { sid: string; data: string; expires: number }>('SELECT * FROM sessions')
        .all()
        .map((row) => ({ ...row, data: JSON.parse(row.data) as SessionData })),
    );
  const source: Source<SessionData> = {
    async load(key) {
      const found = rows().find(({ sid, expires }) => sid === key && expires > Date.now());
      return found && { key, value: found.data, expiresAt: found.expires };
    },
    async *scan() {
      const all = rows().filter(({ expires }) => expires > Date.now());
      yield { rows: all.map(({ sid, data, expires }) => ({ key: sid, value: data, expiresAt: expires })) };
    },
    async save({ key, value, expiresAt }) {
      use((database) =>
        database
          .prepare('INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)')
          .run(key, JSON.stringify(value), expiresAt),
      );
      saves++;
    },
    async touch(key, { expiresAt, at }) {
      use((database) =>
        database
          .prepare('UPDATE sessions SET expires = max(expires, ?) WHERE sid = ? AND expires > ?')
          .run(expiresAt, key, at),
      );
      touches++;
    },
    async remove(key) {
      use((database) => database.prepare('DELETE FROM sessions WHERE sid = ?').run(key));
    },
  };
  return {
    source,
    folder,
    rows,
    takeAway: () => renameSync(file, `${file}.away`),
    giveBack: () => renameSync(`${file}.away`, file),
    saves: () => saves,
    touches: () => touches,
    write: (sid, data) =>
      use((database) =>
        database.prepare('UPDATE sessions SET data = ? WHERE sid = ?').run(JSON.stringify(data), sid),
      ),
  };
}

export async function storeOver(
  table: Pick<Table, 'source'>,
  options: Partial<CacheOptions<SessionData>> = {},
  policy: Partial<HoldfastStoreOptions> = {},
): Promise<{ readonly cache: Cache<SessionData>; readonly store: HoldfastStore }> {
  const cache = await defineCache<SessionData>({
    name: 'sessions',
    source: table.source,
    warm: { backoff: { min: '10ms', max: '20ms' } },
    load: { retries: 0 },
    ...options,
  }).start();
  onTestFinished(() => cache.stop());
  return { cache, store: new HoldfastStore({ cache, ...policy }) };
}

/** The routes of a shop: a visitor logs in, is known, logs out; and one request takes its time. */
export interface Shop {
  /** A browser: it keeps its cookie. */
  browser(): (path: string) => Promise<{ readonly status: number; readonly body: string }>;
  readonly slowBegan: Promise<void>;
  /** Lets the slow request go on. */
  finishSlow(): void;
}

export async function shop(store: HoldfastStore): Promise<Shop> {
  const app = express();
  const [slowBegan, began] = gate();
  const [finished, finishSlow] = gate();
  app.use(
    session({
      store,
      secret: 'keep',
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 3_600_000 },
    }),
  );
  app.get('/login', (request, response) => {
    request.session.user = 'ada';
    request.session.visits = 0;
    response.send('welcome');
  });
  app.get('/me', (request, response) => void response.send(request.session.user ?? 'nobody'));
  app.get('/visit', (request, response) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    request.session.save((error) => {
      if (error) response.status(503).send(error.code);
      else response.send(String(request.session.visits));
    });
  });
  app.get('/logout', (request, response) => {
    request.session.destroy((error) => void response.status(error ? 503 : 200).send(error?.code ?? 'bye'));
  });
  app.get('/slow', async (request, response) => {
    began();
    await finished;
    request.session.visits = 99;
    response.send('done');
  });
  const refused: express.ErrorRequestHandler = (error, _request, response, _next) => {
    response.status(error instanceof SourceUnavailableError ? 503 : 500).send(error.code ?? error.message);
  };
  app.use(refused);
  const server = await new Promise<Server & { closeAllConnections(): void }>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    finishSlow,
    slowBegan,
    browser() {
      let cookie = '';
      return async (path) => {
        const response = await fetch(base + path, { headers: cookie === '' ? {} : { cookie } });
        const [set] = response.headers.getSetCookie();
        if (set !== undefined) [cookie = ''] = set.split(';', 1);
        return { status: response.status, body: await response.text() };
      };
    },
  };
}

/** A promise, and what resolves it. */
function gate(): readonly [Promise<void>, () => void] {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return [opened, open];
}
