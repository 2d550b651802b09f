/** A PostgreSQL server of a test's own: in a temporary folder, on a port of its own, to be stopped and started. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { postgresPrograms } from '../../needs.js';

const run = promisify(execFile);

export interface Cluster {
  readonly port: number;
  readonly url: string;
  /** `'fast'`: as an operator stops it; `'immediate'`: as a crash does. */
  stop(how?: 'fast' | 'immediate'): Promise<void>;
  start(): Promise<void>;
  dispose(): Promise<void>;
}

/** It does not run as root. */
function user(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (option: string): number =>
    Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Makes and starts one. `settings` are lines of postgresql.conf. */
export async function startCluster(
  settings: Readonly<Record<string, string | number>> = {},
): Promise<Cluster> {
  const programs = postgresPrograms();
  if (programs === undefined) throw new Error('There is no PostgreSQL: needsPostgres() comes first.');
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-postgres-'));
  const as = user();
  if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid);
  const data = join(folder, 'data');
  const port = await freePort();
  const program = (name: string, ...args: string[]) =>
    run(join(programs, name), args, { ...as, cwd: folder, env: { ...process.env, LC_ALL: 'C.UTF-8' } });
  await program('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync');
  const options = {
    ...settings,
    fsync: 'off',
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
  };
  const flags = Object.entries(options).map(([name, value]) => `-c ${name}='${value}'`);
  const start = async (): Promise<void> => {
    // pg_ctl hands its outputs on to the server: whoever waits for their end waits for that.
    const starting = spawn(
      join(programs, 'pg_ctl'),
      ['-D', data, '-w', '-t', '60', '-l', join(folder, 'log'), '-o', flags.join(' '), 'start'],
      { ...as, cwd: folder, stdio: 'ignore' },
    );
    const code = await new Promise((resolve) => starting.on('exit', resolve));
    if (code !== 0) throw new Error(`pg_ctl start ended with ${code}.`);
  };
  const stop = async (how: 'fast' | 'immediate' = 'fast'): Promise<void> => {
    await program('pg_ctl', '-D', data, '-m', how, '-w', 'stop');
  };
  await start();
  return {
    port,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    start,
    stop,
    async dispose() {
      await stop('immediate').catch(() => {});
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The server of the ordinary tests: the machine's own where it lets one in, else one of this file's own. */
export async function ordinaryServer(): Promise<{ readonly url: string; dispose(): Promise<void> }> {
  const url = process.env.HOLDFAST_POSTGRES ?? 'postgres://postgres@127.0.0.1:5432/test';
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.end();
    return { url, dispose: async () => {} };
  } catch {
    return startCluster();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
