/** A whole cache and its snapshot file. In virtual time the store runs in the test's own thread; with `file` it has one. */
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cache, defineCache } from 'holdfast';
import { scriptedSource } from 'holdfast/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { sqliteSnapshotStore } from '../../src/snapshot/sqlite/index.js';
import { folder } from '../sources/sqlite/sessions-database.js';
import { scene } from './build.js';

const rows = { a: 'A', b: 'B' };
const place = () => join(folder(), 'sessions.snapshot');
const store = (file: string, secret?: string) =>
  sqliteSnapshotStore({ file, thread: false, ...(secret !== undefined && { secret }) });

describe('the file', () => {
  it(
    'truncated, bit-flipped, or no snapshot at all: set aside, reported, a cold start that then works',
    scene({ rows }, async ({ w, boot }) => {
      const damages: readonly ((file: string) => void)[] = [
        (file) => truncateSync(file, 700),
        (file) => {
          const bytes = readFileSync(file);
          // Every page but the first, so that it is not the header that tells.
          for (let at = 4_096 + 50; at < bytes.length; at += 97) bytes[at] = (bytes[at] ?? 0) ^ 0x10;
          writeFileSync(file, bytes);
        },
        (file) => writeFileSync(file, 'not a snapshot '.repeat(1_000)),
      ];
      for (const [i, damage] of damages.entries()) {
        const file = place();
        const one = await boot({ snapshot: { store: store(file) } });
        await one.cache.warmed();
        await one.stop();
        damage(file);
        const two = await boot({ snapshot: { store: store(file) } });
        expect([i, two.told('snapshot.aside')]).toMatchObject([i, [{ file, movedTo: expect.any(String) }]]);
        expect(two.log.some(({ level, message }) => level === 'error' && message.includes('set aside'))).toBe(
          true,
        );
        expect(readdirSync(join(file, '..')).length).toBeGreaterThan(1);
        await two.cache.warmed();
        expect(two.cache.get('a')).toBe('A');
        await w.advance('6s');
        await two.stop();
        const three = await boot({ snapshot: { store: store(file) } });
        expect(three.cache.lookup('a')).toMatchObject({ because: 'restored' });
        await three.stop();
      }
    }),
  );

  it(
    'holds no secret key in its bytes, nor in those of its journal',
    scene(
      { rows: { 'token-do-not-tell': 'S' }, has: ['scan', 'changes', 'missing'] },
      async ({ w, boot }) => {
        const file = place();
        const one = await boot({ secretKeys: true, snapshot: { store: store(file), every: '1s' } });
        await one.cache.warmed();
        one.cache.put('token-put-do-not-tell', 'P');
        await w.advance('2s');
        one.cache.revoke('token-revoked-do-not-tell');
        await w.advance('100ms');
        for (const stage of ['running', 'stopped']) {
          const files = readdirSync(join(file, '..'));
          for (const name of files) {
            const bytes = readFileSync(join(file, '..', name), 'latin1');
            expect([stage, name, bytes.includes('do-not-tell')]).toEqual([stage, name, false]);
          }
          await one.stop();
        }
      },
    ),
  );

  it(
    'odd keys come back as they were',
    scene<string>({ has: [] }, async ({ db, boot }) => {
      const file = place();
      const keys = ['__proto__', 'constructor', '', '\0', '\ud800', '\ud801', '\ufffd', 'x'.repeat(1 << 20)];
      const one = await boot({ snapshot: { store: store(file) } });
      for (const key of keys) one.cache.put(key, key);
      one.cache.revoke('\udfff');
      await one.stop();
      db.become({ mode: 'unreachable' });
      const two = await boot({ snapshot: { store: store(file) } });
      for (const key of keys) expect(two.cache.get(key) === key).toBe(true);
      expect(two.cache.lookup('\udfff').status).toBe('absent');
      expect(two.cache.size).toBe(keys.length);
    }),
  );
});

