import { OptionsError, SnapshotError, SourceUnavailableError, StateError } from '../../src/errors.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import type { Row } from '../../src/sources/source.js';
import type { Lease, EntryOptions as TableEntry } from '../../src/table/index.js';
import type { EntryOptions } from './call-options.js';
import type { CacheCore } from './core.js';
import { patience } from './feed.js';
import { heldIn } from './held.js';
import { away, notRunning } from './loader.js';
import { notCleared, type Order } from './order.js';
import type { Outbox } from './outbox.js';
import { waitFor } from './wait.js';
import type { Writer } from './writer.js';

/** `'removed'`: the source has done it. `'queued'`: it is away, and will be told. */
export type Removal = 'removed' | 'queued';

/** The user's orders that go to the source as well as to memory. */
export class SourceWriter<V> {
  readonly #core: CacheCore<V>;
  readonly #writer: Writer<V>;

  constructor(core: CacheCore<V>, writer: Writer<V>) {
    this.#core = core;
    this.#writer = writer;
  }

  async save(key: string, value: V, entry: EntryOptions = {}): Promise<void> {
    const { link } = this.#core;
    const write = link.source.save;
    if (write === undefined) throw new StateError('This source cannot save: it has no `save` method.');
    const stored = this.#writer.admitted(key);
    if (value === undefined) throw new OptionsError('undefined cannot be saved: it means "no value".');
    const { expiresAt, version, tags } = this.#writer.entry(entry);
    const row: Row<V> = {
      key,
      value,
      ...(expiresAt !== undefined && { expiresAt }),
      ...(version !== undefined && { version }),
      ...(tags !== undefined && { tags }),
    };
    const { table, touches, ledger } = this.#core;
    await this.#afterRemovals(stored);
    const lease = table.lease();
    const removedBefore = table.tombstoneOf(stored)?.at;
    const send = (): Promise<void> =>
      touches.outOfTheWay(stored, async () => {
        await this.#through('save', key, (context) => write.call(link.source, row, context));
        touches.known(stored);
        ledger?.outbox.dropTouches(stored);
      });
    try {
      await (ledger === undefined ? send() : ledger.outbox.saving(stored, send));
      const options = this.#core.weights.weighed(this.#writer.entry(entry), value, stored);
      this.#saved(stored, value, options, { lease, removedBefore });
    } finally {
      table.release(lease);
    }
  }

