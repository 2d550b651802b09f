// A table of PostgreSQL, and no server. Run it: npx tsx docs/guide/postgres.ts
import { defineCache } from 'holdfast';
import { postgresSource } from 'holdfast/postgres';

interface Session {
  readonly userId: string;
}

// #region cache
const sessions = await defineCache<Session>({
  name: 'sessions',
  source: postgresSource({
    connection: process.env.DATABASE_URL ?? 'postgres://127.0.0.1:1/app', // or `pool`, one of yours, which is never ended
    table: 'auth.sessions',
    key: 'token', // text, uuid or whole numbers; the primary key, as a rule
    value: (row) => ({ userId: String(row.user_id) }),
    expiresAt: 'expires_at', // a timestamp, or ms since the epoch
    revokedAt: 'revoked_at', // anything but NULL, or true
    updatedAt: 'updated_at', // every write stamps it with now(); index it
    notify: true,
  }),
}).start(); // never waits for the server
// #endregion

sessions.put('a1', { userId: 'ada' });
const [known, asked] = [sessions.lookup('a1'), await sessions.read('b2')];
console.log(`With no server there: ${known.status} of what was put, ${asked.status} of all else`);
console.log(`because: ${asked.status === 'unknown' ? asked.because : 'it is there'}`);
await sessions.stop();
