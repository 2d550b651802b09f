import { expect, test, vi } from 'vitest';
import { requests } from './requests.js';
import { fill, tokensIn } from './rows.js';
import { actor, place, soon } from './service.js';

/** More crashes than this within 5 s are above the tree's intensity. */
const within = 3;

test.each(['cache', 'listener', 'warmer', 'janitor', 'snapshotter', 'throttle'])(
  'the %s crashes again and again while requests run: none is lost, and all periodic work goes on',
  async (id) => {
    const { start, database } = place();
    fill(database, 1_000);
    const service = await start();
    await service.warm();
    const load = requests(service, tokensIn(database));

    for (let crash = 1; crash <= within; crash++) {
      expect(await service.chaos({ crash: id })).toEqual({ code: 200, crashed: `sessions/${id}` });
      await vi.waitFor(async () => {
        const { tree } = await service.status();
        expect(actor(tree, id)).toMatchObject({ status: 'running', incarnation: crash + 1, restarts: crash });
        expect(actor(tree, 'sessions').restarts).toBe(0);
      }, soon);
      const asked = load.asked();
      await vi.waitFor(() => expect(load.asked()).toBeGreaterThan(asked + 20), soon);
    }

    // All goes on: passes, sweeps, snapshots, loads.
    const before = (await service.status()).stats;
    const token = await service.login('grace');
    await vi.waitFor(async () => {
      const { stats } = await service.status();
      expect(stats.passes).toBeGreaterThan(before.passes);
      expect(stats.sweeps).toBeGreaterThan(before.sweeps);
      expect(stats.snapshots).toBeGreaterThan(before.snapshots);
    }, soon);
    await load.stop();
    expect(load.lost).toEqual([]);
    expect(load.unexpected).toEqual([]);

    expect(await service.me(token)).toMatchObject({ code: 200, userId: 'grace' });
    expect(await service.logout(token)).toBe(204);
    expect(await service.me(token)).toMatchObject({ code: 401 });
  },
);

test('crashes above the intensity: the tree gives up, then its supervisor, then the process, with exit code 1', async () => {
  const { start, database } = place();
  fill(database, 100);
  const service = await start({ LOG_LEVEL: 'error' });
  const [token = ''] = tokensIn(database);
  await service.warm();
  await service.snapshotted();

  let ended = false;
  void service.exited.then(() => {
    ended = true;
  });
  while (!ended) await service.chaos({ crash: 'cache' }).catch(() => undefined);
  expect(await service.exited).toEqual({ code: 1, signal: null });
  expect(service.output()).toMatch(/gave up/i);

  const again = await start();
  expect(await again.me(token)).toMatchObject({ code: 200 });
});
