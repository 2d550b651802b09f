import { chmod, mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { OptionsError, SnapshotError, SnapshotInUseError } from '../../../src/errors.js';
import { defaultSnapshotStore } from '../../../src/snapshot/index.js';
import { threadEngine } from '../../../src/snapshot/sqlite/engine.js';
import { type SqliteSnapshotOptions, sqliteSnapshotStore } from '../../../src/snapshot/sqlite/index.js';
import { Session } from '../../../src/snapshot/sqlite/session.js';
import { contents, entry, never, page, place, tombstone } from '../place.js';

const cache = 'sessions';

describe('the file', () => {
  it('is its owner’s only, and its folder is made, whatever the umask', async () => {
    const umask = process.umask(0);
    onTestFinished(() => void process.umask(umask));
    const at = await place();
    const file = join(at.folder, 'a', 'b', 'x.snapshot');
    const { store } = await at.opened({ file });
    await store.append(page({ entries: [entry('a', 1)] }));
    for (const path of [file, `${file}-wal`]) expect(await at.mode(path), path).toBe('600');
    expect(await stat(`${file}-shm`).catch(() => 'none')).toBe('none');
    await store.close();
    expect(await at.mode(file)).toBe('600');
  });

  it('that others could read is closed to them', async () => {
    const at = await place();
    await at.written({ entries: [entry('a', 1)] });
    await chmod(at.file, 0o666);
    const { store } = await at.opened();
    expect(await at.mode(at.file)).toBe('600');
    expect(await contents(store)).toEqual([entry('a', 1)]);
  });

  it('may be a symbolic link', async () => {
    const at = await place();
    await mkdir(join(at.folder, 'real'));
    await symlink(join(at.folder, 'real', 'x'), at.file);
    await writeFile(join(at.folder, 'real', 'x'), '');
    await at.written({ entries: [entry('a', 1)] });
    const { store } = await at.opened();
    expect(await contents(store)).toEqual([entry('a', 1)]);
  });

  it('that cannot be is a clear error, and nothing is set aside', async () => {
    const at = await place();
    await mkdir(join(at.folder, 'folder'));
    await writeFile(join(at.folder, 'plain'), 'x');
    for (const file of [join(at.folder, 'folder'), join(at.folder, 'plain', 'x')]) {
      const opening = at.store({ file }).open({ cache, signal: never });
      const error = await opening.catch((failure: unknown) => failure);
      expect(error).toBeInstanceOf(SnapshotError);
      expect((error as Error).message).toContain(file);
    }
    expect(await at.files()).toEqual(['folder', 'plain']);
  });

  it('that was removed, or replaced, under an open store is noticed at the next write', async () => {
    const at = await place();
    const { store } = await at.opened();
    await store.append(page({ entries: [entry('a', 1)] }));
    await rm(at.file);
    await expect(store.journal([tombstone('a', 2)])).rejects.toThrow(/removed, or replaced/);
    await writeFile(at.file, 'something else entirely');
    await expect(store.append(page({}))).rejects.toThrow(/removed, or replaced/);
    await rm(at.file);
    expect(await store.open({ cache, signal: never })).toMatchObject({ seq: 0, complete: false });
    await store.journal([tombstone('a', 2)]);
    expect(await contents(store)).toEqual([tombstone('a', 2)]);
  });

  it('that was moved away while it was open leaves its successor alone', async () => {
    const at = await place();
    const { store } = await at.opened();
    await rename(at.file, `${at.file}.moved`);
    const other = await at.opened();
    await other.store.append(page({ entries: [entry('b', 1)] }));
    await store.close();
    await other.store.journal([tombstone('c', 2)]);
    expect(await contents(other.store)).toEqual([entry('b', 1), tombstone('c', 2)]);
  });

  it('that was closed while a full writing was tidied up goes on where it stopped', async () => {
    const at = await place();
    const { store } = await at.opened();
    const old = Array.from({ length: 9000 }, (_, nth) => tombstone(`old-${nth}`, nth + 1));
    await store.append(page({ tombstones: old, full: 'both' }));
    await store.append(page({ entries: [entry('new', 9001)], full: 'both', asOf: 9000 }));
    await store.close();
    const again = await at.opened();
    expect(again.opening.entries).toBeGreaterThan(1000);
    expect(await contents(again.store)).toEqual([entry('new', 9001)]);
    // Another full writing, which says nothing of those tombstones, does not bring them back.
    await again.store.append(page({ entries: [entry('new', 9001)], full: 'both' }));
    expect(await contents(again.store)).toEqual([entry('new', 9001)]);
    await again.store.compact();
    await again.store.close();
    expect((await at.opened()).opening.entries).toBe(1);
  });

  it('gives its space back', async () => {
    const at = await place();
    const { store } = await at.opened();
    const large = Array.from({ length: 2000 }, (_, nth) => entry(`k${nth}`, nth + 1, 'x'.repeat(4000)));
    await store.append(page({ entries: large, full: 'both' }));
    await store.compact();
    const before = (await stat(at.file)).size;
    await store.append(page({ entries: [entry('only', 9000)], full: 'both' }));
    await store.compact();
    expect((await stat(at.file)).size).toBeLessThan(before / 10);
    expect((await stat(`${at.file}-wal`)).size).toBe(0);
    expect(await contents(store)).toEqual([entry('only', 9000)]);
  });
});

describe('one writer', () => {
  for (const thread of [false, true]) {
    it(`a second store in this process is refused (${thread ? 'in a thread' : 'in this thread'})`, async () => {
      const at = await place();
      const { store } = await at.opened();
      const second = at.store({ thread });
      const refused = await second.open({ cache, signal: never }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(SnapshotInUseError);
      expect((refused as Error).message).toContain(at.file);
      await store.append(page({ entries: [entry('a', 1)] }));
      await store.close();
      expect(await second.open({ cache, signal: never })).toMatchObject({ seq: 1 });
    });
  }
});

describe('the thread', () => {
  it('that dies takes what was pending with it, and the store can be opened again', async () => {
    const at = await place();
    const engine = threadEngine();
    const session = new Session(engine);
    await session.open({ file: at.file, cache, secret: undefined });
    await session.append(page({ entries: [entry('a', 1)] }));
    const pending = [
      session.append(page({ entries: [entry('b', 2)] })),
      session.journal([tombstone('c', 3)]),
      session.append(page({ entries: [entry('d', 4)] })),
    ];
    const settled = Promise.allSettled(pending);
    await engine.terminate();
    const outcomes = await settled;
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(SnapshotError);
    }
    await expect(session.journal([tombstone('e', 5)])).rejects.toThrow(SnapshotError);
    await expect(session.append(page({}))).rejects.toThrow(SnapshotError);
    await session.close();

    const { store } = await at.opened();
    expect(await contents(store)).toContainEqual(entry('a', 1));
  });

  it('is gone after a close, and with it the lock', async () => {
    const at = await place({ thread: true });
    const { store } = await at.opened();
    await store.append(page({ entries: [entry('a', 1)] }));
    await store.close();
    const { opening } = await at.opened({ thread: false });
    expect(opening.seq).toBe(1);
    expect(process.getActiveResourcesInfo()).not.toContain('MessagePort');
  });

  it('does not outlive an aborted opening', async () => {
    const at = await place({ thread: true });
    const abort = new AbortController();
    const opening = at.store().open({ cache, signal: abort.signal });
    const reason = new Error('the actor died');
    abort.abort(reason);
    await expect(opening).rejects.toBe(reason);
    await at.opened({ thread: false });
  });
});

describe('options', () => {
  it('that are not what they must be are refused, naming the option, and never the secret', () => {
    const wrong = (options: unknown) => () => sqliteSnapshotStore(options as SqliteSnapshotOptions);
    expect(wrong({})).toThrow(OptionsError);
    expect(wrong({ file: '' })).toThrow(/snapshot\.file/);
    expect(wrong({ file: 'x', secret: '' })).toThrow(/snapshot\.secret/);
    expect(wrong({ file: 'x', secret: 12345 })).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/12345/) }),
    );
    expect(wrong({ file: 'x', fiel: 'y' })).toThrow(/snapshot\.fiel/);
  });
});

describe('the store of snapshot: { file }', () => {
  it('loads the SQLite part when it is opened', async () => {
    const at = await place();
    const store = defaultSnapshotStore({ file: at.file, secret: 'sesame' });
    onTestFinished(() => store.close());
    await expect(store.journal([])).rejects.toThrow(SnapshotError);
    await store.close();
    await store.open({ cache, signal: never });
    await store.append(page({ entries: [entry('a', 1)] }));
    expect(await contents(store)).toEqual([entry('a', 1)]);
  });

  it('names the package that is missing', async () => {
    vi.doMock('better-sqlite3', () => {
      throw new Error("Cannot find package 'better-sqlite3'");
    });
    onTestFinished(() => void vi.doUnmock('better-sqlite3'));
    vi.resetModules();
    const fresh = await import('../../../src/snapshot/sqlite/index.js');
    const at = await place();
    const store = fresh.sqliteSnapshotStore({ file: at.file, thread: false });
    await expect(store.open({ cache, signal: never })).rejects.toThrow(/npm install better-sqlite3/);
  });
});
