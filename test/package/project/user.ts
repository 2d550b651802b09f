import { child, createRuntime, defineCache, type Lookup, SourceUnavailableError, supervisor } from 'holdfast';
import { postgresSource } from 'holdfast/postgres';
import { sqliteSource } from 'holdfast/sqlite';

interface Session {
  readonly userId: string;
}

const sessions = defineCache<Session>({
  name: 'sessions',
  source: sqliteSource<Session>({ file: 'sessions.db', table: 'sessions', key: 'token' }),
  ttl: '10m',
  staleFor: 'until-expiry',
  warm: { every: '5m' },
  snapshot: { file: 'sessions.snapshot' },
});

const users = defineCache<{ readonly role: 'admin' | 'user' }>({
  name: 'users',
  source: async (key) => (key === 'ada' ? { role: 'admin' } : undefined),
});

export const accounts = () =>
  defineCache<{ readonly name: string }>({
    name: 'accounts',
    source: postgresSource({
      table: 'app.accounts',
      key: 'id',
      value: (row) => ({ name: String(row.name) }),
      notify: true,
    }),
  });

const runtime = createRuntime(
  supervisor({
    strategy: 'one-for-one',
    within: '5s',
    children: [
      child({ id: 'sessions', logic: sessions.supervisor }),
      child({ id: 'users', logic: users.supervisor }),
    ],
  }),
);

export function answer(found: Lookup<Session>): string {
  switch (found.status) {
    case 'fresh':
      return found.value.userId;
    case 'stale':
      return `${found.value.userId}, ${found.age} ms old: ${found.because}`;
    case 'absent':
      return 'no such session';
    case 'unknown':
      return `try again: ${found.because}`;
  }
}

await runtime.start();
console.log(answer(await sessions.read('token')), (await users.fetch('ada'))?.role);
try {
  await sessions.remove('token');
} catch (error) {
  if (error instanceof SourceUnavailableError) console.log(error.code);
}
// @ts-expect-error: an option that does not exist.
defineCache({ name: 'wrong', source: async () => 1, tttl: 5 });
// @ts-expect-error: a role that does not exist.
users.put('bob', { role: 'king' });
await runtime.stop();
