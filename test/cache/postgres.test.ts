/** A cache over a real PostgreSQL, in real time: what others write is seen at once, and what was missed is not believed. */
import { type Cache, defineCache } from 'holdfast';
import { afterAll, beforeAll, describe, expect, onTestFinished, it as plain, vi } from 'vitest';
import { needsPostgres, postgresPrograms } from '../needs.js';
import { type Cluster, startCluster } from '../sources/postgres/cluster.js';
import { type Place, sessionsSource, sessionsTable } from '../sources/postgres/sessions-table.js';

let cluster: Cluster | undefined;
beforeAll(async () => {
  if (postgresPrograms() !== undefined) cluster = await startCluster();
}, 60_000);
afterAll(() => cluster?.dispose());

const it = (name: string, body: (server: Cluster) => Promise<void>) =>
  plain(
    name,
    async (test) => {
      needsPostgres(test);
      await body(cluster as Cluster);
    },
    60_000,
  );

async function place(server: Cluster): Promise<Place> {
  const made = await sessionsTable(server.url);
  onTestFinished(() => made.dispose());
  await made.installTrigger();
  for (const key of ['a', 'b', 'c']) await made.write({ key, value: key.toUpperCase() });
  return made;
}

/** Sweeps and passes of its own come too late to help. */
async function boot(at: Place): Promise<Cache<string>> {
  const cache = defineCache<string>({
    name: 'sessions',
    source: sessionsSource(at, { notify: true }),
    warm: { every: '1h', backoff: { min: 50, max: 200 } },
    sweep: { every: '1h' },
  });
  onTestFinished(() => cache.stop());
  await cache.start();
  await cache.warmed();
  return cache;
}

const soon = (check: () => void): Promise<void> => vi.waitFor(check, 10_000);

describe('what another client writes', () => {
  it('is seen at once: updated, inserted, revoked, deleted, moved to another key', async (server) => {
    const at = await place(server);
    const cache = await boot(at);
    expect(cache.stats().passes).toBe(1);
    await at.write({ key: 'a', value: 'A2' });
    await soon(() => expect(cache.get('a')).toBe('A2'));
    await at.write({ key: 'new', value: 'N' });
    await soon(() => expect(cache.get('new')).toBe('N'));
    await at.writer.query(`UPDATE ${at.table} SET revoked_at = now() WHERE token = 'a'`);
    await soon(() => expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'source' }));
    await at.writer.query(`UPDATE ${at.table} SET token = 'b2' WHERE token = 'b'`);
    await soon(() => expect([cache.lookup('b').status, cache.get('b2')]).toEqual(['absent', 'B']));
    await at.writer.query(`DELETE FROM ${at.table} WHERE token = 'c'`);
    await soon(() => expect(cache.lookup('c').status).toBe('absent'));
    await at.writer.query(`TRUNCATE ${at.table}`);
    await soon(() => expect(cache.size).toBe(0));
    expect(cache.health()).toMatchObject({ degraded: false });
  });

  it('through another cache: a logout here is seen there', async (server) => {
    const at = await place(server);
    const [here, there] = [await boot(at), await boot(at)];
    await here.remove('a');
    expect(here.lookup('a').status).toBe('absent');
    await soon(() => expect(there.lookup('a').status).toBe('absent'));
    await there.save('a2', 'new');
    await soon(() => expect(here.get('a2')).toBe('new'));
    expect(here.lookup('a').status).toBe('absent');
  });

  it('while nobody listened is found when it is listened to again', async (server) => {
    const at = await place(server);
    const cache = await boot(at);
    const lost = new Promise((resolve) => cache.bus.subscribe('listener.lost', resolve));
    await at.proxy.down();
    await lost;
    expect(cache.lookup('a')).toMatchObject({ status: 'stale', because: 'suspect', value: 'A' });
    await at.writer.query(`DELETE FROM ${at.table} WHERE token = 'b'`);
    await at.write({ key: 'a', value: 'A2' });
    await at.proxy.up();
    await soon(() => {
      expect(cache.lookup('a')).toMatchObject({ status: 'fresh', value: 'A2' });
      expect(cache.lookup('b').status).toBe('absent');
      expect(cache.lookup('c').status).toBe('fresh');
    });
  });
});

describe('the server stops', () => {
  it('what is held is served, nobody is logged out, no actor crashes; it starts: fresh again, and nothing is left at the end', async (server) => {
    const at = await place(server);
    const cache = await boot(at);
    const crashed: unknown[] = [];
    cache.bus.subscribe('*', (event) => {
      if (String(event.type).startsWith('actor.crashed')) crashed.push(event);
    });
    await server.stop('immediate');
    await soon(() => expect(cache.lookup('a')).toMatchObject({ status: 'stale', value: 'A' }));
    expect(await cache.read('a')).toMatchObject({ status: 'stale', value: 'A' });
    expect(await cache.read('never seen')).toMatchObject({ status: 'unknown' });
    await soon(() => expect(cache.state.source).toBe('down'));
    await server.start();
    await soon(() => expect(cache.lookup('a').status).toBe('fresh'));
    await at.write({ key: 'a', value: 'A2' });
    await soon(() => expect(cache.get('a')).toBe('A2'));
    await cache.stop();
    await vi.waitFor(async () => expect(await at.connected()).toBe(0));
    expect(crashed).toEqual([]);
  });

  it('and the app boots meanwhile', async (server) => {
    const at = await place(server);
    await server.stop();
    const cache = defineCache<string>({
      name: 'sessions',
      source: sessionsSource(at, { notify: true }),
      warm: { backoff: { min: 50, max: 200 } },
    });
    onTestFinished(() => cache.stop());
    await cache.start();
    expect(await cache.read('a')).toMatchObject({ status: 'unknown' });
    await server.start();
    await cache.warmed({ timeout: '20s' });
    await soon(() => expect(cache.lookup('a').status).toBe('fresh'));
    await at.write({ key: 'a', value: 'A2' });
    await soon(() => expect(cache.get('a')).toBe('A2'));
  });
});
