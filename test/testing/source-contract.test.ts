/** The contract of sources finds the sources that break it. */
import { type SourceHarness, simulatedSource, sourceContract, type WholeSource } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import type { Source } from '../../src/sources/index.js';

/** Plays the contract against a source. Which of its tests fail. */
async function failuresOf(
  make: (db: WholeSource<unknown>) => { readonly source: Source<unknown>; readonly inUse?: () => number },
): Promise<readonly string[]> {
  const tests: [name: string, body: () => Promise<void>][] = [];
  let within = '';
  let holding = false;
  const harness = async (): Promise<SourceHarness> => {
    const db = simulatedSource<unknown>();
    const { source, inUse } = make(db);
    return {
      source,
      write: async ({ key, value, expiresAt }) =>
        db.write(key, value, expiresAt === undefined ? {} : { expiresAt }),
      erase: async (key) => db.erase(key),
      spoil: async (key) => db.corrupt(key),
      takeAway: async () => db.down(),
      bringBack: async () => db.up(),
      async stall() {
        db.hang();
        return async () => db.up();
      },
      ...(inUse && { inUse: async () => inUse() }),
    };
  };
  holding = make(simulatedSource()).inUse !== undefined;
  sourceContract(harness, {
    describe(name, body) {
      within = name;
      body();
    },
    it: (name, body) => tests.push([`${within}: ${name}`, body]),
    without: ['loadMany', 'close', 'subscribe', 'revoke', 'begin', ...(holding ? [] : (['inUse'] as const))],
    patience: 200,
  });
  const failed: string[] = [];
  for (const [name, body] of tests) {
    await body().catch(() => failed.push(name));
  }
  expect(tests.length).toBeGreaterThan(30);
  return failed;
}

describe('the contract of sources', () => {
  it('holds of one that keeps it', async () => {
    expect(await failuresOf((source) => ({ source }))).toEqual([]);
  });

  it('finds one that takes an outage for an absence', async () => {
    const failed = await failuresOf((db) => ({
      source: { ...db, load: (key, context) => db.load(key, context).catch(() => undefined) },
    }));
    expect(failed).toContain(
      'while the database is away: every question rejects with what says so, in time; afterwards every one is answered',
    );
  });

  it('finds one whose scan ends in an outage as if it were complete', async () => {
    const failed = await failuresOf((db) => ({
      source: {
        ...db,
        async *scan(context) {
          try {
            yield* db.scan(context);
          } catch {}
        },
      },
    }));
    expect(failed).toContain(
      'while the database is away: a scan under way does not end as if it were complete',
    );
  });

  it('finds one whose scan holds what it holds when nobody reads it any more', async () => {
    const failed = await failuresOf((db) => {
      let open = 0;
      return {
        inUse: () => open,
        source: {
          ...db,
          async *scan(context) {
            open++;
            for await (const batch of db.scan(context)) yield batch;
            open--;
          },
        },
      };
    });
    expect(failed).toContain('scan: ends when its reader stops, and holds nothing any more');
    expect(failed).toContain(
      'scan: ends when its signal fires while it waits to be asked on, and holds nothing any more',
    );
  });

  it('finds one that does not hear its signal', async () => {
    const failed = await failuresOf((db) => ({
      source: { ...db, load: (key) => db.load(key, { signal: new AbortController().signal }) },
    }));
    expect(failed).toEqual([
      'while the database does not answer: a question rejects when its signal fires, at once, and nothing is held for it',
      'while the database does not answer: a hundred that were given up leave it as it was',
    ]);
  });

  it('finds one whose changes are lost when the reading is broken off', async () => {
    const failed = await failuresOf((db) => ({
      source: {
        ...db,
        async *changes(since, context) {
          const all: string[] = [];
          for await (const { cursor } of db.changes(undefined, context)) all.push(cursor);
          for await (const batch of db.changes(since, context)) yield { ...batch, cursor: all.at(-1) ?? '' };
        },
      },
    }));
    expect(failed).toEqual(['changes: lose nothing when the reading is broken off after any batch']);
  });

  it('finds one that takes keys for one another', async () => {
    const failed = await failuresOf((db) => ({
      source: {
        ...db,
        load: async (key, context) => {
          const row = await db.load(key.trim().normalize(), context);
          return row && { ...row, key };
        },
      },
    }));
    expect(failed).toContain('load: takes no key for another');
    expect(failed).toContain('load: gives undefined of keys that are not there, whatever they are');
  });

  it.each<[string, (db: WholeSource<unknown>) => Source<unknown>['touch'], readonly string[]]>([
    [
      'brings a removed row back',
      (db) => async (key, touch, context) => {
        const row = (await db.load(key, context)) ?? { key, value: 'a' };
        await db.save({ ...row, expiresAt: touch.expiresAt }, context);
      },
      ['brings back no row that is not there, was deleted or removed'],
    ],
    [
      'makes a row expire sooner',
      (db) => async (key, touch, context) => {
        const row = await db.load(key, context);
        if (row !== undefined && (row.expiresAt ?? Number.POSITIVE_INFINITY) > touch.at)
          await db.save({ ...row, expiresAt: touch.expiresAt }, context);
      },
      ['never makes a row expire sooner, nor one expire that never did'],
    ],
    [
      'extends only what has not expired',
      (db) => (key, touch, context) => db.touch(key, { ...touch, at: Date.now() }, context),
      ['brings back what has expired since it was known to be there, and nothing that had expired by then'],
    ],
    [
      'extends whatever there is',
      (db) => (key, touch, context) => db.touch(key, { ...touch, at: 0 }, context),
      ['brings back what has expired since it was known to be there, and nothing that had expired by then'],
    ],
    [
      'does nothing',
      () => async () => {},
      ['extends a row, changes nothing else of it, and may be done twice'],
    ],
  ])('finds one whose touch %s', async (_, touch, failures) => {
    const failed = await failuresOf((db) => ({ source: { ...db, touch: touch(db)! } }));
    for (const failure of failures) expect(failed).toContain(`touch: ${failure}`);
  });

  it('finds one that has not what it says', async () => {
    const failed = await failuresOf(({ missing: _, ...source }) => ({ source }));
    expect(failed).toContain('the source: has the methods that it is said to have, and no others');
  });
});
