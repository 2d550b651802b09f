import { LoadTimeoutError, SourceUnavailableError } from '../../src/errors.js';
import { type Milliseconds, milliseconds } from '../../src/runtime/duration.js';
import { ageNow, CoarseClock, wallNow } from '../../src/runtime/time.js';
import type { CacheCore } from './core.js';
import type { Flight, Landing } from './flight.js';
import { judge, whyUnknown } from './judge.js';
import { away, notRunning } from './loader.js';
import type { Absent, Fresh, Lookup, Stale, Unknown } from './lookup.js';
import { checkReadOptions, type ReadOptions } from './options.js';
import { waitFor } from './wait.js';

/** What a read found, and, where nobody could say, why not. */
interface Found<V> {
  readonly lookup: Lookup<V>;
  readonly error?: unknown;
}

/** A read that lost its flight this often to writers takes what the last flight brought. */
const lapsesBorne = 8;

/** The user's questions, answered from the table and, where they may, from the source. */
export class Reader<V> {
  readonly #core: CacheCore<V>;
  readonly #clock = new CoarseClock();
  /** The table holds keys as they come. */
  readonly #plain: boolean;

  constructor(core: CacheCore<V>) {
    this.#core = core;
    this.#plain = !core.keys.secret;
  }

  lookup(key: string): Lookup<V> {
    return this.#count(this.#core.keys.allows(key) ? this.#know(this.#core.keys.stored(key)) : refusedKey);
  }

