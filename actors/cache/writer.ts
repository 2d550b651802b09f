import { OptionsError } from '../../src/errors.js';
import { type Milliseconds, milliseconds } from '../../src/runtime/duration.js';
import { ageNow, random } from '../../src/runtime/time.js';
import type { EntryOptions as TableEntry } from '../../src/table/index.js';
import { checkEntryOptions, type EntryOptions } from './call-options.js';
import { applyChanges } from './changes.js';
import type { CacheCore } from './core.js';
import { jittered } from './jitter.js';
import { Flag } from './judge.js';
import { slidesOf } from './options.js';
import { slidingTerms } from './sliding.js';
import { type Terms, termsOf } from './terms.js';

/** The user's orders to memory, which are carried out at once. */
export class Writer<V> {
  readonly #core: CacheCore<V>;

  constructor(core: CacheCore<V>) {
    this.#core = core;
  }

  put(key: string, value: V, entry: EntryOptions = {}): void {
    const core = this.#core;
    const stored = this.admitted(key);
    checkValue(value);
    const options = core.weights.weighed(this.entry(entry), value, stored);
    if (core.table.isSealed(stored)) {
      core.counters.refused++;
      return;
    }
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

  clear(): void {
    const core = this.#core;
    core.table.clear();
    core.quarantine.clear();
    core.authority.void();
    core.loader.abortAll();
    core.passes.anyRow = false;
    core.passes.complete = false;
    core.restored = false;
    core.cleared = true;
    if (core.passes.possible && core.running) core.passes.demand();
    core.bus.publish('invalidated', { keys: [], because: 'clear' });
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

  /** The same by the keys that the table has, perhaps since earlier: `at`, ms of ages. */
  buryStored(
    keys: readonly string[],
    kind: 'invalidated' | 'revoked',
    because: 'invalidate' | 'revoke' | 'remove',
    at?: Milliseconds,
  ): void {
    if (keys.length === 0) return;
    applyChanges(
      this.#core,
      keys.map((key) => ({ key, gone: kind, ...(at !== undefined && { at }) })),
      because,
    )();
  }

  /**
   * The stored form of a key that may be written.
   *
   * @throws OptionsError when the guard refuses it.
   */
  admitted(key: string): string {
    if (!this.#core.keys.allows(key)) {
      throw new OptionsError(
        `The key guard refuses ${this.#core.keys.secret ? 'this key' : this.#core.named(key)}: nothing can be stored under it.`,
      );
    }
    return this.#core.keys.stored(key);
  }

  /**
   * What the table is to keep beside a value that the user has seen now.
   *
   * @throws OptionsError that names the option.
   */
  entry(entry: EntryOptions): TableEntry {
    checkEntryOptions(entry);
    const { policy, sliding } = this.#core;
    const slides = entry.sliding === undefined ? policy.sliding : slidesOf(entry.sliding);
    if (slides !== false) sliding.any = true;
    const plain = termsOf(policy, ownTerms(entry), entry.expiresAt);
    const jitters = entry.ttl === undefined && policy.jitter > 0;
    const given = jitters
      ? { ttl: jittered(plain.ttl, policy.jitter, random()), staleFor: plain.staleFor }
      : plain;
    const terms = slidingTerms(given, slides);
    // Field by field: what is spread costs more than all the rest of a put.
    return {
      confirmedAt: ageNow(),
      ttl: terms.ttl,
      staleFor: terms.staleFor,
      expiresAt: entry.expiresAt,
      version: entry.version,
      tags: entry.tags,
      weight: entry.weight,
      flags: slides === false ? Flag.local : Flag.local | Flag.sliding,
    };
  }
}

/** @throws OptionsError that names the option. */
function ownTerms({ ttl, staleFor }: EntryOptions): Partial<Terms> {
  if (ttl === undefined && staleFor === undefined) return noTerms;
  return {
    ...(ttl !== undefined && { ttl: milliseconds(ttl, 'ttl') }),
    ...(staleFor !== undefined && { staleFor: milliseconds(staleFor, 'staleFor') }),
  };
}

const noTerms: Partial<Terms> = {};

/** @throws OptionsError */
export function checkValue(value: unknown): void {
  if (value !== undefined) return;
  throw new OptionsError(
    'undefined cannot be cached: it means "no value". Use revoke() to say that a row is gone.',
  );
}
