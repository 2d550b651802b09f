import { TransactionConflictError } from '../../src/errors.js';
import { applyChanges, type Change } from './changes.js';
import type { CacheCore } from './core.js';
import { Ground } from './ground.js';
import { type Held, verdictOn } from './held.js';
import type { Scope, Work } from './scope.js';
import type { Shelf } from './shelf.js';

/**
 * What one transaction makes of one cache, seen by nobody else until it is applied: over what the one around it has made, over
 * what the table held when it was first asked.
 */
export class Workspace<V> implements Shelf<V>, Work {
  readonly #core: CacheCore<V>;
  /** That of the one around it; or, for the outermost, what it stands on. */
  readonly #below: Workspace<V> | Ground<V>;
  readonly #drafts = new Map<string, Change<V>>();

  constructor(core: CacheCore<V>, scope: Scope, around: Workspace<V> | undefined) {
    this.#core = core;
    this.#below = around ?? new Ground(core);
    scope.works.add(this);
  }

  get ground(): Ground<V> {
    return this.#below instanceof Workspace ? this.#below.ground : this.#below;
  }

  /** The change that waits for the key, here or below. */
  draft(key: string): Change<V> | undefined {
    const draft = this.#drafts.get(key);
    return draft === undefined && this.#below instanceof Workspace ? this.#below.draft(key) : draft;
  }

  held(key: string): Held<V> | undefined {
    const draft = this.draft(key);
    if (draft === undefined) return this.ground.read(key);
    if ('gone' in draft) return undefined;
    const verdict = verdictOn(this.#core, draft.entry);
    if (verdict === 'expired') {
      // Seen to be over, it stays so, whatever the wall clock says later.
      const entry = { ...draft.entry, expiresAt: Number.NEGATIVE_INFINITY };
      this.#drafts.set(key, { ...draft, entry });
    }
    return verdict === 'expired' || verdict === 'aged'
      ? undefined
      : { value: draft.value, entry: draft.entry, verdict };
  }

  stamp(key: string): unknown {
    return this.draft(key);
  }

  apply(changes: Iterable<Change<V>>): void {
    for (const change of changes) {
      const before = 'touched' in change ? this.draft(change.key) : undefined;
      // What is to be put is put all the same, with its age begun anew.
      const put = 'touched' in change && before !== undefined && 'seen' in before;
      this.#drafts.set(change.key, put ? { ...before, entry: change.entry } : change);
    }
  }

  handUp(): void {
    if (this.#below instanceof Workspace) this.#below.apply(this.#drafts.values());
  }

  commit(): () => void {
    const tell = applyChanges(this.#core, this.#drafts.values());
    this.ground.end();
    return tell;
  }

  check(): void {
    const { ground } = this;
    for (const key of ground.keys()) {
      if (ground.lost) throw this.#conflict(key, 'the cache was cleared, or its table rebuilt');
      if (!ground.conflicts(key, this.#drafts.has(key))) continue;
      throw this.#conflict(key, `something else happened to ${this.#core.named(key)}`);
    }
  }

  /** @throws TransactionConflictError when something happened already. */
  checkKey(key: string): void {
    if (!this.ground.lost && !this.ground.conflicts(key, this.draft(key) !== undefined)) return;
    throw this.#conflict(key, `something else happened to ${this.#core.named(key)}`);
  }

  drop(): void {
    this.#drafts.clear();
    if (!(this.#below instanceof Workspace)) this.#below.end();
  }

  #conflict(key: string, what: string): TransactionConflictError {
    return new TransactionConflictError(
      `While a transaction ran, ${what} outside of it: nothing of it was applied. Run it again, or give it { retries }; inside it, write through its own object.`,
      key,
    );
  }
}
