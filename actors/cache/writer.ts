import { OptionsError, SnapshotError, SourceUnavailableError, StateError } from '../../src/errors.js';
import { milliseconds } from '../../src/runtime/duration.js';
import { ageNow, wallNow } from '../../src/runtime/time.js';
import type { Row } from '../../src/sources/source.js';
import type { Lease, EntryOptions as TableEntry } from '../../src/table/index.js';
import type { CacheCore } from './core.js';
import { patience } from './feed.js';
import { Flag } from './judge.js';
import { away, notRunning } from './loader.js';
import { checkEntryOptions, type EntryOptions } from './options.js';
import { termsOf } from './terms.js';
import { waitFor } from './wait.js';

/** The user's orders: to memory at once, or through the source and then to memory. */
export class Writer<V> {
  readonly #core: CacheCore<V>;

  constructor(core: CacheCore<V>) {
    this.#core = core;
  }

  put(key: string, value: V, entry: EntryOptions = {}): void {
    const core = this.#core;
    const stored = this.#admitted(key);
    if (value === undefined) {
      throw new OptionsError(
        'undefined cannot be cached: it means "no value". Use revoke() to say that a row is gone.',
      );
    }
    const options = this.#entry(stored, value, entry);
    core.table.put(stored, value, options);
    core.quarantine.release(stored);
    core.loader.abort(stored);
  }

  invalidate(keys: string | readonly string[]): void {
    this.#bury(keys, 'invalidated', 'invalidate');
  }

  revoke(keys: string | readonly string[]): void {
    this.#bury(keys, 'revoked', 'revoke');
  }

  async save(key: string, value: V, entry: EntryOptions = {}): Promise<void> {
    const { link } = this.#core;
    const write = link.source.save;
    if (write === undefined) throw new StateError('This source cannot save: it has no `save` method.');
    const stored = this.#admitted(key);
    if (value === undefined) throw new OptionsError('undefined cannot be saved: it means "no value".');
    const { expiresAt, version, tags } = this.#entry(stored, value, entry);
    const row: Row<V> = {
      key,
      value,
      ...(expiresAt !== undefined && { expiresAt }),
      ...(version !== undefined && { version }),
      ...(tags !== undefined && { tags }),
    };
    const { table } = this.#core;
    const lease = table.lease();
    try {
      await this.#through('save', (context) => write.call(link.source, row, context));
      this.#saved(stored, value, this.#entry(stored, value, entry), lease);
    } finally {
      table.release(lease);
    }
  }

  /**
   * What the source took is stored as `put` would, unless something happened to the key meanwhile: then nobody knows which
   * came last there. A removal stands; of anything else, nothing is known any more.
   */
  #saved(stored: string, value: V, options: TableEntry, lease: Lease): void {
    const { table, quarantine, loader } = this.#core;
    if (table.confirm(stored, value, options, lease) === 'stored') {
      quarantine.release(stored);
      loader.abort(stored);
    } else if (table.tombstoneOf(stored)?.kind !== 'revoked')
      this.buryStored([stored], 'invalidated', 'invalidate');
  }

  async remove(key: string): Promise<void> {
    const { link, ledger, keys } = this.#core;
    const write = link.source.remove;
    if (write === undefined) throw new StateError('This source cannot remove: it has no `remove` method.');
    if (!keys.allows(key)) return;
    await this.#through('remove', (context) => write.call(link.source, key, context));
    this.#bury(key, 'revoked', 'remove');
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

  clear(): void {
    const core = this.#core;
    core.table.clear();
    core.quarantine.clear();
    core.authority.void();
    core.loader.abortAll();
    core.passes.anyRow = false;
    core.passes.complete = false;
    core.restored = false;
    if (core.passes.possible && core.running) core.passes.demand();
    core.bus.publish('invalidated', { keys: [], because: 'clear' });
  }

  /** A write goes to the source or is refused: nothing is queued. */
  async #through(
    what: string,
    write: (context: { readonly signal: AbortSignal }) => Promise<void>,
  ): Promise<void> {
    const { link, policy, running, expectsRestart } = this.#core;
    if (!running && !expectsRestart) throw notRunning(policy.name);
    if (link.permission() === 'no') throw away(link.outage.error);
    const answer = await link.ask(write, {
      signal: new AbortController().signal,
      timeout: patience * policy.load.timeout,
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

  #bury(
    given: string | readonly string[],
    kind: 'invalidated' | 'revoked',
    because: 'invalidate' | 'revoke' | 'remove',
  ): void {
    const core = this.#core;
    const keys = (Array.isArray(given) ? given : [given as string])
      .filter((key) => core.keys.allows(key))
      .map((key) => core.keys.stored(key));
    this.buryStored(keys, kind, because);
  }

  /** The same by the keys that the table has. */
  buryStored(
    keys: readonly string[],
    kind: 'invalidated' | 'revoked',
    because: 'invalidate' | 'revoke' | 'remove',
  ): void {
    const core = this.#core;
    if (keys.length === 0) return;
    const at = ageNow();
    for (const key of keys) {
      core.table.bury(key, kind, at);
      core.quarantine.release(key);
      core.authority.doubt(key);
      core.loader.abort(key);
    }
    core.counters.invalidated += keys.length;
    const wall = wallNow();
    core.ledger?.note(
      keys.map((key) => ({ key, kind, at: wall, seq: core.table.tombstoneOf(key)?.seq ?? core.table.seq })),
    );
    core.bus.publish('invalidated', { keys, because });
  }

  /** The stored form of a key that may be written. */
  #admitted(key: string): string {
    if (!this.#core.keys.allows(key)) {
      throw new OptionsError(
        `The key guard refuses ${this.#core.keys.secret ? 'this key' : this.#core.named(key)}: nothing can be stored under it.`,
      );
    }
    return this.#core.keys.stored(key);
  }

  #entry(stored: string, value: V, entry: EntryOptions): TableEntry {
    checkEntryOptions(entry);
    const own = {
      ...(entry.ttl !== undefined && { ttl: milliseconds(entry.ttl, 'ttl') }),
      ...(entry.staleFor !== undefined && { staleFor: milliseconds(entry.staleFor, 'staleFor') }),
    };
    return {
      confirmedAt: ageNow(),
      ...termsOf(this.#core.policy, own, entry.expiresAt),
      ...(entry.expiresAt !== undefined && { expiresAt: entry.expiresAt }),
      ...(entry.version !== undefined && { version: entry.version }),
      ...(entry.tags !== undefined && { tags: entry.tags }),
      weight: this.#core.weights.of(value, stored, entry.weight),
      flags: Flag.none,
    };
  }
}
