import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist', 'src', 'cli', 'main.js');

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Not what vitest sets for itself. */
const env = { PATH: process.env.PATH, NO_COLOR: '1' };

/** Runs Node.js to its end. */
export const node = (cwd: string, ...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, args, { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });

/** The command, to its end. */
export function holdfast(cwd: string, ...args: string[]): Promise<Ended> {
  if (!existsSync(main)) throw new Error('These tests run what is built: run `npm run build` first.');
  return node(cwd, main, ...args);
}

/** Starts the command, interrupts it once it has told how far it is, and waits for its end. */
export function interrupted(cwd: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { cwd, env });
    const told = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      told.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (told.stderr === '') child.kill('SIGINT');
      told.stderr += text;
    });
    child.on('close', (code) => resolve({ code: code ?? -1, ...told }));
  });
}

/** A project of a user's, in which packages of this repository are installed. */
export function project(files: Readonly<Record<string, string>>, packages = ['fast-check', 'tsx']) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-simulate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'holdfast'));
  for (const name of packages)
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  write('package.json', '{ "private": true, "type": "module" }');
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { folder, write };
}

/** An account whose deposits take a second. `bug`: two at once, and one is lost. */
export const account = (bug: boolean): string => `
  export function account() {
    let balance = 0;
    let last = Promise.resolve();
    const deposit = async () => {
      const before = balance;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      balance = before + 1;
    };
    return {
      deposit: ${bug ? 'deposit' : '() => (last = last.then(deposit))'},
      balance: () => balance,
    };
  }
`;

const scenario = `{
  setup: () => ({ made: [], account: account() }),
  workload: ({ made, account }) => [
    { name: 'deposit', run: () => { made.push(1); account.deposit(); } },
  ],
  steps: 6,
  horizon: '20s',
  faults: faults.any({ clock: true }),
  checks: [eventually('no deposit is lost', '30s', ({ made, account }) => account.balance() === made.length)],
}`;

const imports = (file: string, ...names: string[]): string =>
  `import { ${names.join(', ')} } from 'holdfast/testing';\nimport { account } from './${file}';\n`;

/** A scenario file with a default export. */
export const exported = (file = 'account.js'): string =>
  `${imports(file, 'defineScenario', 'eventually', 'faults')}export default defineScenario('an account adds up', ${scenario});`;

/** A scenario file with two tests. */
export const declared = (file = 'account.js'): string =>
  `${imports(file, 'eventually', 'faults', 'simTest')}
simTest('an account adds up', ${scenario}, { runs: 3 });
simTest("another's account", ${scenario}, { runs: 4, seed: 2 });`;
