import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A test of a user's: at most two may be in, and the third is let in, or not. */
const guests = (lets: boolean): string => `
import { always, simTest } from '${join(root, 'src/testing/index.ts')}';

simTest('at most two are in', {
  setup: () => ({ in: 0 }),
  workload: () => [
    { name: 'enter', run: (_, guests) => { if (${lets} || guests.in < 2) guests.in++; } },
    { name: 'leave', run: (_, guests) => { guests.in = Math.max(0, guests.in - 1); } },
  ],
  horizon: '1s',
  checks: [always('two', (guests) => guests.in <= 2)],
}, { runs: 30, regressions: new URL('./regressions/', import.meta.url) });
`;

/** Runs it under Node's own runner. What is said of each test: whether it passed, and its name. */
function run(
  file: string,
  env: Readonly<Record<string, string>> = {},
): Promise<[ok: boolean, name: string][]> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', '--test', '--test-reporter=tap', file],
      { cwd: root, env: { PATH: process.env.PATH, NO_COLOR: '1', ...env } },
      (_, stdout) =>
        resolve(
          [...stdout.matchAll(/^ *(not ok|ok) \d+ - (.*at most two are in.*)$/gm)].map(([, ok, name]) => [
            ok === 'ok',
            name as string,
          ]),
        ),
    );
  });
}

test('HOLDFAST_SAVE keeps what failed as a test of its own: it fails until the bug is mended, and stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-regressions-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'guests.test.mts');
  const regressions = join(folder, 'regressions');

  writeFileSync(file, guests(true));
  expect(await run(file)).toEqual([[false, 'at most two are in']]);
  expect(readdirSync(folder)).toEqual(['guests.test.mts']);
  expect(await run(file, { HOLDFAST_SAVE: '1' })).toEqual([[false, 'at most two are in']]);

  const [kept, ...others] = readdirSync(regressions);
  expect(others).toEqual([]);
  expect(JSON.parse(readFileSync(join(regressions, kept as string), 'utf8'))).toMatchObject({
    name: 'at most two are in',
    case: { faults: [], steps: [{}, {}, {}] },
  });
  const regression = `at most two are in: ${kept}`;
  expect(await run(file)).toEqual([
    [false, regression],
    [false, 'at most two are in'],
  ]);

  writeFileSync(file, guests(false));
  expect(await run(file)).toEqual([
    [true, regression],
    [true, 'at most two are in'],
  ]);
});