  /** A removal of the key that was ordered before must not come after the save: it is waited for, to its end in the file. */
  async #afterRemovals(stored: string): Promise<void> {
    const { ledger, link, policy } = this.#core;
    const clearance = ledger?.outbox.clearance(stored);
    if (clearance === undefined) return;
    if (link.down) {
      clearance.catch(() => {});
      throw away(link.outage.error);
    }
    const wait = await waitFor(clearance, { timeout: patience * policy.load.timeout });
    if (wait.type === 'late') throw notCleared(link.outage.error);
  }

  /**
   * What the source took is stored as `put` would, unless something happened to the key meanwhile: then nobody knows which
   * came last there. A removal stands; of anything else, nothing is known any more.
   */
  #saved(
    stored: string,
    value: V,
    options: TableEntry,
    { lease, removedBefore }: { readonly lease: Lease; readonly removedBefore: Milliseconds | undefined },
  ): void {
    const { table, quarantine, loader } = this.#core;
    const tombstone = table.tombstoneOf(stored);
    if (table.confirm(stored, value, options, lease) === 'stored') {
      quarantine.release(stored);
      loader.abort(stored);
    } else if (tombstone?.kind === 'revoked' && tombstone.at !== removedBefore) {
      // A load, or another save, that began before this may bring what is older in the source.
      table.overtake(stored);
      loader.abort(stored);
    } else this.#writer.buryStored([stored], 'invalidated', 'invalidate');
  }

  async remove(key: string): Promise<Removal> {
    const { link, ledger, keys } = this.#core;
    if (link.source.remove === undefined)
      throw new StateError('This source cannot remove: it has no `remove` method.');
    if (!keys.allows(key)) return 'removed';
    this.#mustRun();
    const stored = keys.stored(key);
    const outbox = ledger === undefined || ledger.closed ? undefined : ledger.outbox;
    if (outbox === undefined) await this.#removeNow(key, stored);
    else {
      // Until it is either done or queued, no save of the key goes ahead of it.
      const order =
        link.down || outbox.holds(stored)
          ? this.#queue(outbox, key, stored, link.outage.error)
          : await outbox.asking(stored, this.#removeOrQueue(outbox, key, stored));
      if (order !== undefined) {
        await this.#written(outbox, order);
        return 'queued';
      }
    }
    await this.#recorded();
    return 'removed';
  }

  async #removeNow(key: string, stored: string, outbox?: Outbox): Promise<void> {
    const { link, policy, touches } = this.#core;
    const work = async (signal: AbortSignal): Promise<void> => link.source.remove?.(key, { signal });
    await touches.outOfTheWay(stored, async () => {
      await this.#through(
        'remove',
        key,
        ({ signal }) => outbox?.asking(stored, work(signal)) ?? work(signal),
        // What can wait in the outbox need not wait here.
        outbox === undefined ? patience * policy.load.timeout : policy.load.timeout,
      );
      this.#writer.buryStored([stored], 'revoked', 'remove');
    });
  }

  async #removeOrQueue(outbox: Outbox, key: string, stored: string): Promise<Order | undefined> {
    try {
      await this.#removeNow(key, stored, outbox);
      return undefined;
    } catch (error) {
      if (!(error instanceof SourceUnavailableError)) throw error;
      return this.#queue(outbox, key, stored, error);
    }
  }

  /**
   * The source is away: gone from memory now, and from the source when it is back.
   * @throws OutboxFullError
   */
  #queue(outbox: Outbox, key: string, stored: string, cause: unknown): Order {
    const order = outbox.remove(stored, key, cause);
    this.#writer.buryStored([stored], 'revoked', 'remove');
    this.#core.ledger?.written.ring();
    return order;
  }

  /**
   * Resolves when the file has the order.
   * @throws SnapshotError when the disk refuses it: then it holds in this process, and is tried, no longer.
   */
  async #written(outbox: Outbox, order: Order): Promise<void> {
    try {
      const timeout = patience * this.#core.policy.load.timeout;
      const wait = await waitFor(outbox.written(order), { timeout });
      if (wait.type === 'late') throw new SnapshotError('The snapshot did not confirm it in time.');
    } catch (error) {
      throw new SnapshotError(
        'The source is away, and the removal could not be written to the snapshot: the row is gone from memory, and from the source when it is back, but only if this process lives until then.',
        { cause: error },
      );
    }
  }

  /** The removal is in the snapshot, if there is one. */
  async #recorded(): Promise<void> {
    const { ledger } = this.#core;
    if (ledger === undefined) return;
    if (ledger.closed) {
      throw new SnapshotError(
        'The row is gone from the source and from memory, but the snapshot is closed: it may still hold it.',
      );
    }
    const wait = await waitFor(ledger.durable(), { timeout: patience * this.#core.policy.load.timeout });
    if (wait.type === 'late') {
      throw new SnapshotError(
        'The row is gone from the source and from memory; the snapshot did not confirm it in time.',
      );
    }
  }

  /**
   * The row is in use until then: known here at once, and in the source in its turn. Nothing is ever made to expire sooner by that; nor is
   * anything else said of the row.
   */
  touch(key: string, expiresAt: number): boolean {
    const { link, keys, table, touches } = this.#core;
    if (link.source.touch === undefined && link.source.save === undefined)
      throw new StateError('This source cannot be told of a touch: it has no `touch` method, nor `save`.');
    if (!keys.allows(key)) return false;
    const stored = keys.stored(key);
    const held = heldIn(this.#core, stored);
    if (held === undefined) return false;
    const { expiresAt: was = Number.POSITIVE_INFINITY } = held.entry;
    if (expiresAt <= was) return true;
    table.retime(table.slotOf(stored), { ...held.entry, expiresAt });
    touches.add(stored, key, { expiresAt, was });
    return true;
  }

  /** A write goes to the source or is refused: nothing is queued. */
  async #through(
    what: string,
    key: string,
    write: (context: { readonly signal: AbortSignal }) => Promise<void>,
    timeout = patience * this.#core.policy.load.timeout,
  ): Promise<void> {
    const { link } = this.#core;
    this.#mustRun();
    if (link.permission() === 'no') throw away(link.outage.error);
    const redact = (error: unknown): unknown => this.#core.keys.redact(error, key);
    const answer = await link.ask(write, {
      redact,
      signal: new AbortController().signal,
      timeout,
      retries: 0,
    });
    if (answer.type === 'failed') {
      if (!answer.unavailable) throw answer.error;
      throw answer.error instanceof SourceUnavailableError
        ? answer.error
        : new SourceUnavailableError(
            `The source could not be reached for ${what}(): nothing was changed here.`,
            {
              cause: answer.error,
            },
          );
    }
  }

  #mustRun(): void {
    const { policy, running, expectsRestart } = this.#core;
    if (!running && !expectsRestart) throw notRunning(policy.name);
  }
}
