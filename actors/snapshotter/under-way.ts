import { buggify } from '../../src/fault-point.js';
import type { SnapshotAppend, SnapshotAppended, SnapshotStore } from '../../src/snapshot/store.js';
import type { Changes, Table } from '../../src/table/index.js';
import type { Ledger } from '../cache/ledger.js';

interface Sent {
  readonly changes: Changes;
  readonly dropped: readonly string[];
  readonly written: Promise<SnapshotAppended>;
}

/** While the store writes one page the next is made. */
const most = 2;

/** Pages on their way to the store. What it refuses is put back, with all that was sent behind it. */
export class PagesUnderWay<V> {
  readonly #table: Table<V>;
  readonly #ledger: Ledger;
  readonly #store: SnapshotStore;
  readonly #onWritten: (appended: SnapshotAppended) => void;
  readonly #sent: Sent[] = [];

  constructor(
    table: Table<V>,
    ledger: Ledger,
    store: SnapshotStore,
    onWritten: (appended: SnapshotAppended) => void,
  ) {
    this.#table = table;
    this.#ledger = ledger;
    this.#store = store;
    this.#onWritten = onWritten;
  }

  /**
   * Sends a page. It resolves when the page is written, or another one may be sent. One that may hold only if all before it do goes
   * `alone`.
   * @throws what the store refuses a page with
   */
  async send(
    page: SnapshotAppend,
    from: { readonly changes: Changes; readonly dropped: readonly string[] },
    alone: boolean,
  ): Promise<void> {
    if (alone) await this.#settled(0, from);
    const written = this.#append(page);
    // Whoever waits for it is told.
    written.catch(() => {});
    this.#sent.push({ ...from, written });
    await this.#settled(alone ? 0 : most - 1);
  }

  /** @throws what the store refuses a page with */
  async settle(): Promise<void> {
    await this.#settled(0);
  }

  async #append(page: SnapshotAppend): Promise<SnapshotAppended> {
    buggify('snapshotter.page');
    return this.#store.append(page);
  }

  async #settled(left: number, unsent?: Omit<Sent, 'written'>): Promise<void> {
    while (this.#sent.length > left) {
      const [first] = this.#sent as [Sent];
      try {
        this.#onWritten(await first.written);
        this.#sent.shift();
        this.#ledger.progress++;
      } catch (error) {
        // The rest may be written or not.
        await Promise.allSettled(this.#sent.map(({ written }) => written));
        for (const { changes, dropped } of [...this.#sent, ...(unsent ? [unsent] : [])].reverse()) {
          this.#table.redo(changes);
          this.#ledger.dropped.putBack(dropped);
        }
        this.#sent.length = 0;
        throw error;
      }
    }
  }
}
