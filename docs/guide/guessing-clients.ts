// Who guesses keys. In virtual time, so that nobody waits. Run it: npx tsx docs/guide/guessing-clients.ts
import { defineCache, ThrottledError } from 'holdfast';
import { world } from 'holdfast/testing';

const database = new Map([['token-of-ada', 'ada']]);
let queries = 0;

// #region cache
const sessions = defineCache<string>({
  name: 'sessions',
  source: async (token) => {
    queries++;
    return database.get(token);
  },
  key: (token) => token.startsWith('token-'), // what is no token never leaves memory
  throttle: { allowance: 3, refuseAfter: 8 }, // the defaults are 20 and 100
});
// #endregion

// #region route
/** What an HTTP handler makes of it. `address` is who asks. */
async function me(token: string, address: string): Promise<string> {
  try {
    const answer = await sessions.read(token, { client: address });
    return answer.status === 'absent' ? '401' : answer.status === 'unknown' ? '503' : `200 ${answer.value}`;
  } catch (error) {
    if (!(error instanceof ThrottledError)) throw error;
    return `429, Retry-After: ${Math.ceil(error.retryAfter / 1000)}`;
  }
}
// #endregion

await world({}, async (w) => {
  async function show(token: string, address: string): Promise<void> {
    const began = w.now;
    const said = await me(token, address);
    console.log(
      `${address.padEnd(12)}  ${token.padEnd(14)}  ${said}${w.now > began ? `, after ${w.now - began} ms` : ''}`,
    );
  }
  const guesser = '203.0.113.7';
  await sessions.start();
  await show('token-of-ada', guesser); // somebody behind the same address has a session
  for (let n = 1; n <= 9; n++) await show(`token-guess-${n}`, guesser);
  console.log(`the database was asked ${queries} times`);
  await show('token-of-ada', guesser);
  await show('token-guess-1', guesser);
  await show('no token', guesser);
  await show('token-mistyped', '198.51.100.2');
  await w.advance('10m');
  await show('token-guess-9', guesser);
  await sessions.stop();
});
