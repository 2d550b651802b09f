import type { Bus } from '../../src/bus/bus.js';
import type { CacheEvents } from '../../src/bus/cache-events.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow, CoarseClock, random, wallNow } from '../../src/runtime/time.js';
import type { Row } from '../../src/sources/source.js';
import type { Lease, Table } from '../../src/table/index.js';
import type { Authority } from './authority.js';
import type { Counters } from './counters.js';
import type { Cover } from './cover.js';
import type { Landing } from './flight.js';
import { jittered } from './jitter.js';
import { Flag } from './judge.js';
import type { Keys } from './keys.js';
import type { CachePolicy } from './options.js';
import type { Quarantine } from './quarantine.js';
import { checkRow } from './rows.js';
import { slidingTerms } from './sliding.js';
import { termsOf } from './terms.js';
import type { Weights } from './weights.js';

/** What became of a row. `'refused'`: something newer is held. `'over'`: past its own `expiresAt`, so no row at all. */
export type Taken = 'stored' | 'refused' | 'quarantined' | 'over';

/** What it works on: the cache's own. */
export interface IntakeHome<V> {
  readonly policy: CachePolicy;
  readonly keys: Keys;
  readonly bus: Bus<CacheEvents>;
  readonly counters: Counters;
  readonly quarantine: Quarantine;
  readonly authority: Authority;
  readonly weights: Weights<V>;
  /** The source's change feed tells of every change. */
  readonly complete: boolean;
  readonly cover: Cover;
  /** The present one: a rebuild puts another in its place. */
  readonly table: Table<V>;
  /** What the source is still to be told of a row in use. `was`: when it expires there, as far as that is known. */
  touchOf(
    key: string,
  ): { readonly expiresAt: Milliseconds; readonly was: Milliseconds | undefined } | undefined;
}

const noneOwn = {};

/** The one way by which the source's answers come into the table, whoever asked: under a lease, or not at all. */
export class Intake<V> {
  readonly #core: IntakeHome<V>;
  readonly #clock = new CoarseClock();

  constructor(core: IntakeHome<V>) {
    this.#core = core;
  }

  /** The answer to one load. */
  answered(key: string, asked: string, answer: Row<V> | undefined, lease: Lease): Landing<V> {
    if (answer === undefined) return { type: 'none', stored: this.none(key, lease, 'source') };
    const checked = checkRow(answer, asked);
    if (!checked.ok) {
      this.quarantine(key, this.#core.keys.redact(checked.error, asked));
      return { type: 'quarantined', error: checked.error };
    }
    const taken = this.#take(key, checked.row, lease, {
      at: ageNow(),
      covered: lease.seq >= this.#core.cover.since,
      flags: Flag.none,
    });
    if (taken === 'over') return { type: 'none', stored: this.none(key, lease, 'source') };
    return { type: 'row', row: checked.row, stored: taken === 'stored' };
  }

  /**
   * A row of a pass or a change feed, of whatever key. `at`: when its batch came in, which may be a while ago; `flags` are how it is
   * marked.
   */
  row(
    candidate: Row<V>,
    lease: Lease,
    at: Milliseconds,
    flags: number = Flag.none,
  ): { readonly key: string | undefined; readonly taken: Taken } {
    const checked = checkRow(candidate);
    if (!checked.ok) {
      const key = checked.key === undefined ? undefined : this.#core.keys.stored(checked.key);
      this.quarantine(
        key,
        checked.key === undefined ? checked.error : this.#core.keys.redact(checked.error, checked.key),
      );
      return { key, taken: 'quarantined' };
    }
    const key = this.#core.keys.stored(checked.row.key);
    if (!this.#core.keys.allows(checked.row.key)) {
      this.quarantine(key, new TypeError('The key guard refuses the key of this row.'));
      return { key, taken: 'quarantined' };
    }
    const covered = lease.seq >= this.#core.cover.rows;
    const taken = this.#take(key, checked.row, lease, { at, covered, flags });
    if (taken === 'refused') this.miss(key);
    return { key, taken };
  }

  /**
   * The source said something of the key's row that was not taken over. What is held of it, or will be by an answer that is older,
   * is not what a complete change feed confirms from then on.
   */
  miss(key: string): void {
    const { table, complete } = this.#core;
    if (!complete) return;
    const slot = table.slotOf(key);
    if (slot < 0) table.overtake(key);
    else table.setFlags(slot, table.flagsOf(slot) | Flag.missed);
  }

  /** The source says two things of the key: nothing is known of it any more. */
  forget(key: string): void {
    this.#core.table.bury(key, 'invalidated', ageNow());
    this.#core.authority.doubt(key);
  }

  /** The source has no such row. */
  none(key: string, lease: Lease, because: 'source' | 'pass', at: Milliseconds = ageNow()): boolean {
    const { table, policy, counters, quarantine, authority } = this.#core;
    const held = table.slotOf(key) >= 0;
    if (held && this.#onlyExpired(key)) {
      counters.refused++;
      return false;
    }
    if (table.deny(key, { at, until: at + policy.negativeTtl, because }, lease) !== 'stored') {
      counters.refused++;
      return false;
    }
    quarantine.release(key);
    // The last pass saw the key, or came before it: it proves nothing of it, once this answer is no longer believed.
    if (held && because === 'source') authority.doubt(key);
    return true;
  }

  /** There may be a row, which has expired there because the source has not heard yet that it is in use. */
  #onlyExpired(key: string): boolean {
    const touch = this.#core.touchOf(key);
    return touch !== undefined && wallNow() >= (touch.was ?? Number.NEGATIVE_INFINITY);
  }

  /** A row that cannot be used is set apart; the older entry is neither removed nor confirmed. */
  quarantine(key: string | undefined, error: unknown): void {
    if (key !== undefined) {
      this.#core.quarantine.add(key, error);
      this.miss(key);
      this.#core.authority.doubt(key);
    }
    this.#core.bus.publish('quarantined', { key, error });
  }

  /** `covered`: a change feed has told of all changes since it was asked for. */
  #take(
    key: string,
    row: Row<V> & { readonly value: V },
    lease: Lease,
    { at, covered, flags }: { readonly at: Milliseconds; readonly covered: boolean; readonly flags: number },
  ): Taken {
    const { table, policy, counters, quarantine } = this.#core;
    const touch = row.expiresAt === undefined ? undefined : this.#core.touchOf(key);
    const expiresAt = touch === undefined ? row.expiresAt : Math.max(row.expiresAt ?? 0, touch.expiresAt);
    if (expiresAt !== undefined && expiresAt <= this.#clock.read().wall) return 'over';
    // Field by field: what is spread costs more than all the rest of taking a row in.
    const { jitter, sliding } = policy;
    const plain = termsOf(policy, noneOwn, expiresAt);
    const terms = sliding === false ? plain : slidingTerms(plain, sliding);
    const result = table.confirm(
      key,
      row.value,
      {
        confirmedAt: at,
        ttl: jitter === 0 ? terms.ttl : jittered(terms.ttl, jitter, random()),
        staleFor: terms.staleFor,
        expiresAt,
        version: row.version,
        tags: row.tags,
        weight: this.#core.weights.of(row.value, key),
        flags: flags | (sliding === false ? Flag.none : Flag.sliding) | (covered ? Flag.none : Flag.missed),
      },
      lease,
    );
    if (result !== 'stored') {
      counters.refused++;
      return 'refused';
    }
    quarantine.release(key);
    return 'stored';
  }
}
