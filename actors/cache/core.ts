import type { OwnBus } from '../../src/bus/bus.js';
import type { CacheEvents } from '../../src/bus/cache-events.js';
import { StateError } from '../../src/errors.js';
import { createOwnBus } from '../../src/runtime/actor-bus.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { histogram } from '../../src/runtime/histogram.js';
import { guarded, type Logger, silent } from '../../src/runtime/logger.js';
import { ageNow } from '../../src/runtime/time.js';
import type { SnapshotStore } from '../../src/snapshot/store.js';
import { isUnavailable } from '../../src/sources/classify.js';
import type { Cursor, Source } from '../../src/sources/source.js';
import { Table } from '../../src/table/index.js';
import { Throttle } from '../throttle/throttle.js';
import { Authority } from './authority.js';
import { Bell } from './bell.js';
import { Counters } from './counters.js';
import { Cover } from './cover.js';
import { Departures } from './departures.js';
import { Diagnostics } from './diagnostics.js';
import { Intake } from './intake.js';
import { Keys } from './keys.js';
import { Ledger } from './ledger.js';
import { Listening } from './listening.js';
import { Loader, leaseHolder } from './loader.js';
import type { CachePolicy } from './options.js';
import { Outbox } from './outbox.js';
import { Passes } from './passes.js';
import { Quarantine } from './quarantine.js';
import type { SweepReport } from './report.js';
import { Requests } from './requests.js';
import { Rota } from './rota.js';
import { Sliding } from './sliding.js';
import { SourceLink } from './source-link.js';
import { type PendingTouch, Touches } from './touches.js';
import { Weights } from './weights.js';

/** Crashes of the cache actor closer together than this put the table itself in doubt: the tree's intensity window. */
const doubtWindow: Milliseconds = 5000;

/** How the running incarnation of the cache actor is reached. */
export interface CacheActorLife {
  /** Fires when this incarnation ends. */
  readonly signal: AbortSignal;
  /** It was told to stop: its end will be no crash. */
  end(): void;
  /** Ends this incarnation with an error that is not its own doing: a bug found in work that it started. */
  crash(error: unknown): void;
}

/**
 * What outlives the cache's actors: the table, and all that must not be lost when one of them dies. The handle that the user
 * holds is its owner, the heir of every actor. Actors come, take it up where the last one left it, and go.
 */
export class CacheCore<V> {
  readonly policy: CachePolicy;
  readonly keys: Keys;
  readonly bus: OwnBus<CacheEvents>;
  readonly departures: Departures;
  readonly weights: Weights<V>;
  readonly counters = new Counters();
  /** How long loads take; undefined where the platform has no histograms. */
  readonly latency = histogram();
  readonly diagnostics: Diagnostics;
  readonly quarantine: Quarantine;
  readonly authority: Authority;
  readonly link: SourceLink<V>;
  readonly intake: Intake<V>;
  readonly loader: Loader<V>;
  readonly sliding: Sliding;
  readonly cover = new Cover();
  readonly touches: Touches;
  readonly passes: Passes;
  /** Who waits for a sweep. */
  readonly sweeps = new Requests<SweepReport>();
  /** Whose turn it is to be asked about. */
  readonly rota = new Rota();
  /** What the snapshot knows and is still to learn; undefined without a snapshot. */
  readonly ledger: Ledger | undefined;
  /** Who guesses keys, and who waits for that; undefined without a throttle. */
  readonly throttle: Throttle | undefined;
  /** Rung when an incarnation of the cache actor has begun, or none will. */
  readonly entered = new Bell();

  table: Table<V>;
  /** The runtime's while it runs, the cache's own before. */
  logger: Logger;
  /** Confirmations before this are in doubt: the change feed had a gap; ms of ages. */
  doubtBefore: Milliseconds = Number.NEGATIVE_INFINITY;
  /** How often they came in doubt. */
  gaps = 0;
  /** What the source tells by itself. */
  readonly listening: Listening;
  /** Where the change feed was read to. */
  cursor: Cursor | undefined;
  /** Something was restored in this process. */
  restored = false;
  /** It was emptied by an order in this process: what a snapshot holds from before is over. */
  cleared = false;
  lastSweep: { readonly at: number; readonly report: SweepReport; readonly error?: unknown } | undefined;

  /** The cache actor died by a crash and is to be started again. */
  expectsRestart = false;

  #life: CacheActorLife | undefined;
  #ran = false;
  #crashes: Milliseconds[] = [];

  constructor(options: {
    readonly policy: CachePolicy;
    readonly source: Source<V>;
    readonly guard: ((key: string) => boolean) | undefined;
    readonly weigh?: ((value: V, key: string) => number) | undefined;
    readonly unavailable: ((error: unknown) => boolean) | undefined;
    readonly openStore: (() => Promise<SnapshotStore>) | undefined;
    readonly logger: Logger | undefined;
  }) {
    this.policy = options.policy;
    this.logger = guarded(options.logger ?? silent);
    this.diagnostics = new Diagnostics(this.policy.name, (error, channel) =>
      this.logger.error({ cache: this.policy.name, channel, err: error }, 'a diagnostics subscriber threw'),
    );
    const bus = createOwnBus<CacheEvents>({
      onListenerError: (error, topic) =>
        this.logger.error(
          { cache: this.policy.name, topic, err: error },
          'a listener of the cache bus threw',
        ),
    });
    this.bus = this.diagnostics.follow(bus);
    this.departures = new Departures(this.bus);
    this.weights = new Weights({
      weigh: options.weigh,
      onError: (error) => this.hookFailed('weigh', error),
    });
    this.keys = new Keys({
      guard: options.guard,
      secret: options.policy.secretKeys,
      onGuardError: (error) => this.hookFailed('key', error),
    });
    const { secretKeys, snapshot } = options.policy;
    this.ledger =
      options.openStore &&
      new Ledger(options.openStore, new Outbox({ limit: snapshot.maxOutbox, secret: secretKeys }));
    this.table = this.freshTable();
    this.quarantine = new Quarantine(options.policy.maxNegative);
    this.authority = new Authority(options.policy.maxNegative);
    this.passes = new Passes(options.source.scan !== undefined);
    this.listening = new Listening(options.source.subscribe !== undefined);
    this.link = new SourceLink({
      source: options.source,
      policy: options.policy,
      bus: this.bus,
      isUnavailable: (error) =>
        isUnavailable(error, {
          source: options.source,
          ...(options.unavailable && { classify: options.unavailable }),
          onClassifierError: (thrown) => this.hookFailed('unavailable', thrown),
        }),
    });
    this.throttle = options.policy.throttle && new Throttle(options.policy.throttle, this);
    this.touches = new Touches({ every: options.policy.touchEvery, secret: secretKeys });
    this.sliding = new Sliding(options.policy.sliding !== false);
    this.intake = new Intake(this);
    this.loader = new Loader(this);
  }

