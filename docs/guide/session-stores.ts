// Sessions of express-session in an outage. Run it: npx tsx docs/guide/session-stores.ts
import type { AddressInfo } from 'node:net';
import express from 'express';
import session, { type SessionData } from 'express-session';
import { defineCache, type Source, SourceUnavailableError } from 'holdfast';
import { HoldfastStore } from 'holdfast/express-session';

/** A database of which we can say whether it is there. */
const rows = new Map<string, SessionData>();
let there = true;
function reach(): void {
  if (!there) throw new SourceUnavailableError('The database is away.');
}
const source: Source<SessionData> = {
  async load(key) {
    reach();
    const value = rows.get(key);
    return value && { key, value };
  },
  async save({ key, value }) {
    reach();
    rows.set(key, value as SessionData);
  },
  async remove(key) {
    reach();
    rows.delete(key);
  },
};
const secret = 'keep it';

// #region store
const sessions = await defineCache<SessionData>({ name: 'sessions', source }).start();
const app = express();
app.use(
  session({ store: new HoldfastStore({ cache: sessions }), secret, resave: false, saveUninitialized: false }),
);
const refused: express.ErrorRequestHandler = (error, _request, response, next) => {
  if (error instanceof SourceUnavailableError) response.status(503).send('ask again');
  else next(error);
};
// #endregion

app.get('/login', (request, response) => {
  Object.assign(request.session, { user: 'ada' });
  response.send('welcome');
});
app.get('/me', (request, response) => {
  response.send('user' in request.session ? request.session.user : 'nobody');
});
app.use(refused);

const server = app.listen(0, '127.0.0.1');
await new Promise((listening) => server.once('listening', listening));
const { port } = server.address() as AddressInfo;
const ask = (path: string, cookie = '') => fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie } });
const login = async () => (await ask('/login')).headers.getSetCookie()[0]?.split(';', 1)[0];
const told = async (who: string, cookie: string | undefined) => {
  const answer = await ask('/me', cookie);
  console.log(`  ${who}: ${answer.status} ${await answer.text()}`);
};

const ada = await login();
const known = [...rows.keys()];
const bob = await login();
sessions.invalidate([...rows.keys()].filter((sid) => !known.includes(sid))); // another process wrote to his row, say

there = false;
console.log('The database is away.');
await told('ada, whose session is in memory', ada);
await told('bob, of whom nobody can say', bob);
await told('a visitor', undefined);
server.close();
await sessions.stop();
