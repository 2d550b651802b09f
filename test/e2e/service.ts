import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, vi } from 'vitest';
import type { Status } from '../../src/observe/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join('docs', 'examples', 'session-service', 'main.ts');

/** Quick enough for a test, and still the real thing. */
const quick = {
  PORT: '0',
  WARM_EVERY: '1s',
  SWEEP_EVERY: '200ms',
  SNAPSHOT_EVERY: '200ms',
  BACKOFF_MIN: '50ms',
  BACKOFF_MAX: '400ms',
};

/** A folder of its own for one service: its database and its snapshot outlive the processes that use them. */
export function place() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-e2e-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const database = join(folder, 'sessions.db');
  const snapshot = join(folder, 'sessions.snapshot');
  return {
    folder,
    database,
    snapshot,
    files: () => readdirSync(folder),
    /** Starts the service as a process of its own, and waits until it listens. */
    start: (environment: Record<string, string> = {}) =>
      started(run({ ...quick, SESSIONS_DB: database, SESSIONS_SNAPSHOT: snapshot, ...environment }, folder)),
    /** Starts it and does not wait: for starts that fail. */
    run: (environment: Record<string, string> = {}) =>
      run({ ...quick, SESSIONS_DB: database, SESSIONS_SNAPSHOT: snapshot, ...environment }, folder),
  };
}

export type Process = ReturnType<typeof run>;
export type Service = Awaited<ReturnType<typeof started>>;

function run(environment: Record<string, string>, folder: string) {
  if (!existsSync(join(root, 'dist', 'src', 'index.js'))) {
    throw new Error('These tests run what is built: run `npm run build` first.');
  }
  // The folder is its working directory: what it makes by default is made there.
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', join(root, 'docs', 'built.mjs'), join(root, main)],
    { cwd: folder, env: { PATH: process.env.PATH, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return {
    child,
    exited,
    output: () => output,
    kill(signal: NodeJS.Signals) {
      child.kill(signal);
      return exited;
    },
    /** The first match in what it has printed, as soon as it is there. */
    printed: (pattern: RegExp) =>
      new Promise<RegExpExecArray>((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output);
          if (match) resolve(match);
        };
        child.stdout?.on('data', look);
        child.stderr?.on('data', look);
        look();
        void exited.then(({ code, signal }) =>
          reject(new Error(`Ended (${code ?? signal}) before it printed ${pattern}:\n${output}`)),
        );
      }),
  };
}

/** A busy machine may take this long; a test fails no later. */
export const soon = { timeout: 20_000, interval: 20 };

async function started(process: Process) {
  const [, url = ''] = await process.printed(/served at (http:\/\/\S+?),/);
  const json = { 'content-type': 'application/json' };
  const post = (path: string, body: unknown) =>
    fetch(url + path, { method: 'POST', headers: json, body: JSON.stringify(body) });
  /** As the proxy would hand it on, where `from` is who asked. */
  const me = async (token: string, from?: string): Promise<Answer> => {
    const response = await fetch(`${url}/me`, {
      headers: { authorization: `Bearer ${token}`, ...(from !== undefined && { 'x-forwarded-for': from }) },
    });
    return {
      code: response.status,
      retryAfter: response.headers.get('retry-after'),
      ...(await bodyOf(response)),
    };
  };
  const status = async () =>
    (await (await fetch(`${url}/status`)).json()) as Status & { readonly tree: Node };
  /** What is in memory now is in the snapshot: a writing that began later has ended. */
  const snapshotted = async (): Promise<void> => {
    const last = async () => (await status()).health.lastSnapshot?.at ?? 0;
    for (let began = 0; began < 2; began++) {
      const before = await last();
      await vi.waitFor(async () => expect(await last()).toBeGreaterThan(before), soon);
    }
  };
  return {
    ...process,
    url,
    status,
    snapshotted,
    /** A pass has been completed. */
    warm: () => vi.waitFor(async () => expect((await status()).state.data).toBe('complete'), soon),
    post,
    me,
    get: (path: string, init?: RequestInit) => fetch(url + path, init),
    async login(userId: string): Promise<string> {
      const response = await post('/sessions', { userId });
      const { token } = (await response.json()) as { token: string };
      if (response.status !== 201) throw new Error(`POST /sessions: ${response.status}`);
      return token;
    },
    logout: async (token: string) => (await fetch(`${url}/sessions/${token}`, { method: 'DELETE' })).status,
    chaos: async (body: Record<string, string>) => {
      const response = await post('/chaos', body);
      return { code: response.status, ...(await bodyOf(response)) };
    },
  };
}

/** One actor, as `/status` tells it. */
export interface Node {
  readonly id: string;
  readonly status: string;
  readonly state: unknown;
  readonly incarnation: number;
  readonly restarts: number;
  readonly children?: readonly Node[];
}

/** The actor of that id in the tree. */
export function actor(tree: Node, id: string): Node {
  const find = (node: Node): Node | undefined =>
    node.id === id ? node : node.children?.map(find).find((found) => found !== undefined);
  const found = find(tree);
  if (found === undefined) throw new Error(`No actor "${id}" in ${JSON.stringify(tree)}`);
  return found;
}

export interface Answer {
  readonly code: number;
  readonly retryAfter: string | null;
  readonly [field: string]: unknown;
}

const bodyOf = async (response: Response): Promise<Record<string, unknown>> => {
  const text = await response.text();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
};
