import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openPage } from './browser.js';
import { requests } from './requests.js';
import { fill, tokensIn } from './rows.js';
import { actor, place, soon } from './service.js';

test('the page: live, its buttons do what they say, and it comes back after a restart', async (context) => {
  const { start, database } = place();
  fill(database, 2_000);
  let service = await start({ WARM_EVERY: '500ms' });
  const port = new URL(service.url).port;
  await service.warm();
  const load = requests(service, tokensIn(database), 1);
  const { page, wrong, asked } = await openPage(context, service.url);
  const see = (text: string | RegExp) => page.getByText(text).first().waitFor({ timeout: 15_000 });
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const row = (id: string) => page.locator(`[data-path$="/${id}"]`);

  await see('2,000 entries in memory, and the source answers.');
  await see('live');
  for (const id of ['cache', 'snapshotter', 'throttle', 'warmer', 'janitor']) {
    expect(await row(id).getAttribute('data-status')).toBe('running');
  }
  await see('pass complete');

  await press('Pull it away');
  await see('The source is away');
  await see(/attempt \d+ failed/);
  await see(/go on being served/);
  await row('warmer').getByText('backoff').waitFor();
  await page.locator('#timeline li[data-type="source.down"]').first().waitFor();
  await press('warmer');
  await row('warmer').getByText('1 restart · #2').waitFor();
  await page.locator('#timeline li[data-type="actor.crashed"]').first().waitFor();
  expect(actor((await service.status()).tree, 'warmer').incarnation).toBe(2);
  await page.screenshot({ path: join(tmpdir(), 'holdfast-page-down.png'), fullPage: true });

  await press('Give it back');
  await see('The source answers');
  await page.locator('#timeline li[data-type="source.up"]').first().waitFor();
  const fresh = page.locator('.tile.fresh b');
  const shown = async () => Number(((await fresh.textContent()) ?? '').replaceAll(',', ''));
  const before = await shown();
  await vi.waitFor(async () => expect(await shown()).toBeGreaterThan(before), soon);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: join(tmpdir(), 'holdfast-page-up.png'), fullPage: true });

  await load.stop();
  await service.kill('SIGTERM');
  await see('The service does not answer. Trying again…');
  service = await start({ PORT: port, WARM_EVERY: '500ms' });
  await see('2,000 entries in memory, and the source answers.');
  await see('the service was started again');

  expect(wrong).toEqual([]);
  for (const url of asked) expect(new URL(url).protocol === 'data:' || new URL(url).port === port).toBe(true);
});
