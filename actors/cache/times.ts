import { OptionsError } from '../../src/errors.js';
import { type Duration, type Milliseconds, milliseconds } from '../../src/runtime/duration.js';
import { ageNow, wallNow } from '../../src/runtime/time.js';
import type { CacheCore } from './core.js';
import { type Held, heldIn } from './held.js';
import { Flag } from './judge.js';
import { restarted } from './terms.js';

/** How long entries hold: asked, and changed. */
export class Times<V> {
  readonly #core: CacheCore<V>;

  constructor(core: CacheCore<V>) {
    this.#core = core;
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
    const { table, loader } = this.#core;
    table.put(stored, held.value, { ...held.entry, expiresAt: at });
    // It is over by order: a wall clock that is set back before anybody looks does not bring it back.
    if (at <= wallNow()) table.latch(table.slotOf(stored));
    loader.abort(stored);
    return true;
  }

  touch(key: string): boolean {
    const found = this.#held(key);
    if (found === undefined) return false;
    const { table, doubtBefore } = this.#core;
    const { entry } = found.held;
    // With the age its place before a gap of the change feed is gone: the doubt stays as a mark.
    const doubt = entry.confirmedAt < doubtBefore ? Flag.suspect : Flag.none;
    table.retime(table.slotOf(found.stored), {
      ...entry,
      ...restarted(entry, ageNow()),
      flags: (entry.flags ?? 0) | doubt,
    });
    return true;
  }

  #held(key: string): { readonly stored: string; readonly held: Held<V> } | undefined {
    const { keys } = this.#core;
    if (!keys.allows(key)) return undefined;
    const stored = keys.stored(key);
    const held = heldIn(this.#core, stored);
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
