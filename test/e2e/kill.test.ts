import { renameSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { fill, tokensIn } from './rows.js';
import { place, type Service, soon } from './service.js';

const boots = Number(process.env.HOLDFAST_KILLS ?? 50);
const address = (nth: number): string => `10.${(nth >> 16) & 255}.${(nth >> 8) & 255}.${nth & 255}`;

/** People log in and out, three at a time, until the process is gone. */
function people(service: Service, out: Set<string>) {
  let going = true;
  const loops = [1, 2, 3].map(async (person) => {
    try {
      while (going) {
        const token = await service.login(`person-${person}`);
        // Only a logout that was answered is one that must hold.
        if ((await service.logout(token)) === 204) out.add(token);
      }
    } catch {
      going = false; // the process is gone
    }
  });
  return async () => {
    going = false;
    await Promise.all(loops);
  };
}

test(`SIGKILL at ${boots} random moments while snapshots are written: always restorable, and no removed session is back`, async () => {
  const { start, database, files } = place();
  const away = `${database}.elsewhere`;
  fill(database, 300);
  const steady = tokensIn(database);
  const out = new Set<string>();
  // Each asks from an address of its own: one alone who asks for so many that are gone would be slowed, and refused.
  const quick = { SNAPSHOT_EVERY: '10ms', WARM_EVERY: '300ms', TRUST_PROXY: '127.0.0.1, ::1' };
  const me = (token: string) => service.me(token, address(asked++));
  let asked = 0;

  let service = await start(quick);
  await service.warm();
  await service.snapshotted();
  for (let boot = 1; boot <= boots; boot++) {
    const before = out.size;
    const gone = people(service, out);
    await vi.waitFor(() => expect(out.size).toBeGreaterThan(before), soon);
    await sleep(Math.random() * 100); // the moment is the test's random input, not something waited for
    await service.kill('SIGKILL');
    await gone();

    // Booted without the database: all there is comes from the snapshot.
    renameSync(database, away);
    service = await start(quick);
    for (const token of [steady[0], steady[150], steady[299]]) {
      expect(await me(token ?? ''), `boot ${boot}`).toMatchObject({
        code: 200,
        freshness: { because: 'restored' },
      });
    }
    for (const token of [...out].slice(-30)) {
      expect((await me(token)).code, `boot ${boot}: ${token} was removed`).not.toBe(200);
    }
    renameSync(away, database);
    await vi.waitFor(async () => expect((await service.status()).source.reachable).toBe(true), soon);
  }
  expect(out.size).toBeGreaterThanOrEqual(boots);
  for (const token of out) expect((await me(token)).code).toBe(401);
  expect(
    files().filter((file) => !/^sessions\.(db|snapshot)(-\w+)?$/.test(file) && !/lock/.test(file)),
  ).toEqual([]);
}, 600_000);
