/** `npx holdfast postgres install-trigger`, against a real server. */
import { afterAll, beforeAll, describe, expect, onTestFinished, it as plain, vi } from 'vitest';
import { command } from '../../src/cli/command.js';
import { needsPostgres, postgresPrograms } from '../needs.js';
import { ordinaryServer } from '../sources/postgres/cluster.js';
import { sessionsSource, sessionsTable } from '../sources/postgres/sessions-table.js';

async function said(...line: readonly string[]) {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const code = await command(line, {
    stdout: { write: (text: string) => stdout.push(text) },
    stderr: { write: (text: string) => stderr.push(text) },
    version: () => '0',
  });
  return { code, stdout: stdout.join(''), stderr: stderr.join('') };
}

let server: Awaited<ReturnType<typeof ordinaryServer>> | undefined;
beforeAll(async () => {
  if (postgresPrograms() !== undefined || process.env.HOLDFAST_POSTGRES !== undefined)
    server = await ordinaryServer();
}, 60_000);
afterAll(() => server?.dispose());

const it = (name: string, body: (url: string) => Promise<void>) =>
  plain(name, async (test) => {
    if (server === undefined) needsPostgres(test);
    await body(server?.url ?? '');
  });

async function place(url: string) {
  const made = await sessionsTable(url);
  onTestFinished(() => made.dispose());
  return made;
}

/** The names of its triggers. */
async function installed({ writer, table }: Awaited<ReturnType<typeof place>>) {
  const { rows } = await writer.query(
    `SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass($1) AND NOT tgisinternal ORDER BY 1`,
    [table],
  );
  return rows.map((row) => row.tgname);
}

const all = ['delete', 'insert', 'truncate', 'update'].map((on) => `holdfast_notify_${on}`);

describe('postgres install-trigger', () => {
  it('installs it, says so, and the second time does nothing', async (url) => {
    const at = await place(url);
    const line = ['postgres', 'install-trigger', '--table', at.table, '--key', 'token', '--connection', url];
    expect(await said(...line)).toEqual({
      code: 0,
      stdout: `Installed on table "${at.table}": what is written to it is told by its "token".\n`,
      stderr: '',
    });
    expect(await installed(at)).toEqual(all);
    // Nobody may be locked out by a second time: somebody reads the table all the while.
    const reader = await at.writer.connect();
    await reader.query(`BEGIN; SELECT 1 FROM ${at.table}`);
    expect(await said(...line)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing was done'),
    });
    await reader.query('ROLLBACK');
    reader.release();
    expect(await installed(at)).toEqual(all);
  });

  it('mends what is not as this version has it', async (url) => {
    const at = await place(url);
    const line = ['postgres', 'install-trigger', '--table', at.table, '--key', 'token', '--connection', url];
    await said(...line);
    await at.writer.query(`DROP TRIGGER holdfast_notify_delete ON ${at.table}`);
    await at.writer.query(`ALTER TABLE ${at.table} DISABLE TRIGGER holdfast_notify_update`);
    expect(await said(...line)).toMatchObject({ code: 0, stdout: expect.stringContaining('Installed') });
    const giving = new AbortController();
    const told: unknown[] = [];
    const source = sessionsSource(at, { notify: true });
    onTestFinished(() => source.close());
    let opened = false;
    const ended = source.subscribe!({
      signal: giving.signal,
      onOpen: () => {
        opened = true;
      },
      onChange: (keys) => told.push(keys),
      onGap: () => told.push('gap'),
    });
    await vi.waitFor(() => expect(opened).toBe(true));
    await at.write({ key: 'a' });
    await at.writer.query(`DELETE FROM ${at.table}`);
    await vi.waitFor(() => expect(told).toEqual([['a'], ['a']]));
    giving.abort();
    await ended;
  });

  it('waits for the table no longer than it was told, and then has changed nothing', async (url) => {
    const at = await place(url);
    const writer = await at.writer.connect();
    await writer.query(`BEGIN; INSERT INTO ${at.table} (token) VALUES ('a')`);
    const { code, stderr } = await said(
      'postgres',
      'install-trigger',
      '--table',
      at.table,
      '--key',
      'token',
      '--connection',
      url,
      '--lock-timeout',
      '50ms',
    );
    expect(code).toBe(1);
    expect(stderr).toContain('lock timeout');
    await writer.query('ROLLBACK');
    writer.release();
    expect(await installed(at)).toEqual([]);
  });

  it('prints the SQL, which installs the same; names are quoted', async (url) => {
    const at = await place(url);
    await at.writer.query(`CREATE TABLE ${at.schema}."odd ""table" ("it's ""the"" key" text PRIMARY KEY)`);
    const line = [
      'postgres',
      'install-trigger',
      '--table',
      `${at.schema}.odd "table`,
      '--key',
      `it's "the" key`,
    ];
    const printed = await said(...line, '--print');
    expect(printed.code).toBe(0);
    await at.writer.query(printed.stdout);
    expect(await said(...line, '--connection', url)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing was done'),
    });
    await at.writer.query(`INSERT INTO ${at.schema}."odd ""table" VALUES ('x')`);
  });

  it('refuses a table or a column that is not there, and a server that is away', async (url) => {
    const at = await place(url);
    const on = (...line: readonly string[]) => said('postgres', 'install-trigger', ...line);
    expect(await on('--table', `${at.schema}.none`, '--key', 'token', '--connection', url)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has no table'),
    });
    expect(await on('--table', at.table, '--key', 'nokey', '--connection', url)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has no column "nokey"'),
    });
    expect(await installed(at)).toEqual([]);
    await at.proxy.down();
    const { connectionString } = at.connection;
    expect(await on('--table', at.table, '--key', 'token', '--connection', connectionString)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be reached'),
    });
  });

  plain.each([
    [['postgres'], 'What is to be done was not said'],
    [['postgres', 'uninstall'], 'There is no "postgres uninstall"'],
    [['postgres', 'install-trigger', '--key', 'k'], '--table is missing'],
    [['postgres', 'install-trigger', '--table', 't'], '--key is missing'],
    [['postgres', 'install-trigger', '--tabel', 't'], '--tabel'],
    [['postgres', 'install-trigger', '--table', 'a.b.c', '--key', 'k'], '"table"'],
    [
      ['postgres', 'install-trigger', '--table', 't', '--key', 'k', '--lock-timeout', 'soon'],
      '--lock-timeout',
    ],
    [['mysql'], 'There are simulate and postgres'],
    [[], 'No command was given'],
  ])('%j cannot be done: 2', async (line, why) => {
    const { code, stdout, stderr } = await said(...line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(why);
  });

  plain('tells what it can', async () => {
    expect((await said('--help')).stdout).toContain('postgres install-trigger');
    expect((await said('postgres', '--help')).stdout).toContain('--lock-timeout');
    expect(await said('--version')).toEqual({ code: 0, stdout: '0\n', stderr: '' });
  });
});
