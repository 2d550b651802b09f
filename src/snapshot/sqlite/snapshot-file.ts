import { SnapshotCorruptError, SnapshotError } from '../../errors.js';
import type { OutboxEntry, OutboxOrder } from '../store.js';
import type { Block } from './block.js';
import { type Connection, connect, type Driver } from './connection.js';
import { isDamage, snapshotFailure } from './failure.js';
import type { Chunk } from './frame.js';
import { type State, writeState } from './meta.js';
import { sealOrder, unsealOrder } from './order.js';
import { type Aside, identityOf, prepare, setAside } from './place.js';
import { Reader, type ReadPage, type ReadPlace } from './reader.js';
import { writeBlocks, writeFrames } from './writing.js';

export interface FileRequest {
  readonly file: string;
  readonly cache: string;
  readonly secret: Uint8Array | undefined;
}

export interface FileOpening {
  readonly path: string;
  readonly seq: number;
  readonly writtenAt: number | undefined;
  readonly cursor: string | undefined;
  readonly complete: boolean;
  readonly entries: number;
  readonly aside: Aside | undefined;
  /** A full writing dropped records that still have to be deleted. */
  readonly purge: boolean;
}

export interface PageHead {
  readonly writtenAt: number;
  readonly cursor: string | undefined;
  readonly full: 'begin' | 'end' | 'both' | undefined;
  readonly asOf: number | undefined;
}

/** Rows that one call deletes, so that a journal never waits long. */
const purged = 2000;
/** Blocks that one call deletes. */
const purgedBlocks = 40;
/** File pages that one call gives back. */
const vacuumed = 500;

/**
 * The file, and every transaction on it. Synchronous: it lives in a thread of its own. All that takes long is cut in calls,
 * and whoever calls decides what goes between them.
 */
export class SnapshotFile {
  readonly #driver: Driver;
  #path = '';
  #open: Connection | undefined;
  #aside: Aside | undefined;
  /** Of the full writing under way. */
  #full: { readonly asOf: number } | undefined;
  #purged = 0;
  readonly #reader = new Reader();

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  open({ file, cache, secret }: FileRequest): FileOpening {
    this.close();
    this.#path = file;
    const connection = this.#guarded('it was opened', () =>
      connect(this.#driver, () => this.#prepared(file), { cache, secret }),
    );
    this.#open = connection;
    const { state, entries, aside } = connection;
    const { seq, writtenAt, cursor, complete, floor } = state;
    return { path: this.#path, seq, writtenAt, cursor, complete, entries, aside, purge: floor > 0 };
  }

  /** One transaction. Answers whether a purge is due. */
  append(
    blocks: readonly Block[],
    chunks: readonly Chunk[],
    { writtenAt, cursor, full, asOf }: PageHead,
  ): boolean {
    const begins = full === 'begin' || full === 'both';
    const ends = full === 'end' || full === 'both';
    const underWay = begins ? { asOf: asOf ?? -1 } : this.#full;
    if ((ends || blocks.length > 0) && underWay === undefined) {
      throw new SnapshotError(
        "A full writing cannot go on or end that has not begun: append a page with full: 'begin' first.",
      );
    }
    this.#transaction('a page was written', (state) => {
      const generation = begins ? state.generation + 1 : state.generation;
      const now = { ...state, generation };
      const seqs = [
        writeBlocks(this.#connection(), now, blocks),
        writeFrames(this.#connection(), now, chunks),
      ];
      return {
        ...state,
        seq: Math.max(state.seq, ...seqs),
        writtenAt,
        cursor: cursor ?? state.cursor,
        generation,
        complete: ends || (state.complete && !begins),
        ...(ends && underWay !== undefined ? { floor: generation, asOf: underWay.asOf } : {}),
      };
    });
    this.#full = ends ? undefined : underWay;
    return this.#connection().state.floor > 0;
  }

  journal(chunks: readonly Chunk[]): void {
    this.#transaction('tombstones were journaled', (state) => ({
      ...state,
      seq: Math.max(state.seq, writeFrames(this.#connection(), state, chunks)),
    }));
  }

