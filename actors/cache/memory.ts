import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow, CoarseClock, MillisecondClock } from '../../src/runtime/time.js';
import type { Clocks, Standing } from '../../src/table/index.js';
import type { CacheCore } from './core.js';
import { judge, whyUnknown } from './judge.js';
import type { Absent, Fresh, Lookup, Stale, Unknown } from './lookup.js';

/** What memory says of a key. Keys are as the table has them. */
export class Memory<V> {
  readonly #core: CacheCore<V>;
  /** Of all who ask in one stretch of code: what the one is told and what the other is given are of one time. */
  readonly clock = new CoarseClock();
  readonly #exactClock = new MillisecondClock();
  // Kept: a read makes no object but its answer.
  readonly #standing: Standing = { confirmedAt: 0.5, expiresAt: 0.5, ttl: 0.5, staleFor: 0.5, flags: 0 };
  readonly #now = { age: 0.5, wall: 0.5, sourceDown: false, doubtBefore: 0.5 };

  constructor(core: CacheCore<V>) {
    this.#core = core;
  }

  /** For who asks and goes on at once: as of the stretch of code that asks. */
  know(key: string): Lookup<V> {
    return this.#know(key, this.clock);
  }

  /** For who has waited, and will again: each of them is a stretch of its own. */
  knowNow(key: string): Lookup<V> {
    return this.#know(key, this.#exactClock);
  }

  #know(key: string, clock: MillisecondClock): Lookup<V> {
    const core = this.#core;
    const { table } = core;
    const slot = table.recordOf(key);
    if (slot < 0) return core.policy.authoritative ? this.#unheld(key) : this.unknown(key);
    const clocks = clock.read();
    const fresh = core.sliding.any ? undefined : table.freshAt(slot, clocks, core.doubtBefore);
    return fresh === undefined ? this.#judged(key, slot, clocks) : fresh;
  }

  #judged(key: string, slot: number, { age, wall }: Clocks): Lookup<V> {
    const core = this.#core;
    const { table } = core;
    const standing = this.#standing;
    if (!table.standing(slot, standing)) return this.#unheld(key);
    const now = this.#now;
    now.age = age;
    now.wall = wall;
    now.sourceDown = core.link.down;
    now.doubtBefore = core.doubtBefore;
    const { confirmedAt, expiresAt } = standing;
    const verdict = judge(standing, now);
    if (verdict === 'expired') table.latch(slot);
    if (verdict === 'expired' || verdict === 'aged') return this.unknown(key);
    table.touch(slot);
    if (core.sliding.any && (verdict === 'fresh' || verdict === 'restored'))
      core.sliding.read(table, slot, age);
    const value = table.valueAt(slot) as V;
    const since = Math.max(0, age - confirmedAt);
    return verdict === 'fresh' ? fresh(value, since, expiresAt) : stale(value, since, expiresAt, verdict);
  }

  #unheld(key: string): Absent | Unknown {
    const { table, policy, authority, link } = this.#core;
    const tombstone = table.tombstoneOf(key);
    const denial = tombstone === undefined ? table.negativeOf(key) : undefined;
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
