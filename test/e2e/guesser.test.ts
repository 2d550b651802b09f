import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { clientOf } from '../../docs/examples/session-service/client.js';
import { fill, tokensIn } from './rows.js';
import { type Answer, place, type Service } from './service.js';

const behindProxy = { TRUST_PROXY: '127.0.0.1, ::1', THROTTLE_DELAY: '5ms', THROTTLE_MAX_DELAY: '40ms' };
const unauthorized = { code: 401, error: 'no-such-session' };

/** Tokens of nobody, one after the other, until it is told to stop; at most so many. */
async function guess(service: Service, from: string | undefined, most: number): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  while (answers.length < most && answers.at(-1)?.code !== 429) {
    answers.push(await service.me(randomUUID(), from));
  }
  return answers;
}

test('a guesser is slowed, then refused; a person who mistypes once is not, and sessions go on at once', async () => {
  const { start, database } = place();
  fill(database, 50);
  const service = await start(behindProxy);
  await service.warm();
  const tokens = tokensIn(database);

  expect(await guess(service, '203.0.113.7', 20)).toEqual(
    Array(20).fill({ ...unauthorized, retryAfter: null }),
  );
  expect((await service.status()).stats).toMatchObject({ slowed: 0, throttled: 0 });
  const slowed = await guess(service, '203.0.113.7', 10);
  expect(slowed).toEqual(Array(10).fill({ ...unauthorized, retryAfter: null }));
  expect((await service.status()).stats).toMatchObject({ slowed: 10, throttled: 0 });

  let going = true;
  const others = (async () => {
    const answers: Answer[] = [];
    for (let n = 0; going; n++)
      answers.push(await service.me(tokens[n % tokens.length] ?? '', '203.0.113.7'));
    return answers;
  })();
  const further = await guess(service, '203.0.113.7', 200);
  expect(further).toHaveLength(71);
  expect(further.at(-1)).toEqual({
    code: 429,
    retryAfter: expect.stringMatching(/^\d+$/),
    error: 'too-many-guesses',
  });
  const retryAfter = Number(further.at(-1)?.retryAfter);
  expect(retryAfter).toBeGreaterThan(500);
  expect(retryAfter).toBeLessThanOrEqual(600);
  const { loads } = (await service.status()).stats;
  for (let n = 0; n < 100; n++) expect((await service.me(randomUUID(), '203.0.113.7')).code).toBe(429);
  expect((await service.status()).stats.loads).toBe(loads);

  // Who holds a session notices nothing, from that same address; nor does anybody else who mistypes.
  going = false;
  const answers = await others;
  expect(answers.length).toBeGreaterThan(10);
  expect(answers.filter(({ code }) => code !== 200)).toEqual([]);
  expect(await service.me('0', '203.0.113.8')).toMatchObject(unauthorized);
  const token = await service.login('grace');
  expect(await service.me(token, '203.0.113.7')).toMatchObject({ code: 200, userId: 'grace' });

  // The throttle crashes: nobody is forgotten.
  expect((await service.chaos({ crash: 'throttle' })).code).toBe(200);
  expect((await service.me(randomUUID(), '203.0.113.7')).code).toBe(429);
  expect(await service.me(randomUUID(), '203.0.113.8')).toMatchObject(unauthorized);
});

test('X-Forwarded-For is believed of nobody but the proxies that were named', async () => {
  const { start, run, database } = place();
  fill(database, 5);
  const service = await start({ THROTTLE_DELAY: '0ms', THROTTLE_MAX_DELAY: '0ms' });
  await service.warm();
  for (let n = 0; n < 100; n++) expect((await service.me(randomUUID(), `203.0.113.${n}`)).code).toBe(401);
  expect((await service.me(randomUUID(), '203.0.113.200')).code).toBe(429);
  await service.kill('SIGKILL');

  const wrong = run({ TRUST_PROXY: 'everybody' });
  expect(await wrong.exited).toMatchObject({ code: 1 });
  expect(wrong.output()).toMatch(/TRUST_PROXY must be addresses or networks/);
});

test('of an IPv6 address the first 64 bits are the client', () => {
  expect(
    [
      '203.0.113.7',
      '::ffff:203.0.113.7',
      '2001:db8:1:2:3:4:5:6',
      '2001:0DB8:1:2::1',
      '2001:db8::1',
      'fe80::1%eth0',
      '::1',
      '64:ff9b::203.0.113.7',
      'somebody',
    ].map(clientOf),
  ).toEqual([
    '203.0.113.7',
    '203.0.113.7',
    '2001:db8:1:2::/64',
    '2001:db8:1:2::/64',
    '2001:db8:0:0::/64',
    'fe80:0:0:0::/64',
    '0:0:0:0::/64',
    '64:ff9b:0:0::/64',
    'somebody',
  ]);
});
