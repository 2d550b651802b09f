import { expect, test, vi } from 'vitest';
import { follow, status, watched, watchedCache } from './watched.js';

test('what both buses publish, as it happens, with errors as plain data', async () => {
  const { url, cache, runtimeBus } = await watched();
  const stream = await follow(`${url}/events`);
  expect(stream.response.headers.get('content-type')).toContain('text/event-stream');

  const error = Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' });
  cache.bus.publish('source.down', { error, since: 5 });
  runtimeBus.publish('actor.restarted', { path: 'root/a', id: 'a', incarnation: 2, at: 9, restarts: 1 });

  expect((await stream.next())?.data).toEqual({
    at: expect.any(Number),
    from: 'sessions',
    type: 'source.down',
    since: 5,
    error: { name: 'Error', message: 'connect refused', code: 'ECONNREFUSED' },
  });
  expect((await stream.next())?.data).toMatchObject({
    at: 9,
    from: 'runtime',
    type: 'actor.restarted',
    incarnation: 2,
  });
});

test('keys are told shortened: a token in a stream would be a session given away', async () => {
  const { url, cache } = await watched();
  const stream = await follow(`${url}/events`);
  const token = '0f8fad5b-d9cb-469f-a165-70867728950e';
  cache.bus.publish('invalidated', { keys: [token, ...Array(20).fill(token)], because: 'revoke' });
  cache.bus.publish('quarantined', { key: token, error: new Error('bad row') });

  const [invalidated, quarantined] = [await stream.next(), await stream.next()];
  expect(invalidated?.data).toMatchObject({ count: 21, keys: Array(5).fill('0f8f…') });
  expect(quarantined?.data).toMatchObject({ key: '0f8f…' });
  expect(JSON.stringify([invalidated, quarantined])).not.toContain(token.slice(9));
});

test('who comes later asks for a replay; who comes back gets what was missed, and nothing twice', async () => {
  const { url, cache } = await watched({ history: 3 });
  for (const pass of [1, 2, 3, 4]) cache.bus.publish('pass.started', { pass });
  const first = await follow(`${url}/events?replay`);
  const seen = [await first.next(), await first.next()];
  expect(seen.map((told) => told?.data?.pass)).toEqual([2, 3]);
  first.leave();

  const back = await follow(`${url}/events?replay`, { 'last-event-id': seen[1]?.id ?? '' });
  expect((await back.next())?.data?.pass).toBe(4);

  const fromAnotherProcess = await follow(`${url}/events`, { 'last-event-id': 'abcdef-900' });
  expect((await fromAnotherProcess.next())?.data?.pass).toBe(2);

  const live = await follow(`${url}/events`);
  cache.bus.publish('pass.started', { pass: 5 });
  expect((await live.next())?.data?.pass).toBe(5);
});

test('a reader that does not read loses the oldest events, counted, and is told; the others lose none', async () => {
  const { url, cache } = await watched({ bound: 10 });
  const slow = await follow(`${url}/events`);
  const quick = await follow(`${url}/events`);
  const bulk = 'x'.repeat(400);
  let sent = 0;
  const dropped = async () => (await status(url)).streams.dropped;
  while ((await dropped()) < 25) {
    for (let batch = 0; batch < 100; batch++) {
      for (let n = 0; n < 10; n++) {
        cache.bus.publish('snapshot.aside', { file: bulk, movedTo: bulk, because: String(++sent) });
      }
      // The quick one reads as it comes: in order, and nothing is missing.
      for (let n = 9; n >= 0; n--) expect((await quick.next())?.data?.because).toBe(String(sent - n));
    }
  }
  const counted = await dropped();

  let received = 0;
  let told = 0;
  while (received + told < sent) {
    const next = await slow.next();
    if (next?.event === 'dropped') told += Number(next.data?.count);
    else received += 1;
  }
  expect(told).toBe(counted);
  expect(told).toBeGreaterThanOrEqual(25);
});

test('an idle stream shows that it lives', async () => {
  const { url } = await watched({ heartbeat: 20 });
  const stream = await follow(`${url}/events`);
  expect(await stream.next(true)).toMatchObject({ comment: 'still here' });
  expect(await stream.next(true)).toMatchObject({ comment: 'still here' });
});

test('a client that goes leaves nothing behind', async () => {
  const { url } = await watched();
  const open = async () => (await status(url)).streams.open;
  const streams = await Promise.all([1, 2, 3].map(() => follow(`${url}/events`)));
  expect(await open()).toBe(3);
  for (const stream of streams) stream.leave();
  await vi.waitFor(async () => expect(await open()).toBe(0));
});

test('close ends the streams, frees the buses, and does not hold up the server', async () => {
  const cache = watchedCache();
  let subscribed = 0;
  const counting = {
    ...cache,
    bus: {
      subscribe(topic: '*', listener: (event: { readonly type: string }) => void) {
        const off = cache.bus.subscribe(topic, listener);
        subscribed += 1;
        return () => {
          subscribed -= 1;
          off();
        };
      },
    },
  };
  const { url, observer, server } = await watched({ caches: { counting } });
  const stream = await follow(`${url}/events`);
  expect(subscribed).toBe(1);
  observer.close();
  expect(await stream.next()).toBeUndefined();
  expect(subscribed).toBe(0);

  const refused = await fetch(`${url}/events`);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await status(url)).streams.open).toBe(0);
  server.closeIdleConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('no more streams than there may be', async () => {
  const { url } = await watched({ streams: 1 });
  const first = await follow(`${url}/events`);
  expect((await fetch(`${url}/events`)).status).toBe(503);
  first.leave();
  await vi.waitFor(async () => expect((await follow(`${url}/events`)).response.status).toBe(200));
});
