import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sqliteSnapshotStore } from '../../src/snapshot/sqlite/index.js';
import type { SnapshotAppend, SnapshotStore, SnapshotTombstone } from '../../src/snapshot/store.js';
import { Table } from '../../src/table/index.js';
import { SnapshotStoreModel, sorted } from '../../src/testing/snapshot-store-model.js';

const never = new AbortController().signal;
/** So many that most pages of a full writing are packed in blocks. */
const keys = Array.from({ length: 300 }, (_, nth) => `token-${nth}`);

const some: fc.Arbitrary<Which> = fc.record({
  from: fc.constantFrom(0, 2, 50, 150, 290),
  count: fc.constantFrom(1, 3, 10, 120),
});
const step = fc.oneof(
  { weight: 6, arbitrary: some.map((which) => ({ do: 'put' as const, which })) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('bury' as const),
      which: some,
      /** Journaled at once, after the next page, or with the pages alone. */
      journal: fc.constantFrom('now', 'late', 'never'),
    }),
  },
  { weight: 3, arbitrary: some.map((which) => ({ do: 'evict' as const, which })) },
  /** Those that are in the file, or wherever they are. */
  { weight: 3, arbitrary: fc.boolean().map((written) => ({ do: 'lift' as const, written })) },
  { weight: 9, arbitrary: fc.constantFrom(5, 100, 100, 150).map((most) => ({ do: 'page' as const, most })) },
  /** A full writing, of which so many pages are written at once. */
  { weight: 4, arbitrary: fc.constantFrom(0, 2, 9).map((pages) => ({ do: 'full' as const, pages })) },
  { weight: 1, arbitrary: fc.constant({ do: 'boot' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'compact' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A tombstone over an entry in a block goes; the entry must not come back. */
const lifted: Step[] = [
  { do: 'full', pages: 9 },
  { do: 'bury', which: { from: 0, count: 1 }, journal: 'never' },
  { do: 'page', most: 150 },
  { do: 'lift', written: true },
];

const options = { confirmedAt: 0, ttl: 1000, staleFor: 1000 };

/** A table, the file that keeps a copy of it, and what must be in the file. */
class Copied {
  readonly table = new Table<unknown>({ maxNegative: 10, track: true });
  readonly model = new SnapshotStoreModel();
  readonly #store: SnapshotStore;
  #late: SnapshotTombstone[] = [];
  #writes = 0;

  constructor(store: SnapshotStore) {
    this.#store = store;
  }

  async boot(): Promise<void> {
    const { complete } = await this.#store.open({ cache: 'sessions', signal: never });
    this.model.reopen();
    expect(complete).toBe(this.model.complete);
    this.table.markAllDirty();
  }

  async take(taken: Step): Promise<void> {
    const { table } = this;
    switch (taken.do) {
      case 'put':
        for (const key of keysOf(taken.which)) table.put(key, { key, write: ++this.#writes }, options);
        break;
      case 'evict':
        for (const slot of keysOf(taken.which).map((key) => table.slotOf(key))) {
          if (slot >= 0) table.evict(slot, 'capacity');
        }
        break;
      case 'lift':
        if (taken.written) await this.#drain();
        for (const { key } of [...table.buried()]) table.liftTombstone(key);
        if (taken.written) await this.#drain();
        break;
      case 'bury':
        table.bury(keysOf(taken.which), 'revoked', 5);
        if (taken.journal === 'now') await this.#journal(this.#tombstones(taken.which));
        if (taken.journal === 'late') this.#late.push(...this.#tombstones(taken.which));
        break;
      case 'page':
        await this.#page(taken.most);
        await this.#journal(this.#late.splice(0));
        break;
      case 'full':
        table.markAllDirty();
        for (let nth = 0; nth < taken.pages && table.pending > 0; nth += 1) await this.#page(100);
        break;
      case 'boot':
        await this.boot();
        break;
      case 'compact':
        await this.#store.compact();
    }
  }

  async compare(): Promise<void> {
    const held: unknown[] = [];
    for await (const { entries, tombstones } of this.#store.restore({ signal: never })) {
      held.push(...entries, ...tombstones);
    }
    expect(sorted(held as { key: string }[])).toEqual(this.model.contents());
  }

  async finish(): Promise<void> {
    await this.#journal(this.#late.splice(0));
    await this.#drain();
    await this.compare();
    const entries = this.model.contents().filter((one) => 'value' in one);
    expect(entries.map(({ key }) => key)).toEqual(
      sorted([...keys].filter((key) => this.table.slotOf(key) >= 0).map((key) => ({ key }))).map(
        ({ key }) => key,
      ),
    );
  }

  #tombstones(which: Which): SnapshotTombstone[] {
    return keysOf(which).map((key) => this.table.tombstoneOf(key) as SnapshotTombstone);
  }

  async #journal(tombstones: readonly SnapshotTombstone[]): Promise<void> {
    await this.#store.journal(tombstones);
    this.model.journal(tombstones);
  }

  async #drain(): Promise<void> {
    while (this.table.pending > 0) await this.#page(150);
  }

  async #page(most: number): Promise<void> {
    const { table } = this;
    const { slots, gone, tombstones, lifted, full, asOf } = table.drain(most);
    const page: SnapshotAppend = {
      entries: slots.map((slot) => ({
        key: table.keyAt(slot),
        value: table.valueAt(slot),
        seq: table.seqOf(slot),
        confirmedAt: 7,
      })),
      gone,
      tombstones,
      lifted,
      writtenAt: 1,
      ...(full !== undefined && { full }),
      ...(asOf !== undefined && { asOf }),
    };
    await this.#store.append(page);
    this.model.append(page);
  }
}

interface Which {
  readonly from: number;
  readonly count: number;
}
const keysOf = ({ from, count }: Which): string[] => keys.slice(from, from + count);

describe('a file in which full writings are packed in blocks', () => {
  for (const secret of [undefined, 'sesame']) {
    it(`is what the model is, page by page, whatever comes between (${secret ? 'encrypted' : 'plain'})`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      let nth = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          const file = join(folder, `${++nth}.snapshot`);
          const store = sqliteSnapshotStore({ file, thread: false, ...(secret && { secret }) });
          const copied = new Copied(store);
          try {
            await copied.boot();
            await copied.take({ do: 'put', which: { from: 0, count: keys.length } });
            for (const taken of steps) {
              await copied.take(taken);
              await copied.compare();
            }
            await copied.finish();
          } finally {
            await store.close();
          }
        }),
        { numRuns: secret === undefined ? 80 : 10, examples: [[lifted]] },
      );
    });
  }
});
