import Fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { observe } from '../../src/observe/index.js';
import { follow, listening, watched, watchedCache } from './watched.js';

test('alone under node:http: what it does not know is a 404, and nothing but looking is let through', async () => {
  const { url } = await watched();
  expect((await fetch(url)).headers.get('content-type')).toContain('text/html');
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
  expect((await fetch(`${url}/status`, { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(`${url}/events`, { method: 'HEAD' })).status).toBe(200);
  for (const method of ['POST', 'PUT', 'DELETE']) {
    expect((await fetch(`${url}/status`, { method })).status).toBe(405);
  }
  expect((await fetch(`${url}/status?x=1`)).status).toBe(200);
});

test('under a path that the server does not strip, the page is a folder', async () => {
  const { url } = await watched({ path: '/admin/cache/' });
  const bare = await fetch(`${url}/admin/cache`, { redirect: 'manual' });
  expect([bare.status, bare.headers.get('location')]).toEqual([308, './cache/']);
  expect((await fetch(`${url}/admin/cache`)).url).toBe(`${url}/admin/cache/`);
  expect((await fetch(`${url}/admin/cache/status`)).status).toBe(200);
  expect((await fetch(`${url}/status`)).status).toBe(404);
  expect((await fetch(`${url}/admin/cachestatus`)).status).toBe(404);
});

test('in express’s way: the mount point is stripped, and the rest goes to who comes next', async () => {
  const observer = observe({ caches: { a: watchedCache() } });
  onTestFinished(() => observer.close());
  const { url } = await listening((request, response) => {
    const originalUrl = request.url ?? '';
    const inside = originalUrl.replace(/^\/watch/, '');
    Object.assign(request, { originalUrl, url: inside === '' ? '/' : inside });
    observer(request, response, () => response.writeHead(418).end());
  });
  const bare = await fetch(`${url}/watch`, { redirect: 'manual' });
  expect(bare.headers.get('location')).toBe('./watch/');
  expect((await fetch(`${url}/watch/status`)).status).toBe(200);
  expect((await fetch(`${url}/watch/other`)).status).toBe(418);
  expect((await fetch(`${url}/watch/status`, { method: 'POST' })).status).toBe(418);
});

test('in fastify, by hijack, with streams that its close does not wait for', async () => {
  const cache = watchedCache();
  const observer = observe({ caches: { cache }, path: '/watch' });
  const app = Fastify();
  app.get('/watch/*', (request, reply) => {
    reply.hijack();
    observer(request.raw, reply.raw);
  });
  app.addHook('preClose', async () => observer.close());
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const stream = await follow(`${url}/watch/events`);
  cache.bus.publish('pass.started', { pass: 1 });
  expect((await stream.next())?.data).toMatchObject({ type: 'pass.started' });
  await app.close();
  expect(await stream.next()).toBeUndefined();
});
