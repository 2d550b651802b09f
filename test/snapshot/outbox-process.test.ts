import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { compiled } from './compiled.js';
import { place } from './place.js';

let out = '';
beforeAll(async () => {
  const code = await compiled(['src', 'actors', 'supervisors', 'test/snapshot/fixtures']);
  out = code.out;
  return code.remove;
}, 60_000);

const kills = 12;

it(`SIGKILL at ${kills} random moments of removing: what was acknowledged reaches the source, in order, and no key is in the file's bytes`, async () => {
  const { folder, file } = await place();
  const database = join(folder, 'rows.db');
  const db = new Database(database);
  db.exec(
    'CREATE TABLE rows (key TEXT PRIMARY KEY, value TEXT); CREATE TABLE removals (id INTEGER PRIMARY KEY, key TEXT)',
  );
  const insert = db.prepare('INSERT INTO rows VALUES (?, ?)');
  db.transaction(() => {
    for (let nth = 0; nth < 20_000; nth += 1) insert.run(`key-${nth}`, 'x');
  })();
  db.close();
  const away = `${database}.away`;

  const queued: string[] = [];
  const wrong: string[] = [];
  let last = 0;
  const start = async (doing: string) => {
    const child: ChildProcess = spawn(
      process.execPath,
      [join(out, 'test/snapshot/fixtures/remover.js'), database, file, doing],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = once(child, 'close');
    let empty = false;
    let before = queued.length;
    const open = new Promise<void>((resolve, reject) => {
      createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
        const [what, key = ''] = line.split(' ');
        if (what === 'open') resolve();
        else if (what === 'E') empty = true;
        else if (what === 'Q') queued.push(key);
        else if (what === '!') wrong.push(line);
        if (what === 'Q' || what === 'R') last = Math.max(last, Number(key.slice(4)));
      });
      void ended.then(() => reject(new Error('It ended before it was open.')));
    });
    open.catch(() => {});
    await open;
    return {
      removed: () => queued.length - before,
      empty: () => empty,
      begin: () => {
        before = queued.length;
      },
      async kill() {
        child.kill('SIGKILL');
        await ended;
      },
    };
  };

  for (let nth = 0; nth < kills; nth += 1) {
    // In every other life the database is there at first, and goes while it removes; in some it is there for a while.
    renameSync(database, away);
    const life = await start(String(last + 1));
    await vi.waitFor(() => expect(life.removed()).toBeGreaterThan(0), { timeout: 20_000 });
    // The moment is the test's random input, not something waited for.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    if (nth % 3 === 2) renameSync(away, database);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    await life.kill();
    if (nth % 3 !== 2) renameSync(away, database);
    for (const name of readdirSync(folder).filter((one) => one.startsWith('sessions.snapshot'))) {
      expect([name, readFileSync(join(folder, name), 'latin1').includes('key-')]).toEqual([name, false]);
    }
  }

  const life = await start('deliver');
  await vi.waitFor(() => expect(life.empty()).toBe(true), { timeout: 60_000 });
  await life.kill();
  const found = new Database(database);
  const rows = new Set(found.prepare<[], string>('SELECT key FROM rows').pluck().all());
  const delivered = found.prepare<[], string>('SELECT key FROM removals ORDER BY id').pluck().all();
  found.close();

  expect(wrong).toEqual([]);
  expect(queued.length).toBeGreaterThan(kills);
  expect(queued.filter((key) => rows.has(key))).toEqual([]);
  // Nothing that nobody ordered; a key more than once only where a kill came between the source's word and the file's.
  const first = [...new Set(delivered)];
  for (const key of first) expect(Number(key.slice(4))).toBeLessThanOrEqual(last + 1);
  expect(delivered.length - first.length).toBeLessThanOrEqual(kills);
  // Where it came last: a removal that went to the source directly, and was cut off before it was told, is ordered anew by the next life.
  const places = new Map(delivered.map((key, at) => [key, at]));
  const order = queued.map((key) => places.get(key) ?? -1);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
}, 180_000);
