import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { explore } from 'holdfast/testing';
import { describe, expect, test } from 'vitest';
import jobs from './fixtures/jobs.sim.js';
import {
  account,
  declared,
  exported,
  holdfast,
  interrupted,
  node,
  project,
  root,
} from './simulate-project.js';

const buggy = { 'account.ts': account(true), 'bank.ts': exported() };

interface Document {
  readonly outcome: string;
  readonly simulations: readonly {
    readonly name: string;
    readonly runs: number;
    readonly hash: string;
    readonly heap?: { readonly samples: number };
    readonly failure?: {
      readonly check: string;
      readonly replay: string;
      readonly case: { steps: unknown[] };
    };
  }[];
}

const documentOf = (stdout: string): Document => JSON.parse(stdout) as Document;

describe('a scenario that fails', () => {
  test('is told with its timeline, its diagram and a replay line, which fails in the same way', async () => {
    const { folder } = project(buggy);
    const { code, stdout } = await holdfast(folder, 'simulate', 'bank.ts');
    expect(stdout).toContain('"an account adds up" fails: no deposit is lost');
    expect(stdout).toContain('sequenceDiagram');
    expect(stdout).toMatch(/command +deposit/);
    expect(stdout).toMatch(/\d events\/s, [\d,]+ virtual seconds per second/);
    expect(code).toBe(1);

    const [, ...line] = /Again: npx holdfast (simulate) (bank\.ts) (--replay) (\S+)/.exec(stdout)!;
    const again = await holdfast(folder, ...line);
    expect(again.stdout).toContain('"an account adds up" fails: no deposit is lost');
    expect(again.code).toBe(1);

    const { code: repaired, stdout: told } = await holdfast(
      project({ ...buggy, 'account.ts': account(false) }).folder,
      ...line,
    );
    expect(told).toContain('"an account adds up" holds in this case');
    expect(repaired).toBe(0);
  });

  test('is one JSON document, whatever the scenario prints', async () => {
    const noisy = `console.log('loaded');\n${exported()}`;
    const { folder } = project({ ...buggy, 'bank.ts': noisy });
    const { code, stdout, stderr } = await holdfast(folder, 'simulate', 'bank.ts', '--json', '--seed', '3');
    const { outcome, simulations } = documentOf(stdout);
    expect(outcome).toBe('failed');
    expect(simulations).toHaveLength(1);
    expect(simulations[0]).toMatchObject({
      name: 'an account adds up',
      failure: { check: 'no deposit is lost' },
    });
    expect(simulations[0]?.failure?.case.steps).toHaveLength(2);
    expect(stderr).toContain('loaded');
    expect(code).toBe(1);
    const again = await holdfast(
      folder,
      'simulate',
      'bank.ts',
      '--replay',
      simulations[0]!.failure!.replay,
      '--json',
    );
    expect(documentOf(again.stdout).simulations[0]?.failure?.check).toBe('no deposit is lost');
  });
});

