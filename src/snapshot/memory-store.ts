import { SnapshotError } from '../errors.js';
import { slice, yieldToLoop } from '../runtime/time.js';
import { type Floor, isBelow, noFloor, type Rank, rank, supersedes } from './precedence.js';
import type {
  OutboxEntry,
  SnapshotAppend,
  SnapshotEntry,
  SnapshotOpening,
  SnapshotStore,
  SnapshotTombstone,
} from './store.js';

/** A snapshot store that forgets everything with the process. */
export interface MemorySnapshotStore extends SnapshotStore {
  /**
   * What SIGKILL does: what has not resolved is not written and rejects, and the store is closed. What had resolved is
   * there when it is opened again.
   */
  crash(): void;
}

interface Held {
  readonly seq: number;
  readonly rank: Rank;
  readonly generation: number;
  readonly record: SnapshotEntry | SnapshotTombstone;
}

type Full = { readonly asOf: number };

/**
 * The snapshot store for tests and for platforms without a disk. It keeps the contract of the port but for the disk:
 * values are copied by `structuredClone` on their way in and out; `close` and `open` of one instance are a reboot.
 *
 * @example
 * ```ts
 * const store = memorySnapshotStore();
 * const cache = defineCache({ name: 'sessions', source, snapshot: { store } });
 * ```
 */
