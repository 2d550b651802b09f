/** A cache over a real database file, in virtual time: the source runs in the test's own thread. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  database,
  folder,
  type Session,
  sessionsDatabase,
  sessionsSource,
  writableSource,
} from '../sources/sqlite/sessions-database.js';
import { scene } from './build.js';

const session = (token: string, more: Partial<Session> = {}): Session => ({
  token,
  updated_at: Date.now(),
  ...more,
});

describe('the database file', () => {
  it(
    'is missing at boot: the app boots; it appears: warm within one backoff step',
    scene({}, async ({ w, boot }) => {
      const file = `${folder()}/late/sessions.db`;
      const { cache, told } = await boot({ source: sessionsSource(file) });
      await w.advance('5m');
      expect(cache.state).toEqual({ data: 'cold', source: 'down', warmer: 'backoff' });
      expect(cache.lookup('a')).toEqual({ status: 'unknown', because: 'cold' });
      expect(existsSync(file)).toBe(false);
      const { write } = sessionsDatabase(file);
      write(session('a'), session('b'));
      await w.advance('30s');
      expect(cache.state).toMatchObject({ data: 'complete', source: 'up' });
      expect(cache.get('a')).toBe('user-a');
      expect(told('source.up')).toHaveLength(1);
    }),
  );

  it(
    'is deleted under the open connection: noticed before the next request, nothing is believed to be gone',
    scene({}, async ({ w, boot }) => {
      const { file, write } = sessionsDatabase();
      write(session('a'));
      const { cache } = await boot({ source: sessionsSource(file) });
      await cache.warmed();
      renameSync(file, `${file}.away`);
      expect(await cache.read('x')).toEqual({ status: 'unknown', because: 'source-unreachable' });
      await w.advance('1m');
      expect(cache.get('a')).toBe('user-a');
      renameSync(`${file}.away`, file);
      await w.advance('30s');
      expect((await cache.read('x')).status).toBe('absent');
    }),
  );

  it(
    'is replaced by another: the new one is read, and what only the old one held goes with the next complete pass',
    scene({}, async ({ w, boot }) => {
      const { file, write } = sessionsDatabase();
      write(session('old'), session('both', { user_id: 'before' }));
      const { cache } = await boot({ source: sessionsSource(file) });
      await cache.warmed();
      await w.advance('21s');
      const other = sessionsDatabase(`${folder()}/other.db`);
      other.write(session('both', { user_id: 'after' }), session('new'));
      other.writer.pragma('journal_mode = DELETE');
      rmSync(file);
      renameSync(other.file, file);
      expect(await cache.fetch('new')).toBe('user-new');
      await w.advance('25s');
      expect(cache.get('both')).toBe('after');
      expect(cache.has('old')).toBe(false);
    }),
  );
});

describe('a migration', () => {
  it(
    'renames a column under a running cache: pass failed and reported; what is warm is served; heals when mended',
    scene({}, async ({ w, boot }) => {
      const { file, write, writer } = sessionsDatabase();
      write(session('a'));
      const { cache, told, incarnations } = await boot({ source: sessionsSource(file) });
      await cache.warmed();
      writer.exec('ALTER TABLE sessions RENAME COLUMN expires_at TO ends_at');
      await expect(cache.warm()).rejects.toMatchObject({
        code: 'HOLDFAST_SOURCE_CONFIGURATION',
        message: expect.stringContaining('expires_at'),
      });
      expect(told('pass.failed').at(-1)).toMatchObject({ unavailable: false });
      expect(cache.health()).toMatchObject({ degraded: true, source: 'up', warmer: 'backoff' });
      await w.advance('5m');
      expect(cache.get('a')).toBe('user-a');
      expect(incarnations('warmer')).toBe(1);
      writer.exec('ALTER TABLE sessions RENAME COLUMN ends_at TO expires_at');
      await w.advance('30s');
      expect(cache.health()).toMatchObject({ degraded: false, data: 'complete' });
      expect(cache.lookup('a').status).toBe('fresh');
    }),
  );
});

describe('rows', () => {
  it(
    'committed late with an older updated_at are found by the overlap',
    scene({}, async ({ w, boot }) => {
      const { file, write } = sessionsDatabase();
      write(session('a'));
      const { cache } = await boot({ source: sessionsSource(file) });
      await cache.warmed();
      await w.advance('21s');
      const began = Date.now();
      write(session('b', { updated_at: began + 2_000 }));
      await w.advance('20s');
      expect(cache.get('b')).toBe('user-b');
      write(session('late', { updated_at: began }));
      await w.advance('20s');
      expect(cache.get('late')).toBe('user-late');
    }),
  );

  it(
    'revoked in the database are logged out within a sweep; deleted ones too, which no feed shows',
    scene({}, async ({ w, boot }) => {
      const { file, write, writer } = sessionsDatabase();
      write(session('a'), session('b'), session('c'));
      const { cache } = await boot({ source: sessionsSource(file) });
      await cache.warmed();
      await w.advance('21s');
      write(session('a', { revoked_at: Date.now() }));
      writer.exec("DELETE FROM sessions WHERE token = 'b'");
      await w.advance('20s');
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'source' });
      expect(cache.lookup('b')).toMatchObject({ status: 'absent', because: 'source' });
      expect(cache.get('c')).toBe('user-c');
    }),
  );

  it(
    'that the application cannot decode are set apart, the rest is warm',
    scene<string>({}, async ({ boot }) => {
      const { file, writer } = database(
        'CREATE TABLE sessions (token TEXT PRIMARY KEY, user_id TEXT, expires_at, revoked_at, updated_at)',
      );
      writer.exec("INSERT INTO sessions VALUES ('good', 'u', NULL, NULL, 1), ('bad', 'u', 'soon', NULL, 1)");
      const { cache, told } = await boot({ source: sessionsSource(file) });
      await cache.warmed();
      expect(cache.get('good')).toBe('u');
      expect(cache.lookup('bad')).toEqual({ status: 'unknown', because: 'quarantined' });
      expect(told('quarantined')).toMatchObject([{ key: 'bad' }]);
    }),
  );

  it(
    'saved and removed through the cache: seen here at once, and there',
    scene<string | number | bigint | null | Uint8Array>({}, async ({ boot }) => {
      const { file, writer } = sessionsDatabase();
      const { cache } = await boot({ source: writableSource(file) as never });
      await cache.warmed();
      await cache.save('a', 'ada', { expiresAt: Date.now() + 60_000 });
      expect(cache.get('a')).toBe('ada');
      expect(writer.prepare('SELECT user_id FROM sessions').pluck().all()).toEqual(['ada']);
      await cache.remove('a');
      expect(cache.lookup('a')).toMatchObject({ status: 'absent', because: 'removed' });
      await cache.warm();
      expect(cache.lookup('a').status).toBe('absent');
      expect(writer.prepare('SELECT revoked_at IS NULL FROM sessions').pluck().all()).toEqual([0]);
    }),
  );
});
