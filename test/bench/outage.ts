/**
 * What a cache does while its database is away, each set up as its documentation says, against a real socket that refuses
 * connections, or accepts them and never answers. The table of the README is this suite's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { markdown } from './harness/report.js';
import { perSecondAwaited } from './harness/rounds.js';
import { type Bench, suite } from './harness/suite.js';
import { callFor, type Outcome } from './outage/callers.js';
import { openDatabase } from './outage/database.js';
import { type Installed, installed } from './outage/installed.js';
import { type Contender, contenders, type Opened } from './outage/peers.js';

const sessions = Array.from({ length: 100 }, () => crypto.randomUUID());
const ttl = 200;
const clients = { waves: 30, every: 100, strangers: 20 };

const howToRead = `Each as its documentation sets it up for this: lru-cache with \`allowStaleOnFetchRejection\` and a signal of 1 s, bentocache
with \`grace\`, timeouts of 200 ms and 1 s, and its file driver, cacheable with \`throwErrors\`, Holdfast with a snapshot and its
defaults. *Marked*: the answer itself says that it is stale (lru-cache can tell by its \`status\` option, bentocache by an event).
*undefined* is also the answer for "no such session". *hangs*: no answer within 3 s. Others win where a hanging database is to
be given up sooner (Holdfast's \`load.timeout\` is 2 s), and by far in size.`;

type Facts = Readonly<Record<string, number | string>>;

const grouped = new Intl.NumberFormat('en');

const whole = (value: number | string): string =>
  typeof value === 'number' ? grouped.format(Math.round(value)) : value;

/** Two digits: what a rerun will find again. */
const rounded = (value: number | string | undefined): string =>
  new Intl.NumberFormat('en', { maximumSignificantDigits: 2 }).format(Number(value));

const size = ({ packages, megabytes }: Installed): string =>
  `${megabytes.toFixed(1)} MB, ${packages} ${packages === 1 ? 'package' : 'packages'}`;

function told(outcome: Outcome): string {
  const [only] = outcome.keys();
  if (outcome.size === 1 && only !== undefined) return `all: ${only}`;
  return [...outcome]
    .sort(([, a], [, b]) => b - a)
    .map(([name, times]) => `${grouped.format(times)} ${name}`)
    .join(', ');
}

async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-outage-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads every session once, one by one: on a busy machine a hundred at once would run into the caches' own timeouts. */
async function fill(opened: Opened): Promise<void> {
  for (const key of sessions) {
    const { value } = await opened.read(key);
    if (value === undefined) throw new Error('A cache did not load a session while its database was there.');
  }
}

/** Warm, then the database goes away in the given manner, then clients call. */
async function outage(contender: Contender, manner: 'down' | 'hang'): Promise<Facts> {
  return withFolder(async (folder) => {
    const database = await openDatabase(sessions);
    const opened = await contender.open(database.load, { ttl, folder });
    await fill(opened);
    await database[manner]();
    await pause(2 * ttl);
    database.count();
    const { known, unknown, slowest } = await callFor(opened, sessions, clients);
    const calls = database.count();
    await database.down();
    await opened.close();
    return { calls, known: told(known), unknown: told(unknown), slowest };
  });
}

/** Warm, stopped in order, started again with the database away: how many of the sessions are served. */
async function restart(contender: Contender): Promise<string> {
  return withFolder(async (folder) => {
    const database = await openDatabase(sessions);
    const before = await contender.open(database.load, { ttl, folder });
    await fill(before);
    await before.close();
    await database.down();
    await pause(2 * ttl);
    const after = await contender.open(database.load, { ttl, folder });
    const { known } = await callFor(after, sessions, { waves: 1, every: 0, strangers: 0 });
    await after.close();
    return told(known);
  });
}

async function hits(bench: Bench): Promise<Facts> {
  return withFolder(async (folder) => {
    const database = await openDatabase(sessions);
    const open = await Promise.all(
      contenders.map(async (contender) => {
        const opened = await contender.open(database.load, {
          ttl: 3_600_000,
          folder: join(folder, contender.name),
        });
        await fill(opened);
        return { name: contender.name, opened };
      }),
    );
    const times = Math.ceil(200_000 * bench.scale);
    const values = await bench.compare(
      'a hit',
      'ops/s',
      Object.fromEntries(
        open.map(({ name, opened }) => [
          name,
          () => perSecondAwaited(times, (index) => opened.hit(sessions[index % sessions.length] ?? '')),
        ]),
      ),
    );
    await Promise.all(open.map(({ opened }) => opened.close()));
    await database.down();
    return values;
  });
}

export default suite({
  name: 'outage',
  about: 'what callers get while the database is away',
  async run(bench) {
    const rows: string[][] = [];
    const note = (
      title: string,
      unit: string,
      values: Facts,
      cell: (value: number | string) => string = String,
    ): void => {
      bench.record(title, unit, values);
      rows.push([title, ...contenders.map(({ name }) => cell(values[name] ?? ''))]);
    };
    const each = async <T>(run: (contender: Contender) => Promise<T> | T): Promise<Record<string, T>> => {
      const found: Record<string, T> = {};
      for (const contender of contenders) found[contender.name] = await run(contender);
      return found;
    };
    const pick = (found: Record<string, Facts>, fact: string): Facts =>
      Object.fromEntries(Object.entries(found).map(([name, facts]) => [name, facts[fact] ?? '']));

    const reads = grouped.format(clients.waves * sessions.length);
    const guesses = grouped.format(clients.waves * clients.strangers);
    for (const [manner, what] of [
      ['down', 'refuses connections'],
      ['hang', 'never answers'],
    ] as const) {
      const found = await each((contender) => {
        bench.note(`${contender.name}: the database ${what}`);
        return outage(contender, manner);
      });
      note(`It ${what}: ${reads} reads of sessions it had`, 'text', pick(found, 'known'));
      note(`It ${what}: ${guesses} reads of tokens never seen`, 'text', pick(found, 'unknown'));
      note(`It ${what}: calls made to it`, 'calls', pick(found, 'calls'), whole);
      note(`It ${what}: the slowest answer`, 'ms', pick(found, 'slowest'), (value) =>
        value === 0 ? 'none came' : `${whole(value)} ms`,
      );
    }
    note(
      `The process restarts meanwhile: ${sessions.length} sessions it had`,
      'text',
      await each((contender) => restart(contender)),
    );

    const speed = await hits(bench);
    rows.push(['Hits per second, in peace', ...contenders.map(({ name }) => rounded(speed[name]))]);
    note('Installed, with all it needs', 'text', await each(({ package: name }) => size(installed(name))));
    note(
      'Installed, optional packages (native code) left out',
      'text',
      await each(({ package: name }) => size(installed(name, { optional: false }))),
    );
    const header = contenders.map(({ name }) => (name === 'holdfast' ? '**Holdfast**' : name));
    const table = markdown(['The database is away', ...header], rows);
    bench.writeReadme('outage', `${table}\n\n${howToRead}`);
  },
});
