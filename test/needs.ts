import { accessSync, constants, existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'vitest';

/** The path of the first program that this machine has, of one of these names. */
function found(...names: readonly string[]): string | undefined {
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
export const needsChromium = (context: TestContext): string =>
  needs(context, 'chromium', 'chromium', found('chromium', 'chromium-browser', 'google-chrome'));

/** Erlang/OTP's escript, for a test that compares with the real thing. Without one, as with `needsChromium`. */
export const needsEscript = (context: TestContext): string =>
  needs(context, 'escript', 'erlang-base', found('escript'));

/** The folder of PostgreSQL's programs, for a test against a real server. Without one, as with `needsChromium`. */
export const needsPostgres = (context: TestContext): string =>
  needs(context, 'initdb', 'postgresql', postgresPrograms());

/** The newest there is; Debian keeps them out of the PATH. */
export function postgresPrograms(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => join(debian, version, 'bin'));
  const path = found('initdb') ?? folders.map((folder) => join(folder, 'initdb')).find(isExecutable);
  return path === undefined ? undefined : dirname(realpathSync(path));
}

function needs(context: TestContext, program: string, debian: string, path: string | undefined): string {
  if (path !== undefined) return path;
  const missing = `No ${program} on the PATH: "${context.task.name}" was not run. Install it (Debian: apt-get install ${debian}).`;
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
