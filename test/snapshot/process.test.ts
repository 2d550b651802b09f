import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { SnapshotInUseError } from '../../src/errors.js';
import { compiled } from './compiled.js';
import { contents, never, place } from './place.js';

let out = '';
// What `beforeAll` answers is called when the file's tests are over.
beforeAll(async () => {
  const code = await compiled();
  out = code.out;
  return code.remove;
}, 60_000);

/** Starts the writer; resolves when it has opened the file. */
async function writer(file: string, doing: 'write' | 'hold', heard: (line: string) => void) {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(out, 'test/snapshot/fixtures/writer.js'), file, doing],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'close');
  onTestFinished(() => void child.kill('SIGKILL'));
  if (child.stdout === null) throw new Error('no output');
  const lines = createInterface({ input: child.stdout });
  const opened = new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => (line === 'open' ? resolve() : heard(line)));
    ended.then(() => reject(new Error('The writer ended before it had opened the file.')));
  });
  opened.catch(() => {});
  await opened;
  return {
    async kill(): Promise<void> {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('two processes', () => {
  it('the second is refused while the first lives, and served the moment it was killed', async () => {
    const at = await place();
    const holder = await writer(at.file, 'hold', () => {});
    const store = at.store();
    const refused = await store.open({ cache: 'sessions', signal: never }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(SnapshotInUseError);
    expect((refused as Error).message).toContain(at.file);
    expect((refused as Error).message).toMatch(/its own file/);
    await holder.kill();
    expect(await store.open({ cache: 'sessions', signal: never })).not.toHaveProperty('aside');
  });
});

describe('SIGKILL', () => {
  it('at 50 random moments of writing: what was acknowledged holds, and nothing dead comes back', async () => {
    const at = await place();
    /** The highest acknowledged number of each key. Nothing below it may ever be seen again. */
    const acknowledged = new Map<string, number>();
    const tombstones = new Set<string>();
    const acknowledge = (key: string, seq: number): void => {
      acknowledged.set(key, Math.max(acknowledged.get(key) ?? 0, seq));
    };
    let journals = 0;
    for (let nth = 0; nth < 50; nth += 1) {
      const running = await writer(at.file, 'write', (line) => {
        const [what, ...rest] = line.split(' ');
        if (what === 'J') {
          acknowledge(rest[0] ?? '', Number(rest[1]));
          tombstones.add(`${rest[0]}=${rest[1]}`);
          journals += 1;
        } else if (what === 'P') {
          for (const [key = '', seq] of rest.map((pair) => pair.split('='))) acknowledge(key, Number(seq));
        }
      });
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
      await running.kill();

      const { store, opening } = await at.opened();
      expect(opening.aside, `kill ${nth}`).toBeUndefined();
      const held = new Map((await contents(store)).map((record) => [record.key, record]));
      await store.close();
      for (const [key, seq] of acknowledged) {
        const record = held.get(key);
        expect(record?.seq ?? -1, `${key} after kill ${nth}`).toBeGreaterThanOrEqual(seq);
        if (record !== undefined && tombstones.has(`${key}=${record.seq}`))
          expect(record).toHaveProperty('kind');
      }
      const [left, right] = [held.get('left'), held.get('right')];
      expect((left?.seq ?? 0) + 1, `the pair after kill ${nth}`).toBe(right?.seq ?? 1);
      for (const record of held.values()) expect(opening.seq).toBeGreaterThanOrEqual(record.seq);
    }
    expect(journals).toBeGreaterThan(50);
  }, 180_000);
});
