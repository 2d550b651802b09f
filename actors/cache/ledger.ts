import type { SnapshotStore, SnapshotTombstone } from '../../src/snapshot/store.js';
import type { Cursor } from '../../src/sources/source.js';
import { Backlog } from '../../src/table/index.js';
import { Bell } from './bell.js';
import type { Outbox } from './outbox.js';

type Waiter = {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

/**
 * What the snapshot is still to learn, and who waits for it. It outlives the snapshotter: what one incarnation had not
 * written the next one does.
 */
export class Ledger {
  /** Opens the store anew. */
  readonly openStore: () => Promise<SnapshotStore>;
  /** What waits for the source. */
  readonly outbox: Outbox;

  /** Rung when there is something for the journal. */
  readonly written = new Bell();
  /** Added to this process's mutation numbers, so that they go on where the store's stood at the first opening. */
  shift: number | undefined;
  /** The next writing must be a full one: the first, or one after a doubtful file. */
  fullDue = false;
  /** Grows with whatever the store has written. */
  progress = 0;
  /** Keys whose removal was written since the last full writing. */
  removals = 0;
  /** The snapshotter of this tree has ended in order: nothing will be written any more. */
  closed = false;
  last: { readonly at: number; readonly ok: boolean; readonly error?: unknown } | undefined;
  /** Keys that a restore left out because their time was over: they are to go from the store. */
  readonly dropped = new Backlog<string>();
  /** The change feed's cursor as the store has it. */
  cursor: Cursor | undefined;
  /** A restore has been finished in this process: the table knows all that the store does, and more. */
  restored = false;
  /** Tags that were invalidated before that, and when: what it still brings with one of them goes, from the store too. */
  readonly tags = new Map<string, number>();
  /** The store, while it is open. */
  store: SnapshotStore | undefined;
  /** The last incarnation's store, being closed: the next one waits for it. */
  closing: Promise<void> = Promise.resolve();
  #pending: SnapshotTombstone[] = [];
  #noted = 0;
  #durable = 0;
  #waiting: Waiter[] = [];

  constructor(openStore: () => Promise<SnapshotStore>, outbox: Outbox) {
    this.openStore = openStore;
    this.outbox = outbox;
  }

  /** Notes tombstones for the journal. */
  note(tombstones: readonly SnapshotTombstone[]): void {
    for (const tombstone of tombstones) this.#pending.push(tombstone);
    this.#noted += tombstones.length;
    this.written.ring();
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /** Takes what is pending, to be written now. */
  take(): readonly SnapshotTombstone[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }

  /** What was taken is on disk. */
  settle(taken: readonly SnapshotTombstone[]): void {
    this.#durable += taken.length;
    this.progress++;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      if (waiter.upTo <= this.#durable) waiter.resolve();
      else this.#waiting.push(waiter);
    }
  }

  /** What was taken could not be written: it comes first the next time, and who waits is told. */
  putBack(taken: readonly SnapshotTombstone[], error?: unknown): void {
    this.#pending = [...taken, ...this.#pending];
    if (error === undefined) return;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
  }

  /** Resolves when all that is noted by now is on disk. Rejects when the disk refused it. */
  durable(): Promise<void> {
    if (this.#durable >= this.#noted) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiting.push({ upTo: this.#noted, resolve, reject }));
  }
}