describe('sliding given to one entry', () => {
  const terms = { ttl: '10s', staleFor: '1h' } as const;
  const calm = { sweep: { every: '1h' }, warm: { every: '1d' } } as const;

  it.each([
    ['none does', false],
    ['all others do', true],
  ] as const)('goes on after a restart where %s, by the file and by an export', (_, sliding) =>
    scene<number>({ has: [] }, async ({ w, boot, db }) => {
      const file = place();
      const one = await boot({ ...calm, sliding, snapshot: { store: store(file) } });
      one.cache.put('slides', 5, { ...terms, sliding: true });
      one.cache.put('own end', 5, { ...terms, sliding: '1m' });
      one.cache.put('does not', 5, { ...terms, sliding: false });
      await w.advance('6s');
      const read = (cache: Cache<number>) => ['slides', 'own end', 'does not'].map((key) => cache.get(key));
      expect(read(one.cache)).toEqual([5, 5, 5]);
      const exported = one.cache.exportTo();
      await one.stop();
      db.become({ mode: 'unreachable' });
      const two = await boot({ ...calm, sliding, snapshot: { store: store(file) } });
      const other = (await boot({ ...calm, sliding, name: 'other' })).cache;
      await other.importFrom(exported);
      for (const cache of [two.cache, other]) {
        expect(cache.lookup('slides')).toMatchObject({ status: 'stale', because: 'restored' });
      }
      await w.advance('7s');
      for (const cache of [two.cache, other]) read(cache);
      await w.advance('9s');
      for (const cache of [two.cache, other]) {
        expect(cache.lookup('does not')).toMatchObject({ age: 22_000 });
        expect(cache.lookup('slides')).toMatchObject({ status: 'stale', because: 'restored', age: 9_000 });
        // A count is over with its own age.
        expect(cache.incr('slides')).toBe(6);
        expect(cache.incr('does not')).toBe(1);
      }
      await w.advance('37999ms');
      for (const cache of [two.cache, other]) expect(cache.has('own end')).toBe(true);
      await w.advance(1);
      for (const cache of [two.cache, other])
        expect([cache.has('own end'), cache.has('slides')]).toEqual([false, true]);
    })(),
  );
});

/** A cache with a real file and a real thread. */
async function started(options: {
  readonly file: string;
  readonly name?: string;
  readonly secret?: string;
}): Promise<Cache<unknown>> {
  const { file, name = 'test', secret } = options;
  const cache = defineCache<unknown>({
    name,
    source: scriptedSource({ has: [] }),
    snapshot: { file, every: '50ms', ...(secret !== undefined && { secret }) },
  });
  onTestFinished(() => cache.stop());
  await cache.start();
  return cache;
}

describe('a real file with a thread of its own', () => {
  it('belongs to one cache: a second is refused in words, and served once the first has stopped', async () => {
    const file = place();
    const first = await started({ file });
    first.put('a', 'A');
    const refused = await started({ file }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'HOLDFAST_START', childId: 'snapshotter' });
    expect((refused as Error).message).toMatch(/sessions\.snapshot.*in use.*its own file/);
    expect((refused as Error).cause).toMatchObject({ code: 'HOLDFAST_SNAPSHOT_IN_USE' });
    expect(first.health().ready).toBe(true);
    await first.stop();
    const second = await started({ file });
    expect(second.get('a')).toBe('A');
  });

  it('a value of 32 MiB is restored', async () => {
    const file = place();
    const first = await started({ file });
    const value = 'x'.repeat(32 << 20);
    first.put('large', value);
    await vi.waitFor(() => expect(first.stats().snapshots).toBeGreaterThan(0), { timeout: 15_000 });
    await first.stop();
    const second = await started({ file });
    expect(second.lookup('large')).toMatchObject({ status: 'stale', because: 'restored' });
    expect(second.get('large') === value).toBe(true);
    expect(second.stats().snapshotSkipped).toBe(0);
  });
});
