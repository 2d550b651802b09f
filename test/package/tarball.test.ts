import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, unknown>>;
};

/** Runs a program to its end; both its outputs in one. */
function run(cwd: string, command: string, ...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', VITEST: '', RUNS: '', SEED: '' };
    execFile(command, args, { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
  });
}

/** What it printed. */
async function must(cwd: string, command: string, ...args: string[]): Promise<string> {
  const { code, output } = await run(cwd, command, ...args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${code}:\n${output}`);
  return output;
}

let folder: string;
let tarball: string;
/** A project in which nothing but the tarball was installed, better-sqlite3 left out. */
let project: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-tarball-'));
  // Built here and not by `prepack`, which would pull `dist` from under whatever else runs from it.
  await must(root, 'npm', 'run', 'build', '--silent');
  await must(root, 'npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder);
  tarball = join(folder, readdirSync(folder)[0] ?? 'nothing was packed');

  project = join(folder, 'project');
  cpSync(new URL('./project', import.meta.url), project, { recursive: true });
  await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const quietly = ['--no-audit', '--no-fund', '--loglevel=error'];
  await must(project, 'npm', 'install', tarball, '--omit=optional', '--prefer-offline', ...quietly);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Puts packages of this repository into the project, as if installed there. */
function lend(...names: readonly string[]): void {
  for (const name of names) {
    const at = join(project, 'node_modules', name);
    mkdirSync(dirname(at), { recursive: true });
    if (!existsSync(at)) symlinkSync(join(root, 'node_modules', name), at);
  }
}

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

test('the tarball holds what was compiled, and what belongs beside it', async () => {
  const files = (await must(folder, 'tar', '-tzf', tarball)).trim().split('\n');
  const compiled = (file: string): boolean =>
    /^package\/dist\/(src|supervisors|actors)\/.+\.(js|js\.map|d\.ts)$/.test(file);
  expect(files.filter((file) => !compiled(file)).sort()).toEqual([
    'package/CHANGELOG.md',
    'package/LICENSE',
    'package/README.md',
    'package/package.json',
  ]);
});

describe('in an empty project, without better-sqlite3', () => {
  test('runs as an ES module', async () => {
    expect(existsSync(join(project, 'node_modules/better-sqlite3'))).toBe(false);
    expect(await must(project, 'node', 'in-memory.mjs')).toBe('fresh admin absent\n');
  });

  test('runs by require(), without a CommonJS build', async () => {
    const output = await must(project, 'node', '--disable-warning=ExperimentalWarning', 'by-require.cjs');
    expect(output).toBe('fresh admin absent\n');
  });

  test('every entry can be imported; the one for express-session wants that beside it', async () => {
    const entries = Object.keys(own.exports).filter((entry) => !entry.endsWith('.json'));
    const imports = entries.map(
      (entry) => `await import('holdfast${entry.slice(1)}').catch(({ message }) => console.log(message));`,
    );
    await writeFile(join(project, 'entries.mjs'), imports.join('\n'));
    expect(await must(project, 'node', 'entries.mjs')).toMatch(
      /^Cannot find package 'express-session' .*\n$/,
    );
  });

  test('the SQLite source says what to install', async () => {
    const output = await must(project, 'node', 'without-sqlite.mjs');
    expect(output).toMatch(/^HOLDFAST_\w+ .*npm install better-sqlite3/m);
  });

  test('its types stand strictly, library types checked, with no types of ours beside them', async () => {
    lend('typescript', '@types/node', 'undici-types');
    const compilerOptions = {
      target: 'ES2023',
      lib: ['ES2023', 'ESNext.Disposable'],
      module: 'NodeNext',
      strict: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      types: ['node'],
    };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['user.ts'] }));
    expect(await run(project, 'node', 'node_modules/typescript/bin/tsc', '-p', '.')).toEqual({
      code: 0,
      output: '',
    });
  });
});

describe('a newcomer simulates failures of a job queue of their own, under node:test', () => {
  const told = 'every accepted mail is sent';

  beforeAll(async () => {
    lend('typescript', '@types/node', 'undici-types', 'fast-check');
    const compilerOptions = {
      target: 'ES2023',
      lib: ['ES2023', 'ESNext.Disposable'],
      module: 'NodeNext',
      strict: true,
      skipLibCheck: true,
      noUncheckedIndexedAccess: true,
      types: ['node'],
    };
    await writeFile(join(project, 'job-queue/tsconfig.json'), JSON.stringify({ compilerOptions }));
  });

  const simulated = async (): Promise<{ code: number; output: string }> => {
    await must(project, 'node', 'node_modules/typescript/bin/tsc', '-p', 'job-queue');
    return run(project, 'node', '--test', 'job-queue/job-queue.test.js');
  };

  test('which stands', async () => {
    const { code, output } = await simulated();
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining(`ok 1 - ${told}`) });
  });

  test('and with a bug in it fails, of one command and one crash', async () => {
    const file = join(project, 'job-queue/job-queue.ts');
    const right = readFileSync(file, 'utf8');
    const [send, forget] = ['await send(mail, signal);', 'await table.remove(mail.to, { signal });'];
    const wrong = right.replace(new RegExp(`(${literal(send)})(\\s+)(${literal(forget)})`), '$3$2$1');
    expect(wrong).not.toBe(right);
    await writeFile(file, wrong);
    const { code, output } = await simulated();
    expect(code).toBe(1);
    expect(output).toContain(`"${told}" fails: it is sent`);
    expect(output).toMatch(
      /\d+ failures to 1, \d+ commands to 1\.\n +Each of them needed:\n.* crash .*queue\/worker/,
    );
    expect(output).toMatch(/fault +queue\/worker +crashes \(\w+\), sending/);
    const replay = /HOLDFAST_REPLAY='(.*?)'/.exec(output)?.[1];
    const again = await run(
      project,
      'env',
      `HOLDFAST_REPLAY=${replay}`,
      'node',
      '--test',
      'job-queue/job-queue.test.js',
    );
    expect(again.output).toContain(`"${told}" fails: it is sent`);
    await writeFile(file, right);
    await must(project, 'node', 'node_modules/typescript/bin/tsc', '-p', 'job-queue');
    const mended = await run(
      project,
      'env',
      `HOLDFAST_REPLAY=${replay}`,
      'node',
      '--test',
      'job-queue/job-queue.test.js',
    );
    expect(mended).toMatchObject({ code: 0 });
  });
});

test('with better-sqlite3 its threads start: a source, and a snapshot that a restart is served from', async () => {
  lend('better-sqlite3', 'bindings', 'file-uri-to-path');
  expect(await must(project, 'node', 'with-sqlite.mjs')).toBe('fresh ada\nstale restored ada\n');
});