describe('a scenario that holds', () => {
  test('is told with what failed how often, and is no failure', async () => {
    const { folder } = project({ 'account.mjs': account(false), 'bank.mjs': exported('account.mjs') });
    const { code, stdout } = await holdfast(folder, 'simulate', 'bank.mjs', '--runs', '20', '--verify');
    expect(stdout).toContain('"an account adds up" held.');
    expect(stdout).toMatch(/^20 runs, /m);
    expect(stdout).toMatch(/^jump +\d/m);
    expect(code).toBe(0);
  });

  test('fails where a kind of failure came about in no run, unless that is allowed', async () => {
    const crashing = exported('account.mjs').replace('clock: true', "crashes: ['nobody']");
    const { folder } = project({ 'account.mjs': account(false), 'bank.mjs': crashing });
    const some = ['simulate', 'bank.mjs', '--runs', '3'];
    const { code, stdout } = await holdfast(folder, ...some);
    expect(stdout).toContain('"an account adds up" held, but not everything was tried.');
    expect(stdout).toContain('NEVER CAME TO: fault "crash"');
    expect(code).toBe(1);
    expect((await holdfast(folder, ...some, '--incomplete')).code).toBe(0);
  });

  test('may be one of several that simTest declares, which say how they are played', async () => {
    const { folder } = project({ 'account.ts': account(false), 'bank.test.ts': declared() });
    const { code, stdout } = await holdfast(folder, 'simulate', 'bank.test.ts', '--json', '--incomplete');
    const { outcome, simulations } = documentOf(stdout);
    expect(outcome).toBe('held');
    expect(simulations.map(({ name, runs }) => [name, runs])).toEqual([
      ['an account adds up', 3],
      ["another's account", 4],
    ]);
    expect(code).toBe(0);
  });

  test('is what Holdfast plays where no file is given', async () => {
    const { code, stdout } = await holdfast(project({}).folder, 'simulate', '--runs', '2', '--incomplete');
    expect(stdout).toMatch(/" held[.,]/);
    expect(stdout).toMatch(/^2 runs, /m);
    expect(code).toBe(0);
  });
});

describe('a regression test that it writes', () => {
  test.each([
    {
      runner: 'vitest',
      packages: ['fast-check', 'tsx', 'vitest'],
      run: ['node_modules/vitest/vitest.mjs', 'run'],
    },
    { runner: 'node:test', packages: ['fast-check', 'tsx'], run: ['--import', 'tsx', '--test'] },
  ])('fails with the bug and passes without, under $runner', async ({ runner, packages, run }) => {
    const { folder, write } = project({ ...buggy, 'bank.sim.ts': declared() }, packages);
    const file = join('tests', 'bank.test.ts');
    const wrote = await holdfast(folder, 'simulate', 'bank.sim.ts', '--runs', '50', '--regression', file);
    expect(wrote.stderr).toContain(`Written: ${file}`);
    const text = readFileSync(join(folder, file), 'utf8');
    expect(text).toContain(`from '${runner}'`);
    expect(text).toContain("import('../bank.sim.js')");

    const failing = await node(folder, ...run, file);
    expect(failing.stdout + failing.stderr).toContain('no deposit is lost');
    expect(failing.code).toBe(1);
    write('account.ts', account(false));
    const passing = await node(folder, ...run, file);
    expect(passing.stdout + passing.stderr).toMatch(/2 passed|pass 2/);
    expect(passing.code).toBe(0);
  });
});

describe('what cannot be played', () => {
  test.each([
    { what: 'an unknown option', line: ['bank.ts', '--sed', '1'], told: /Unknown option '--sed'.*--seed/ },
    {
      what: 'a bad duration',
      line: ['bank.ts', '--for', '3 parsecs'],
      told: /"--for" must be a duration.*'10m'/,
    },
    {
      what: 'a bad number',
      line: ['bank.ts', '--runs', 'many'],
      told: /--runs must be a whole number from 1/,
    },
    { what: 'no such file', line: ['bonk.ts'], told: /There is no file bonk\.ts/ },
    {
      what: 'a file without a scenario',
      line: ['account.ts'],
      told: /account\.ts has no scenario.*defineScenario/,
    },
    {
      what: 'a file that cannot be loaded',
      line: ['broken.ts'],
      told: /broken\.ts cannot be loaded: .*gone\.js/,
    },
    { what: 'a replay that is none', line: ['bank.ts', '--replay', 'x'], told: /This is no case/ },
  ])('$what: says so, on stderr alone, and ends with 2', async ({ line, told }) => {
    const { folder } = project({ ...buggy, 'broken.ts': "import './gone.js';" });
    const { code, stdout, stderr } = await holdfast(folder, 'simulate', ...line);
    expect(stderr).toMatch(told);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('a replay of one of several scenarios needs its name', async () => {
    const { folder } = project({ 'account.ts': account(true), 'bank.ts': declared() });
    const play = (...args: string[]) => holdfast(folder, 'simulate', 'bank.ts', ...args);
    const { simulations } = documentOf((await play('--json', '--runs', '50')).stdout);
    const { replay } = simulations[1]!.failure!;
    const nameless = await play('--replay', replay);
    expect(nameless.stderr).toContain('"an account adds up", "another\'s account"');
    expect(nameless.code).toBe(2);
    const named = await play('--replay', `another's account=${replay}`);
    expect(named.stdout).toContain('"another\'s account" fails: no deposit is lost');
    expect(named.stdout).toContain(`--replay 'another'\\''s account=`);
  });
});

test('a soak goes on with seed after seed, and tells how the heap grows', async () => {
  const { folder } = project({ 'account.mjs': account(false), 'bank.mjs': exported('account.mjs') });
  const line = ['simulate', 'bank.mjs', '--for', '3s', '--runs', '5', '--json', '--incomplete'];
  const { stdout } = await holdfast(folder, ...line);
  const [bank] = documentOf(stdout).simulations;
  expect(bank?.runs).toBeGreaterThan(5);
  expect(bank?.heap?.samples).toBeGreaterThan(0);
});

test('Ctrl-C ends it with what was found so far', async () => {
  const { folder } = project({ 'account.mjs': account(false), 'bank.mjs': exported('account.mjs') });
  const { code, stdout } = await interrupted(folder, 'simulate', 'bank.mjs', '--for', '1h');
  expect(stdout).toContain('"an account adds up" has held so far');
  expect(code).toBe(130);
});

test('vitest, node:test and the command line play the same runs of a seed', async () => {
  const { hash } = await explore(fc, jobs, { seed: 7, runs: 10 });
  expect(hash).toMatch(/^[0-9a-f]{8}$/);
  const line = ['simulate', 'test/e2e/fixtures/jobs.sim.ts', '--seed', '7', '--runs', '10', '--json'];
  const [commanded, tested] = await Promise.all([
    holdfast(root, ...line),
    node(root, '--import', 'tsx', '--test', 'test/e2e/programs/jobs.node-test.ts'),
  ]);
  expect(documentOf(commanded.stdout).simulations[0]?.hash).toBe(hash);
  expect(tested.stdout).toContain(`hash: ${hash}`);
});
