import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'vitest';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** The path of a browser that playwright-core can drive, where this machine has one. */
function chromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

/**
 * The browser of a test that needs one. Without one the test fails in CI, and elsewhere is skipped, loudly.
 *
 * @example
 * ```ts
 * test('the page', async (context) => {
 *   const browser = await playwright.chromium.launch({ executablePath: needsChromium(context), args: ['--no-sandbox'] });
 * ```
 */
export function needsChromium(context: TestContext): string {
  const path = chromium();
  if (path !== undefined) return path;
  const missing = `No chromium on the PATH: "${context.task.name}" was not run. Install it (Debian: apt-get install chromium).`;
  if (process.env.CI) throw new Error(missing);
  console.warn(`\n!!! ${missing}\n`);
  return context.skip(missing);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