  /** An empty table under this cache's policy. */
  freshTable(seq?: number): Table<V> {
    const { maxEntries, maxWeight, maxNegative } = this.policy;
    const table: Table<V> = new Table<V>({
      maxEntries,
      maxWeight,
      maxNegative,
      track: this.ledger !== undefined,
      sealed: this.ledger?.outbox.sealed,
      ...(seq !== undefined && { seq }),
      // A table that is still being made has nothing that is missed.
      onRemove: (key, because) => {
        if (table === this.table) this.departures.note(key, because);
      },
      onEvict: (key, because) => {
        if (table === this.table) this.departures.note(key, because);
        if (because !== 'capacity') return;
        this.counters.evictedCapacity++;
        this.authority.void();
        this.passes.evicted = true;
      },
    });
    return table;
  }

  /** What the source is still to be told of a row in use: until then its own word of that row's end is older than what is known here. */
  touchOf(key: string): (Pick<PendingTouch, 'expiresAt'> & { readonly was: number | undefined }) | undefined {
    return this.touches.of(key) ?? this.ledger?.outbox.touchOf(key);
  }

  /** A key as it may be told: whole where it is no secret. */
  named(key: string): string {
    return key.length > 80 ? `"${key.slice(0, 80)}…"` : `"${key}"`;
  }

  get running(): boolean {
    return this.#life !== undefined;
  }

  /**
   * An incarnation of the cache actor begins. Says whether the table is to be rebuilt: the second crash in a row.
   *
   * @throws StateError when another one lives: the cache's supervisor was put into two trees.
   */
  enter(life: CacheActorLife): { readonly rebuild: boolean } {
    if (this.running) {
      throw new StateError(
        `Cache "${this.policy.name}" runs already: its supervisor can be in one place at a time. Define another cache.`,
      );
    }
    this.#life = life;
    const now = ageNow();
    this.#crashes = this.#crashes.filter((at) => at >= now - doubtWindow);
    // A tree that begins anew trusts no more in what the last one left than after two crashes.
    const anew = this.#ran && !this.expectsRestart;
    this.#ran = true;
    this.expectsRestart = false;
    this.entered.ring();
    return { rebuild: anew || this.#crashes.length >= 2 };
  }

  /** It has ended. What it had under way is void; a crash is remembered. */
  leave(how: 'orderly' | 'crash'): void {
    this.#life = undefined;
    this.table.voidLeases(leaseHolder);
    this.loader.abortAll();
    this.expectsRestart = how === 'crash';
    if (how === 'crash') {
      this.#crashes.push(ageNow());
      return;
    }
    this.ended();
  }

  /** No incarnation follows. Nobody is left to do what was asked for. */
  ended(): void {
    this.expectsRestart = false;
    this.#crashes = [];
    const stopped = new StateError(`Cache "${this.policy.name}" was stopped before it was done.`);
    this.passes.requests.reject(stopped);
    this.sweeps.reject(stopped);
    this.throttle?.end();
    this.entered.ring();
  }

  /** A bug found in work done for the cache actor is its crash. */
  crash(error: unknown): void {
    this.#life?.crash(error);
  }

  endInOrder(): void {
    this.#life?.end();
  }

  /** The copy takes the table's place; reads under way in the old one's name are void. */
  replaceTable(table: Table<V>): void {
    const old = this.table;
    this.table = table;
    for (const [key, at] of this.ledger?.outbox.sealed ?? []) {
      if (table.tombstoneOf(key) === undefined) table.bury(key, 'revoked', at);
    }
    old.voidLeases();
    this.authority.void();
    if (this.ledger !== undefined) this.ledger.fullDue = true;
  }

  /** A snapshot that cannot be believed was put aside. */
  setAside(aside: CacheEvents['snapshot.aside']): void {
    this.logger.error({ cache: this.policy.name, ...aside }, 'the snapshot was set aside');
    this.bus.publish('snapshot.aside', aside);
  }

  hookFailed(hook: 'key' | 'unavailable' | 'weigh', error: unknown): void {
    this.logger.error({ cache: this.policy.name, hook, err: error }, 'a hook threw');
    this.bus.publish('hook.failed', { hook, error });
  }

  /** The source's change feed tells of every change. */
  get complete(): boolean {
    return this.link.source.changesComplete === true;
  }

  /** No complete pass yet, nothing restored; never over a source that has no passes. */
  get cold(): boolean {
    return this.passes.possible && this.passes.completed === 0 && !this.restored;
  }
}