  /** The hot path: what `lookup` would say, without saying it. */
  get(key: string): V | undefined {
    const core = this.#core;
    const stored = this.#plain && typeof key === 'string' ? key : core.keys.stored(key);
    const value = core.table.glance(stored, this.#clock.read(), core.doubtBefore, core.counters);
    if (value !== undefined) return value;
    this.lookup(key);
    return undefined;
  }

  async read(key: string, options?: ReadOptions): Promise<Lookup<V>> {
    return this.#count(this.#near(key, options) ?? (await this.#find(key, options)).lookup);
  }

  async fetch(key: string, options?: ReadOptions): Promise<V | undefined> {
    const near = this.#near(key, options);
    const { lookup, error }: Found<V> =
      near === undefined ? await this.#find(key, options) : { lookup: near };
    this.#count(lookup);
    switch (lookup.status) {
      case 'fresh':
      case 'stale':
        return lookup.value;
      case 'absent':
        return undefined;
      case 'unknown':
        throw error instanceof SourceUnavailableError
          ? error
          : new SourceUnavailableError(
              `Nobody can say whether ${this.#core.named(this.#core.keys.stored(key))} exists (${lookup.because}).`,
              { cause: error },
            );
    }
  }

  has(key: string): boolean {
    const known = this.#core.keys.allows(key) ? this.#know(this.#core.keys.stored(key)) : refusedKey;
    return known.status === 'fresh' || known.status === 'stale';
  }

  /** Memory only, by the exact clocks. */
  #know(key: string): Lookup<V> {
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
        const value = table.valueAt(slot) as V;
        const since = Math.max(0, age - confirmedAt);
        return verdict === 'fresh' ? fresh(value, since, expiresAt) : stale(value, since, expiresAt, verdict);
      }
      return this.#unknown(key);
    }
    return this.#unheld(key);
  }

  #unheld(key: string): Absent | Unknown {
    const { table, policy, authority, link } = this.#core;
    const tombstone = table.tombstoneOf(key);
    const denial = tombstone === undefined ? table.negativeOf(key) : undefined;
    // Most misses end here: a clock costs more than all the rest.
    if (tombstone === undefined && denial === undefined && !policy.authoritative) return this.#unknown(key);
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
    return this.#unknown(key);
  }

  #unknown(key: string, { unreachable = false } = {}): Unknown {
    const core = this.#core;
    const because = whyUnknown({
      quarantined: core.quarantine.has(key),
      cold: core.cold,
      sourceDown: unreachable || core.link.down,
    });
    return { status: 'unknown', because };
  }

  #count(lookup: Lookup<V>): Lookup<V> {
    this.#core.counters[lookup.status]++;
    return lookup;
  }

  /** The answer of memory, where that is the answer. */
  #near(key: string, options: ReadOptions | undefined): Lookup<V> | undefined {
    if (options !== undefined) checkReadOptions(options);
    options?.signal?.throwIfAborted();
    const { keys } = this.#core;
    if (!keys.allows(key)) return refusedKey;
    const known = this.#know(keys.stored(key));
    return known.status === 'fresh' || known.status === 'absent' ? known : undefined;
  }

  /** Memory, then the source, once. */
  async #find(key: string, options: ReadOptions = {}): Promise<Found<V>> {
    const { keys, policy } = this.#core;
    const stored = keys.stored(key);
    const timeout =
      options.timeout === undefined ? Number.POSITIVE_INFINITY : milliseconds(options.timeout, 'timeout');
    const deadline = ageNow() + timeout;
    const softEnd = ageNow() + policy.load.softTimeout;
    for (let lapses = 0; ; lapses++) {
      options.signal?.throwIfAborted();
      const { running, expectsRestart } = this.#core;
      const known = this.#know(stored);
      if (known.status === 'fresh' || known.status === 'absent') return { lookup: known };
      // Stopped, or not started yet: what is known can be told, and nobody can be asked.
      if (known.status === 'stale' && !running && !expectsRestart) return { lookup: known };
      const end = known.status === 'stale' ? Math.min(softEnd, deadline) : deadline;
      const flight = await this.#flight(stored, key, end, options.signal);
      if (flight === 'again') continue;
      if (flight === 'away') return { lookup: this.#know(stored), error: away(this.#core.link.outage.error) };
      if (flight === 'late') return this.#late(stored, known, timeout);
      const wait = await waitFor(flight.landing, {
        timeout: end - ageNow(),
        ...(options.signal && { signal: options.signal }),
      });
      if (wait.type === 'late') return this.#late(stored, this.#know(stored), timeout);
      const found = this.#landed(stored, wait.value, lapses);
      if (found !== undefined) return found;
    }
  }

  /** The flight to wait for; the cache actor may be between two incarnations. */
  async #flight(
    stored: string,
    key: string,
    end: Milliseconds,
    signal: AbortSignal | undefined,
  ): Promise<Flight<V> | 'away' | 'late' | 'again'> {
    const core = this.#core;
    if (!core.running) {
      if (!core.expectsRestart) throw notRunning(core.policy.name);
      const began = new Promise<void>((resolve) => {
        const off = core.entered.listen(() => {
          off();
          resolve();
        });
      });
      const timeout = Math.min(end - ageNow(), core.policy.load.timeout);
      const wait = await waitFor(began, { timeout, ...(signal && { signal }) });
      if (wait.type === 'late') return 'late';
      if (!core.running) return 'again';
    }
    return core.loader.request(stored, key) ?? 'away';
  }

  #late(stored: string, known: Lookup<V>, timeout: Milliseconds): Found<V> {
    const error = new LoadTimeoutError(
      timeout === Number.POSITIVE_INFINITY
        ? 'The cache was being restarted and did not answer in time. Ask again.'
        : `No answer within ${timeout} ms.`,
    );
    return { lookup: known.status === 'unknown' ? this.#unknown(stored) : known, error };
  }

  /** What memory has instead of an answer that it refused for something newer; undefined: take the answer after all. */
  #passedOver(stored: string, lapses: number): Lookup<V> | 'again' | undefined {
    const known = this.#know(stored);
    if (known.status !== 'unknown') return known;
    return lapses < lapsesBorne ? 'again' : undefined;
  }

  /** The answer that a landing gives; undefined: ask again. */
  #landed(stored: string, landing: Landing<V>, lapses: number): Found<V> | undefined {
    switch (landing.type) {
      case 'row': {
        const known = landing.stored ? undefined : this.#passedOver(stored, lapses);
        if (known !== undefined) return known === 'again' ? undefined : { lookup: known };
        return { lookup: fresh(landing.row.value, 0, landing.row.expiresAt ?? Number.POSITIVE_INFINITY) };
      }
      case 'none': {
        const known = landing.stored ? undefined : this.#passedOver(stored, lapses);
        if (known !== undefined) return known === 'again' ? undefined : { lookup: known };
        return { lookup: { status: 'absent', age: 0, because: 'source' } };
      }
      case 'aborted':
        return undefined;
      case 'quarantined':
        return { lookup: this.#know(stored), error: landing.error };
      case 'failed': {
        if (!landing.unavailable) throw landing.error;
        const known = this.#know(stored);
        const lookup = known.status === 'unknown' ? this.#unknown(stored, { unreachable: true }) : known;
        return { lookup, error: away(landing.error) };
      }
    }
  }
}

const refusedKey: Absent = Object.freeze({ status: 'absent', age: 0, because: 'key' });

const fresh = <V>(value: V, age: Milliseconds, expiresAt: number): Fresh<V> =>
  expiresAt === Number.POSITIVE_INFINITY
    ? { status: 'fresh', value, age }
    : { status: 'fresh', value, age, expiresAt };

const stale = <V>(value: V, age: Milliseconds, expiresAt: number, because: Stale<V>['because']): Stale<V> =>
  expiresAt === Number.POSITIVE_INFINITY
    ? { status: 'stale', value, age, because }
    : { status: 'stale', value, age, expiresAt, because };
