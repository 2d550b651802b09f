// Fresh, stale, absent, unknown. Run it: npx tsx docs/guide/serving-stale.ts
import { defineCache, type Lookup, SourceUnavailableError } from 'holdfast';

const rows = new Map([['ada', { name: 'Ada' }]]);
let away = false;

// #region cache
const users = await defineCache<{ name: string }>({
  name: 'users',
  source: async (id) => {
    if (away) throw new SourceUnavailableError('the database is away');
    return rows.get(id);
  },
  ttl: '50ms',
  staleFor: '10m',
}).start();
// #endregion

// #region switch
/** What an HTTP handler makes of each answer. There are four, and none of them is a guess. */
function respond(answer: Lookup<{ name: string }>): string {
  switch (answer.status) {
    case 'fresh':
      return `200 ${answer.value.name}`;
    case 'stale':
      return `200 ${answer.value.name} (stale: ${answer.because})`;
    case 'absent':
      return `401 no such user (${answer.because})`;
    case 'unknown':
      return `503 try again (${answer.because})`;
  }
}
// #endregion

const show = async (what: string, id: string) => console.log(`${what}: ${respond(await users.read(id))}`);

await show('the database answers', 'ada');
await show('it says that there is no such row', 'bob');
away = true;
await until(() => users.lookup('ada').status === 'stale');
await show('it is away, and we know this one', 'ada');
await show('it is away, and we never asked for that one', 'eve');
users.revoke('ada');
await show('logged out here, database or not', 'ada');
await users.stop();

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
