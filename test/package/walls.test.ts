import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = (name: string): string => join(root, 'node_modules/.bin', name);

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A small house of its own under the real rules: path to content. */
function house(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-walls-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  for (const config of ['package.json', 'tsconfig.json', 'biome.json', '.biome', '.dependency-cruiser.mjs']) {
    cpSync(join(root, config), join(folder, config), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

function run(folder: string, command: string, args: string[]): Promise<{ code: number; stdout: string }> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { cwd: folder, maxBuffer: 2 ** 26, env: { ...process.env, NO_COLOR: '1' } },
      (error, stdout) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout });
      },
    );
  });
}

async function walls(files: Record<string, string>) {
  const foundations = {
    'src/index.ts': `export * from './define-cache.js';\n`,
    'src/define-cache.ts': `export * from './create-runtime.js';\nexport * from '../supervisors/cache-tree.js';\n`,
    'src/create-runtime.ts': `export * from '../supervisors/supervisor.js';\n`,
    'supervisors/cache-tree.ts': `export * from '../actors/actor.js';\nexport * from './supervisor.js';\n`,
    'supervisors/supervisor.ts': `export * from '../src/runtime/actor.js';\n`,
    'actors/actor.ts': `export type * from '../src/sources/port.js';\n`,
    'src/sources/port.ts': `export * from '../threads/thread.js';\nimport type { Database } from 'better-sqlite3';\nexport type Db = Database;\n`,
    'src/threads/thread.ts': `import 'node:worker_threads';\nexport * from '../runtime/actor.js';\n`,
    'src/runtime/actor.ts': `import 'xstate';\nexport * from '../table/table.js';\nexport * from '../bus/bus.js';\n`,
    'src/table/table.ts': `export * from '../errors.js';\n`,
    'src/bus/bus.ts': `import 'mitt';\nexport * from '../fault-point.js';\n`,
    'src/errors.ts': 'export const errors = 1;\n',
    'src/fault-point.ts': 'export const fault = 1;\n',
    'src/testing/index.ts': `export * from '../define-cache.js';\n`,
    'src/sources/postgres/source.ts': `import type { Pool } from 'pg';\nimport 'pg-cursor';\nexport type P = Pool;\n`,
    'src/cli/main.ts': `export * from '../testing/index.js';\n`,
    'src/observe/index.ts': `import 'node:http';\nexport * from '../define-cache.js';\n`,
  };
  const folder = house({ ...foundations, ...files });
  const { code, stdout } = await run(folder, bin('depcruise'), [
    '--config',
    '.dependency-cruiser.mjs',
    'src',
    'supervisors',
    'actors',
  ]);
  const broken = [...stdout.matchAll(/error ([\w-]+: \S+)/g)].map(([, violation]) => violation).sort();
  return { code, broken };
}