  /** Puts orders into the outbox. Answers their numbers. */
  enqueue(orders: readonly OutboxOrder[]): readonly number[] {
    const ids: number[] = [];
    this.#transaction('orders were put into its outbox', (state) => {
      const { statements, seal } = this.#connection();
      let last = state.order ?? 0;
      for (const order of orders) {
        last += 1;
        statements.order.run(...sealOrder(seal, last, order));
        ids.push(last);
      }
      return { ...state, order: last };
    });
    return ids;
  }

  /** Orders that wait, oldest first. */
  waiting(after: number, most: number): readonly OutboxEntry[] {
    return this.#guarded('its outbox was read', () => {
      const { statements, seal } = this.#connection();
      return statements.orders.all(after, most).map((row) => unsealOrder(seal, row));
    });
  }

  acknowledge(ids: readonly number[]): void {
    this.#transaction('orders were taken out of its outbox', (state) => {
      const { statements } = this.#connection();
      for (const id of ids) statements.done.run(id);
      return state;
    });
  }

  /** Deletes some of what the last full writing dropped. Answers whether there may be more. */
  purge(): boolean {
    const more = this.#transaction('it was tidied', (state) => {
      if (state.floor === 0) return state;
      const { stretch: end, last, purge, purgeBlocks } = this.#connection().statements;
      if (purgeBlocks.run(state.floor, purgedBlocks).changes > 0) return state;
      const after = this.#purged;
      const whole = { after, upTo: last.get() ?? 0 };
      const upTo = end.get({ ...whole, rows: purged }) ?? whole.upTo;
      purge.run({ after, upTo, floor: state.floor, asOf: state.asOf });
      this.#purged = upTo;
      return upTo === whole.upTo ? { ...state, floor: 0, asOf: -1 } : state;
    });
    if (!more) this.#purged = 0;
    return more;
  }

  /** The records from `place` on, at most so many. */
  read(place: ReadPlace | undefined, most: number): ReadPage {
    return this.#guarded('it was read', () => this.#reader.read(this.#connection(), place, most));
  }

  /** Gives some of the free pages back to the disk. Answers whether it is worth while to go on. */
  compact(first: boolean): boolean {
    return this.#guarded('it was compacted', () => {
      const { db } = this.#connection();
      const size = (pragma: string): number => Number(db.pragma(pragma, { simple: true }));
      const free = size('freelist_count');
      const worth = first ? free > Math.max(vacuumed, size('page_count') / 4) : free > 0;
      if (worth) db.pragma(`incremental_vacuum(${vacuumed})`);
      const more = worth && size('freelist_count') < free;
      if (!more) db.pragma('wal_checkpoint(TRUNCATE)');
      return more;
    });
  }

  /** Closes the file and moves it away. */
  discard(because: string): Aside {
    const moved = setAside(this, this.#path, this.#open?.identity, because);
    this.#aside = moved ?? { file: this.#path, movedTo: undefined, because };
    return this.#aside;
  }

  /** What the last SnapshotCorruptError put aside: an error on its way between threads loses its own fields. */
  lastAside(): Aside | undefined {
    return this.#aside;
  }

  close(): void {
    const open = this.#open;
    this.#open = undefined;
    this.#full = undefined;
    this.#purged = 0;
    this.#reader.forget();
    open?.db.close();
  }

  #prepared(file: string) {
    const place = prepare(file);
    this.#path = place.path;
    return place;
  }

  #connection(): Connection {
    if (this.#open === undefined) throw new SnapshotError('The snapshot store is not open. Open it first.');
    return this.#open;
  }

  /** Runs `work` in one transaction and keeps the state that it answers. Answers whether a purge is due. */
  #transaction(doing: string, work: (state: State) => State): boolean {
    return this.#guarded(doing, () => {
      const connection = this.#connection();
      if (identityOf(this.#path) !== connection.identity) {
        throw new Error('it was removed, or replaced by another file');
      }
      const state = connection.db
        .transaction(() => {
          const next = work(connection.state);
          writeState(connection.statements, connection.seal, next);
          return next;
        })
        .immediate();
      this.#open = { ...connection, state };
      return state.floor > 0;
    });
  }

  #guarded<Result>(doing: string, work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw snapshotFailure(error, this.#path, doing);
      const aside = this.discard(error.message);
      throw new SnapshotCorruptError(
        `The snapshot's file ${this.#path} is damaged: ${error.message}. It was moved to ${aside.movedTo}; open the store again to start with an empty one.`,
        aside,
        { cause: error },
      );
    }
  }
}