export function memorySnapshotStore(): MemorySnapshotStore {
  let held = new Map<string, Held>();
  let cache: string | undefined;
  let head = { seq: 0, writtenAt: undefined as number | undefined, cursor: undefined as string | undefined };
  let complete = false;
  let generation = 0;
  let floor: Floor = noFloor;
  let full: Full | undefined;
  let orders: OutboxEntry[] = [];
  let lastOrder = 0;
  /** Of the opening; a write that finds another one than it began in is dropped. */
  let life: object | undefined;
  let inOrder: Promise<unknown> = Promise.resolve();
  let orderly: Promise<unknown> = Promise.resolve();
  const pending = new Set<Promise<unknown>>();

  const check = (mine: object | undefined): void => {
    if (mine === undefined) throw new SnapshotError('The snapshot store is not open. Open it first.');
    if (mine !== life) throw new SnapshotError('The snapshot store was closed, or crashed, meanwhile.');
  };
  const accepted = <Result>(work: Promise<Result>): Promise<Result> => {
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    pending.add(settled);
    void settled.then(() => pending.delete(settled));
    return work;
  };
  /** One after the other, in the order of the calls. */
  const outbox = <Result>(work: () => Result): Promise<Result> => {
    const mine = life;
    const turn = orderly.then(async () => {
      check(mine);
      await yieldToLoop();
      check(mine);
      return work();
    });
    orderly = turn.catch(() => {});
    return accepted(turn);
  };
  const put = (record: SnapshotEntry | SnapshotTombstone, itsRank: Rank): void => {
    head.seq = Math.max(head.seq, record.seq);
    const before = held.get(record.key);
    const next = { seq: record.seq, rank: itsRank, generation, record };
    if (before === undefined || isBelow(floor, before) || supersedes(next, before))
      held.set(record.key, next);
  };
  const drop = (key: string, seq: number, which: (found: Held) => boolean): void => {
    head.seq = Math.max(head.seq, seq);
    const found = held.get(key);
    if (found !== undefined && found.seq <= seq && which(found)) held.delete(key);
  };

  const commit = (page: SnapshotAppend, clones: readonly (SnapshotEntry | Skip)[]): void => {
    const begins = page.full === 'begin' || page.full === 'both';
    const ends = page.full === 'end' || page.full === 'both';
    if (ends && !begins && full === undefined) {
      throw new SnapshotError(
        "A full writing cannot end that has not begun: append a page with full: 'begin' first.",
      );
    }
    if (begins) {
      generation += 1;
      complete = false;
      full = { asOf: page.asOf ?? -1 };
    }
    for (const clone of clones) {
      if (!('skipped' in clone)) put(clone, rank.entry);
      else drop(clone.key, clone.seq, (old) => old.seq < clone.seq || old.rank === rank.entry);
    }
    for (const tombstone of page.tombstones) put(tombstone, rank[tombstone.kind]);
    for (const { key, seq } of page.gone) drop(key, seq, (old) => old.rank === rank.entry || old.seq < seq);
    for (const { key, seq } of page.lifted) drop(key, seq, (old) => old.rank !== rank.entry);
    head = { ...head, writtenAt: page.writtenAt, cursor: page.cursor ?? head.cursor };
    if (ends && full !== undefined) {
      floor = { generation, asOf: full.asOf };
      complete = true;
      full = undefined;
    }
  };

  const sweep = async (mine: object): Promise<void> => {
    const budget = slice();
    for (const [key, record] of held) {
      if (isBelow(floor, record)) held.delete(key);
      if (!budget.spent()) continue;
      await yieldToLoop();
      check(mine);
      budget.renew();
    }
    floor = noFloor;
  };

  const store: MemorySnapshotStore = {
    async open({ cache: name, signal }): Promise<SnapshotOpening> {
      await store.close();
      signal.throwIfAborted();
      const foreign = cache !== undefined && cache !== name;
      const because = `it belongs to the cache '${cache}', not to '${name}'`;
      if (foreign) {
        held = new Map();
        orders = [];
        head = { seq: 0, writtenAt: undefined, cursor: undefined };
        complete = false;
        floor = noFloor;
      }
      cache = name;
      full = undefined;
      life = {};
      if (floor !== noFloor) await sweep(life);
      let entries = 0;
      for (const record of held.values()) if (record.rank === rank.entry) entries += 1;
      return {
        ...head,
        complete,
        entries,
        ...(foreign ? { aside: { file: 'memory', movedTo: undefined, because } } : {}),
      };
    },

    async *restore({ signal, page = 1000 }) {
      const mine = life;
      check(mine);
      const budget = slice();
      const turn = async (): Promise<void> => {
        await yieldToLoop();
        signal.throwIfAborted();
        check(mine);
        budget.renew();
      };
      signal.throwIfAborted();
      for (const kind of ['tombstones', 'entries'] as const) {
        let entries: SnapshotEntry[] = [];
        let tombstones: SnapshotTombstone[] = [];
        for (const found of held.values()) {
          if (budget.spent()) await turn();
          if ((found.rank === rank.entry) !== (kind === 'entries') || isBelow(floor, found)) continue;
          const record = structuredClone(found.record);
          if ('kind' in record) tombstones.push(record);
          else entries.push(record);
          if (entries.length + tombstones.length < page) continue;
          await turn();
          yield { entries, tombstones };
          await turn();
          [entries, tombstones] = [[], []];
        }
        if (entries.length + tombstones.length > 0) yield { entries, tombstones };
      }
    },

    append(page) {
      const mine = life;
      const turn = inOrder.then(async () => {
        check(mine);
        const clones = await copied(page.entries, () => check(mine));
        await yieldToLoop();
        check(mine);
        commit(page, clones);
        if (floor !== noFloor && mine !== undefined) await sweep(mine);
        return { skipped: clones.flatMap((clone) => ('skipped' in clone ? [clone.skipped] : [])) };
      });
      inOrder = turn.catch(() => {});
      return accepted(turn);
    },

    journal(tombstones) {
      const mine = life;
      const write = async (): Promise<void> => {
        check(mine);
        const copies = structuredClone(tombstones);
        await yieldToLoop();
        check(mine);
        for (const tombstone of copies) put(tombstone, rank[tombstone.kind]);
      };
      return accepted(write());
    },

    enqueue(given) {
      const copies = structuredClone(given);
      return outbox(() => {
        const ids = copies.map(() => ++lastOrder);
        for (const [nth, order] of copies.entries()) orders.push({ ...order, id: ids[nth] as number });
        return ids;
      });
    },

    waiting({ after = 0, most = 1000 } = {}) {
      return outbox(() => structuredClone(orders.filter(({ id }) => id > after).slice(0, most)));
    },

    acknowledge(ids) {
      const done = new Set(ids);
      return outbox(() => {
        orders = orders.filter(({ id }) => !done.has(id));
      });
    },

    // Nothing of it outlives the process.
    keepsSecrets: true,

    async compact() {
      check(life);
    },

    async close() {
      await Promise.all(pending);
      life = undefined;
    },

    crash() {
      life = undefined;
      // What was under way is void; in a process that was killed it would never settle either, and nobody may wait for it.
      pending.clear();
      inOrder = Promise.resolve();
      orderly = Promise.resolve();
    },
  };
  return store;
}

interface Skip {
  readonly key: string;
  readonly seq: number;
  readonly skipped: { readonly key: string; readonly error: unknown };
}

async function copied(
  entries: readonly SnapshotEntry[],
  stillOpen: () => void,
): Promise<readonly (SnapshotEntry | Skip)[]> {
  const budget = slice();
  const clones: (SnapshotEntry | Skip)[] = [];
  for (const entry of entries) {
    try {
      clones.push(structuredClone(entry));
    } catch (error) {
      clones.push({ key: entry.key, seq: entry.seq, skipped: { key: entry.key, error } });
    }
    if (!budget.spent()) continue;
    await yieldToLoop();
    stillOpen();
    budget.renew();
  }
  return clones;
}