describe('the walls between the floors', () => {
  test('let every import downwards through', async () => {
    await expect(walls({})).resolves.toEqual({ code: 0, broken: [] });
  });

  test('stop what goes upwards, in circles, to Node, or around', async () => {
    const { code, broken } = await walls({
      'actors/climbs.ts': `import type { Tree } from '../supervisors/none.js';\nexport type A = Tree;\n`,
      'supervisors/none.ts': 'export type Tree = 1;\n',
      'supervisors/climbs.ts': `export * from '../src/create-runtime.js';\n`,
      'src/runtime/climbs.ts': `export type { Source } from '../sources/leaf.js';\n`,
      'src/table/climbs.ts': `export * from '../runtime/leaf.js';\n`,
      'src/bus/climbs.ts': `export const later = () => import('../runtime/leaf.js');\n`,
      'src/threads/climbs.ts': `export * from '../snapshot/leaf.js';\n`,
      'src/runtime/leaf.ts': 'export const leaf = 1;\n',
      'src/sources/leaf.ts': 'export type Source = 1;\n',
      'src/snapshot/leaf.ts': 'export const page = 1;\n',
      'src/table/ring-a.ts': `import type { B } from './ring-b.js';\nexport type A = B;\n`,
      'src/table/ring-b.ts': `import type { A } from './ring-a.js';\nexport type B = A | 1;\n`,
      'src/runtime/files.ts': `import 'node:fs';\n`,
      'src/runtime/xstate.ts': `export * from './xstate/insides.js';\n`,
      'src/runtime/xstate/insides.ts': `export * from './more.js';\n`,
      'src/runtime/xstate/more.ts': 'export const inner = 1;\n',
      'src/runtime/through.ts': `export * from './xstate.js';\n`,
      'src/runtime/past.ts': `export * from './xstate/insides.js';\n`,
      'src/table/files.ts': `import type { Buffer } from 'node:buffer';\nexport type B = Buffer;\n`,
      'actors/files.ts': `import 'path';\n`,
      'supervisors/actors.ts': `export * from '../actors/leaf.js';\n`,
      'actors/leaf.ts': 'export const worker = 1;\n',
      'src/testing/face.ts': `export * from '../index.js';\n`,
      'src/observe/testing.ts': `export * from '../testing/index.js';\n`,
      'src/stray.ts': `export * from './errors.js';\n`,
      'src/snapshot/test.ts': `export * from '../../test/thing.js';\n`,
      'test/thing.ts': 'export const thing = 1;\n',
      'src/snapshot/undeclared.ts': `import 'fast-check';\n`,
      'src/snapshot/nowhere.ts': `import './nowhere-at-all.js';\n`,
      'actors/native.ts': `import 'better-sqlite3';\n`,
      'src/sources/peer.ts': `import 'pg';\n`,
      'src/testing/cli.ts': `export * from '../cli/main.js';\n`,
    });
    expect(code).toBeGreaterThan(0);
    expect(broken).toEqual(
      [
        'xstate-behind-its-door: src/runtime/past.ts',
        'upwards-from-actors: actors/climbs.ts',
        'upwards-from-supervisors: supervisors/climbs.ts',
        'upwards-from-srcruntime: src/runtime/climbs.ts',
        'upwards-from-srctable: src/table/climbs.ts',
        'upwards-from-srctable: src/bus/climbs.ts',
        'upwards-from-srcthreads: src/threads/climbs.ts',
        'no-circles: src/table/ring-a.ts',
        'runs-in-a-browser: src/runtime/files.ts',
        'runs-in-a-browser: src/table/files.ts',
        'runs-in-a-browser: actors/files.ts',
        'only-the-tree-knows-actors: supervisors/actors.ts',
        'public-face-is-for-others: src/testing/face.ts',
        'top-floor-apart: src/observe/testing.ts',
        'no-floor: src/stray.ts',
        'to-no-floor: src/snapshot/test.ts',
        'declared: src/snapshot/undeclared.ts',
        'resolvable: src/snapshot/nowhere.ts',
        'declared: src/snapshot/nowhere.ts',
        'native-code-at-the-edge: actors/native.ts',
        'postgres-at-the-edge: src/sources/peer.ts',
        'declared: src/sources/peer.ts',
        'upwards-from-srcindexts: src/testing/cli.ts',
      ].sort(),
    );
  });
});

interface Lint {
  readonly diagnostics: readonly {
    readonly category: string;
    readonly location: { readonly path: string | { readonly file: string } };
  }[];
}

describe('the lint rules on time and on the browser', () => {
  async function refused(files: Record<string, string>) {
    const folder = house(files);
    const { code, stdout } = await run(folder, bin('biome'), [
      'lint',
      '--vcs-enabled=false',
      '--reporter=json',
      '--max-diagnostics=none',
      ...Object.keys(files),
    ]);
    const { diagnostics } = JSON.parse(stdout) as Lint;
    const paths = diagnostics.map(({ location }) =>
      typeof location.path === 'string' ? location.path : location.path.file,
    );
    return { code, paths: [...new Set(paths)].sort() };
  }

  test('refuse clocks, timers and chance wherever they are not made, however they are written', async () => {
    const bad = {
      'actors/timer.ts': 'setTimeout(() => {}, 1);\n',
      'actors/alias.ts': 'export const later = setTimeout;\n',
      'actors/wall.ts': 'export const now = Date.now();\n',
      'actors/wall-alias.ts': 'export const now = Date.now;\n',
      'supervisors/wall.ts': 'export const now = new Date();\n',
      'supervisors/monotonic.ts': 'export const now = performance.now();\n',
      'src/table/chance.ts': 'export const chance = Math.random();\n',
      'src/bus/global.ts': 'globalThis.setInterval(() => {}, 1);\n',
      'src/sources/timer.ts': 'setInterval(() => {}, 1);\n',
      'src/define-cache.ts': 'export const now = globalThis.Date.now();\n',
    };
    const good = {
      'src/runtime/time.ts': 'export const now = (): number => globalThis.Date.now();\n',
      'src/testing/clock.ts': 'export const now = Date.now;\nexport const chance = Math.random;\n',
      'actors/pure.ts':
        'export const whole = (at: number): string => new Date(Math.floor(at)).toISOString();\n',
      'test/anything.ts': 'export const now = Date.now();\n',
    };
    const { code, paths } = await refused({ ...bad, ...good });
    expect(code).not.toBe(0);
    expect(paths).toEqual(Object.keys(bad).sort());
  });

  test("refuse Node's globals where a browser must run", async () => {
    const bad = {
      'src/runtime/buffer.ts': 'export const bytes = Buffer.alloc(1);\n',
      'actors/process.ts': 'export const id = process.pid;\n',
    };
    const good = { 'src/sources/bytes.ts': 'export const bytes = Buffer.alloc(1);\n' };
    const { code, paths } = await refused({ ...bad, ...good });
    expect(code).not.toBe(0);
    expect(paths).toEqual(Object.keys(bad).sort());
  });
});
