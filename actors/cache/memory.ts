import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow, wallNow } from '../../src/runtime/time.js';
import type { CacheCore } from './core.js';
import { judge, whyUnknown } from './judge.js';
import type { Absent, Fresh, Lookup, Stale, Unknown } from './lookup.js';

/** What memory says of a key, by the exact clocks. Keys are as the table has them. */
export class Memory<V> {
  readonly #core: CacheCore<V>;

  constructor(core: CacheCore<V>) {
    this.#core = core;
  }

  know(key: string): Lookup<V> {
    const core = this.#core;
    const { table } = core;
    const slot = table.slotOf(key);
    if (slot >= 0) {
      const age = ageNow();
      const wall = wallNow();
      const confirmedAt = table.confirmedAt(slot);
      const expiresAt = table.expiresAt(slot);
      const verdict = judge(
        {
          confirmedAt,
          ttl: table.ttlOf(slot),
          staleFor: table.staleForOf(slot),
          expiresAt,
          flags: table.flagsOf(slot),
        },
        { age, wall, sourceDown: core.link.down, doubtBefore: core.doubtBefore },
      );
      if (verdict === 'expired') table.latch(slot);
      if (verdict !== 'expired' && verdict !== 'aged') {
        table.touch(slot);
        if (verdict === 'fresh' && core.sliding.any) core.sliding.read(table, slot, age);
        const value = table.valueAt(slot) as V;
        const since = Math.max(0, age - confirmedAt);
        return verdict === 'fresh' ? fresh(value, since, expiresAt) : stale(value, since, expiresAt, verdict);
      }
      return this.unknown(key);
    }
    return this.#unheld(key);
  }

  #unheld(key: string): Absent | Unknown {
    const { table, policy, authority, link } = this.#core;
    const tombstone = table.tombstoneOf(key);
    const denial = tombstone === undefined ? table.negativeOf(key) : undefined;
    // Most misses end here: a clock costs more than all the rest.
    if (tombstone === undefined && denial === undefined && !policy.authoritative) return this.unknown(key);
    const age = ageNow();
    if (tombstone?.kind === 'revoked')
      return { status: 'absent', age: Math.max(0, age - tombstone.at), because: 'removed' };
    if (denial !== undefined && age < denial.until) {
      return { status: 'absent', age: Math.max(0, age - denial.at), because: denial.because };
    }
    if (policy.authoritative && tombstone === undefined && link.outage.status === 'up') {
      const proven = authority.proves(key, age, policy.ttl);
      if (proven !== undefined) return { status: 'absent', age: Math.max(0, proven), because: 'pass' };
    }
    return this.unknown(key);
  }

  /** Nobody can say, and why. `unreachable`: the source was just asked, and was away. */
  unknown(key: string, { unreachable = false } = {}): Unknown {
    const core = this.#core;
    const because = whyUnknown({
      quarantined: core.quarantine.has(key),
      cold: core.cold,
      sourceDown: unreachable || core.link.down,
    });
    return { status: 'unknown', because };
  }
}

/** A fresh answer. */
export const fresh = <V>(value: V, age: Milliseconds, expiresAt: number): Fresh<V> =>
  expiresAt === Number.POSITIVE_INFINITY
    ? { status: 'fresh', value, age }
    : { status: 'fresh', value, age, expiresAt };

const stale = <V>(value: V, age: Milliseconds, expiresAt: number, because: Stale<V>['because']): Stale<V> =>
  expiresAt === Number.POSITIVE_INFINITY
    ? { status: 'stale', value, age, because }
    : { status: 'stale', value, age, expiresAt, because };
