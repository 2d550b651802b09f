import { OptionsError } from '../../src/errors.js';
import { type Duration, type Milliseconds, milliseconds } from '../../src/runtime/duration.js';
import { ageNow, wallNow } from '../../src/runtime/time.js';
import { touchedEntry } from './changes.js';
import type { CacheCore } from './core.js';
import type { Held } from './held.js';
import type { Shelf } from './shelf.js';

/** How long entries hold: asked, and changed. */
export class Times<V> {
  readonly #core: CacheCore<V>;
  readonly #shelf: Shelf<V>;

  constructor(core: CacheCore<V>, shelf: Shelf<V>) {
    this.#core = core;
    this.#shelf = shelf;
  }

  ttl(key: string): Milliseconds | undefined {
    const held = this.#held(key)?.held;
    if (held === undefined) return undefined;
    if (held.verdict !== 'fresh') return 0;
    const { confirmedAt, ttl, expiresAt = Number.POSITIVE_INFINITY } = held.entry;
    return Math.max(0, Math.min(confirmedAt + ttl - ageNow(), expiresAt - wallNow()));
  }

  expire(key: string, duration: Duration): boolean {
    return this.expireAt(key, wallNow() + milliseconds(duration, 'duration'));
  }

  expireAt(key: string, at: Milliseconds): boolean {
    checkTime(at);
    const found = this.#held(key);
    if (found === undefined) return false;
    const { stored, held } = found;
    // It is over by order: a wall clock that is set back before anybody looks does not bring it back.
    const expiresAt = at <= wallNow() ? Number.NEGATIVE_INFINITY : at;
    this.#shelf.apply([{ key: stored, value: held.value, entry: { ...held.entry, expiresAt }, seen: false }]);
    return true;
  }

  touch(key: string): boolean {
    const found = this.#held(key);
    if (found === undefined) return false;
    const { stored, held } = found;
    const touched = ageNow();
    const entry = touchedEntry(held.entry, touched, this.#core.doubtBefore);
    this.#shelf.apply([{ key: stored, touched, value: held.value, entry }]);
    return true;
  }

  #held(key: string): { readonly stored: string; readonly held: Held<V> } | undefined {
    const { keys } = this.#core;
    if (!keys.allows(key)) return undefined;
    const stored = keys.stored(key);
    const held = this.#shelf.held(stored);
    return held === undefined ? undefined : { stored, held };
  }
}

function checkTime(at: unknown): void {
  if (typeof at === 'number' && Number.isFinite(at)) return;
  const given = at instanceof Date ? 'a Date' : String(at);
  throw new OptionsError(`Option "at" must be a number: ms since the epoch. Given: ${given}.`, {
    option: 'at',
    given: at,
  });
}
