import { copyFile, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { contents, entry, page, place, tombstone } from '../place.js';

/** Each with a and b, of which a was revoked, and a tombstone c. Version 1 had no outbox, version 2 no blocks. */
const written = (name: string) => fileURLToPath(new URL(`../fixtures/${name}.snapshot`, import.meta.url));
const held = [tombstone('a', 4), entry('b', 2), tombstone('c', 3)];

describe('a file of an earlier version', () => {
  const waiting = { id: 1, kind: 'remove', key: 'w', at: 4 };
  for (const [name, secret, orders] of [
    ['version-1', undefined, []],
    ['version-1-sealed', 'sesame', []],
    ['version-2', undefined, [waiting]],
    ['version-2-sealed', 'sesame', [waiting]],
  ] as const) {
    it(`is read, and goes on with an outbox and full writings of this one (${name})`, async () => {
      const at = await place(secret === undefined ? {} : { secret });
      await copyFile(written(name), at.file);
      const { store, opening } = await at.opened();
      expect(opening).toEqual({ seq: 4, writtenAt: 7, cursor: 'c1', complete: true, entries: 3 });
      expect(await contents(store)).toEqual(held);
      expect(await store.waiting()).toEqual(orders);
      await store.enqueue([{ kind: 'remove', key: 'x', at: 5 }]);
      await store.append(page({ entries: [entry('d', 5)] }));
      await store.close();
      const again = await at.opened();
      expect(again.opening).not.toHaveProperty('aside');
      expect(await contents(again.store)).toEqual([...held, entry('d', 5)]);
      const id = orders.length + 1;
      expect(await again.store.waiting()).toEqual([...orders, { id, kind: 'remove', key: 'x', at: 5 }]);
      const many = Array.from({ length: 100 }, (_, nth) => entry(`k${nth}`, 10 + nth));
      await again.store.append(page({ entries: many, full: 'both', asOf: 9 }));
      expect(await contents(again.store)).toHaveLength(many.length);
      expect(await at.files()).toEqual(['sessions.snapshot', 'sessions.snapshot-wal']);
    });
  }

  it('that is not ours is set aside as it was', async () => {
    const at = await place();
    await copyFile(written('version-1'), at.file);
    const { opening } = await at.opened({ cache: 'users' });
    expect(opening.aside?.because).toMatch(/sessions/);
    const moved = await readFile(opening.aside?.movedTo ?? '');
    expect(moved.equals(await readFile(written('version-1')))).toBe(true);
  });

  it('and one of a later version is set aside: nobody knows what is in it', async () => {
    const at = await place();
    await at.written({ entries: [entry('a', 1)] });
    const db = new Database(at.file);
    db.pragma('user_version = 4');
    db.close();
    const { opening } = await at.opened();
    expect(opening.aside?.because).toMatch(/version 4/);
  });
});

describe('the outbox in the file', () => {
  it('a flipped byte of an order sets the file aside: no other key is ever removed instead', async () => {
    const at = await place();
    const { store } = await at.opened();
    await store.enqueue([{ kind: 'remove', key: 'token', at: 5 }]);
    await store.close();
    const db = new Database(at.file);
    db.exec(`UPDATE outbox SET body = CAST(replace(CAST(body AS TEXT), 'token', 'tokem') AS BLOB)`);
    db.close();
    const again = await at.opened();
    await expect(again.store.waiting()).rejects.toMatchObject({
      code: 'HOLDFAST_SNAPSHOT_CORRUPT',
      message: expect.stringMatching(/outbox/),
    });
  });

  it('with a secret holds no key in its bytes, and no order can be passed off as another', async () => {
    const at = await place({ secret: 'sesame' });
    const { store } = await at.opened();
    await store.enqueue(['one', 'two'].map((key) => ({ kind: 'remove', key: `token-${key}`, at: 5 })));
    for (const file of await at.files()) {
      expect((await readFile(`${at.folder}/${file}`, 'latin1')).includes('token')).toBe(false);
    }
    await store.close();
    const db = new Database(at.file);
    db.exec('UPDATE outbox SET id = 3 - id + 10; UPDATE outbox SET id = id - 10');
    db.close();
    const again = await at.opened();
    await expect(again.store.waiting()).rejects.toThrow(/outbox/);
  });
});
