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
import { type Database, openDatabase } from './outage/database.js';
import { installed } from './outage/installed.js';
import { type Contender, contenders } from './outage/peers.js';

const sessions = Array.from({ length: 100 }, () => crypto.randomUUID());
const ttl = 200;
const clients = { waves: 30, every: 100, strangers: 20 };

type Facts = Readonly<Record<string, number | string>>;

const grouped = new Intl.NumberFormat('en');

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

/** How many rejections nobody handled while `work` ran: by Node's default the first of them ends the process. */
async function unhandled(work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const listener = (): void => {
    count += 1;
  };
  process.on('unhandledRejection', listener);
  try {
    await work();
    await pause(100);
  } finally {
    process.off('unhandledRejection', listener);
  }
  return count;
}

/** Warm, then the database goes away in the given manner, then clients call; at last its connections break. */
async function outage(contender: Contender, database: Database, manner: 'down' | 'hang'): Promise<Facts> {
  return withFolder(async (folder) => {
    await database.up();
    const opened = await contender.open(database.load, { ttl, folder });
    await Promise.all(sessions.map((key) => opened.read(key)));
    await database[manner]();
    await pause(2 * ttl);
    database.count();
    const { known, unknown, slowest } = await callFor(opened, sessions, clients);
    const calls = database.count();
    const ends = await unhandled(() => database.down());
    await opened.close();
    return { calls, known: told(known), unknown: told(unknown), slowest, ends };
  });
}

/** Warm, stopped in order, started again with the database away: how many of the sessions are served. */
async function restart(contender: Contender, database: Database): Promise<string> {
  return withFolder(async (folder) => {
    await database.up();
    const before = await contender.open(database.load, { ttl, folder });
    await Promise.all(sessions.map((key) => before.read(key)));
    await before.close();
    await database.down();
    await pause(2 * ttl);
    const after = await contender.open(database.load, { ttl, folder });
    const { known } = await callFor(after, sessions, { waves: 1, every: 0, strangers: 0 });
    await after.close();
    return told(known);
  });
}

async function hits(bench: Bench, database: Database): Promise<Facts> {
  return withFolder(async (folder) => {
    await database.up();
    const open = await Promise.all(
      contenders.map(async (contender) => {
        const opened = await contender.open(database.load, {
          ttl: 3_600_000,
          folder: join(folder, contender.name),
        });
        await Promise.all(sessions.map((key) => opened.read(key)));
        return { name: contender.name, opened };
      }),
    );
    const times = Math.ceil(50_000 * bench.scale);
    const values = await bench.compare(
      'a hit through the loading call',
      'ops/s',
      Object.fromEntries(
        open.map(({ name, opened }) => [
          name,
          () => perSecondAwaited(times, (index) => opened.read(sessions[index % sessions.length] ?? '')),
        ]),
      ),
    );
    await Promise.all(open.map(({ opened }) => opened.close()));
    return values;
  });
}

export default suite({
  name: 'outage',
  about: 'what callers get while the database is away',
  async run(bench) {
    const database = await openDatabase(sessions);
    const rows: string[][] = [];
    const note = (
      title: string,
      unit: string,
      values: Facts,
      cell = (value: number | string) => String(value),
    ) => {
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

    const reads = clients.waves * sessions.length;
    const guesses = clients.waves * clients.strangers;
    for (const [manner, what] of [
      ['down', 'refuses connections'],
      ['hang', 'accepts and never answers'],
    ] as const) {
      const found = await each((contender) => {
        bench.note(`${contender.name}: the database ${what}`);
        return outage(contender, database, manner);
      });
      const whole = (value: number | string): string =>
        typeof value === 'number' ? grouped.format(Math.round(value)) : value;
      note(`it ${what}: calls made to it`, 'calls', pick(found, 'calls'), whole);
      note(`… ${grouped.format(reads)} reads of sessions held before`, 'text', pick(found, 'known'));
      note(`… ${grouped.format(guesses)} reads of tokens never seen`, 'text', pick(found, 'unknown'));
      note('… the slowest answer', 'ms', pick(found, 'slowest'), (value) => `${whole(value)} ms`);
      if (manner === 'hang') {
        note('… its connections break: unhandled rejections', 'rejections', pick(found, 'ends'), whole);
      }
    }
    note(
      `the process restarts meanwhile: ${sessions.length} sessions`,
      'text',
      await each((contender) => restart(contender, database)),
    );

    const speed = await hits(bench, database);
    rows.push([
      'a hit through the same call, per second',
      ...contenders.map(({ name }) => grouped.format(Math.round(Number(speed[name]) / 1000) * 1000)),
    ]);
    const sizes = await each(({ package: name }) => installed(name));
    note(
      'installed with all it needs',
      'text',
      Object.fromEntries(
        Object.entries(sizes).map(([name, { packages, megabytes }]) => [
          name,
          `${megabytes.toFixed(1)} MB, ${packages} ${packages === 1 ? 'package' : 'packages'}`,
        ]),
      ),
    );
    await database.close();
    bench.writeReadme(
      'outage',
      markdown(
        [
          'The database is away',
          ...contenders.map(({ name }) => (name === 'holdfast' ? '**Holdfast**' : name)),
        ],
        rows,
      ),
    );
  },
});
