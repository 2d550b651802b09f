import { StateError } from '../errors.js';
import type { ChangeList, Changes } from './change-list.js';
import { History } from './history.js';
import type { Lease } from './leases.js';
import { View } from './view.js';

/** What a table tells of what happened to it: to reads of the source, to a copy kept elsewhere, to one who watches. */
export class Chronicle<V> extends View<V> {
  /** @internal */
  protected readonly history: History<V>;
  #unwatch: (() => void) | undefined;

  constructor(seq: number, track: boolean, bounded: boolean) {
    super(bounded);
    this.history = new History(this.records, seq, track);
  }

  /** Mutations so far. */
  get seq(): number {
    return this.history.seq;
  }

  /** About how many changes wait to be drained. */
  get pending(): number {
    return this.history.changes?.pending ?? 0;
  }

  /** Given before a read of the source begins; to be released when its answer has been dealt with. */
  lease(of: Lease['of'] = 'read', holder?: string): Lease {
    return this.history.leases.give(this.seq, of, holder);
  }

  /** Whether anything may still be stored under the lease. */
  isOpen(lease: Lease): boolean {
    return this.history.leases.isOpen(lease);
  }

  release(lease: Lease): void {
    this.history.leases.end(lease);
    this.history.tidy();
  }

  /** Every lease given so far (to `holder`, where named) is refused from now on: whoever held it died. */
  voidLeases(holder?: string): void {
    this.history.leases.endAll(holder);
    this.history.tidy();
  }

  /** Takes up to `most` of what changed. One page at a time: write it, or `redo` it, before the next. */
  drain(most: number): Changes {
    return this.#tracked().drain(most, this.seq);
  }

  /** Puts back a page that was not written, or of which nobody knows: the last one, if none is given. */
  redo(page?: Changes): void {
    this.#tracked().redo(page);
  }

  /** Makes the next pages a full writing. */
  markAllDirty(): void {
    this.#tracked().all();
  }

  /** Tells `listener` of each key that something happened to; of `undefined` when it happened to all. One at a time. */
  watch(listener: ((key: string | undefined) => void) | undefined): void {
    this.#unwatch?.();
    this.#unwatch = listener && this.history.watch(listener);
  }

  /** The same, beside others, until the returned function is called. */
  follow(listener: (key: string | undefined) => void): () => void {
    return this.history.watch(listener);
  }

  #tracked(): ChangeList<V> {
    const { changes } = this.history;
    if (changes === undefined)
      throw new StateError('This table keeps no changes: make it with { track: true }.');
    return changes;
  }
}
