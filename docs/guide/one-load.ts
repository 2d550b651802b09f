// Single flight, leases, resurrection. Run it: npx tsx docs/guide/one-load.ts
import { defineCache } from 'holdfast';

const database = new Map([['ada', 'logged in']]);
let queries = 0;
/** Queries wait here, so that we decide when each one answers. */
const gates: (() => void)[] = [];

const sessions = await defineCache<string>({
  name: 'sessions',
  async source(key) {
    queries++;
    const row = database.get(key); // read now …
    await new Promise<void>((resolve) => gates.push(resolve)); // … and delivered late
    return row;
  },
}).start();

// #region single-flight
const callers = Array.from({ length: 10_000 }, () => sessions.fetch('ada'));
await until(() => gates.length === 1);
gates.shift()?.();
const answers = new Set(await Promise.all(callers));
console.log(`10,000 callers, ${queries} query, answers: ${[...answers]}`);
// #endregion

// #region resurrection
sessions.invalidate('ada');
const early = sessions.read('ada'); // a slow query reads the row …
await until(() => gates.length === 1);
database.delete('ada'); // … the user logs out …
sessions.revoke('ada');
gates.shift()?.(); // … and only now the old row arrives
console.log(`after the logout the slow query brings: ${(await early).status}`);
console.log(`and the cache still says: ${sessions.lookup('ada').status}`);
// #endregion
await sessions.stop();

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
