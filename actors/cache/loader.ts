import type { Bus } from '../../src/bus/bus.js';
import type { CacheEvents } from '../../src/bus/cache-events.js';
import { LoadCycleError, LoadDeadlockError, SourceUnavailableError, StateError } from '../../src/errors.js';
import { buggify } from '../../src/fault-point.js';
import { type AsyncContext, asyncContext } from '../../src/runtime/async-context.js';
import { backoffDelay } from '../../src/runtime/backoff-delay.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { Fifo } from '../../src/runtime/fifo.js';
import type { Histogram } from '../../src/runtime/histogram.js';
import type { Logger } from '../../src/runtime/logger.js';
import { ageNow, random } from '../../src/runtime/time.js';
import type { Lease, Table } from '../../src/table/index.js';
import type { Answer } from './asking.js';
import type { Counters } from './counters.js';
import type { Diagnostics } from './diagnostics.js';
import { Batch, Flight, type Landing } from './flight.js';
import type { Intake } from './intake.js';
import type { Keys } from './keys.js';
import { rowAmong } from './many.js';
import type { CachePolicy } from './options.js';
import { Pauses } from './pauses.js';
import type { SourceLink } from './source-link.js';

/** In whose name loads hold their leases: they are void when the cache actor dies. */
export const leaseHolder = 'cache';

/** How many keys whose loads in the background failed are remembered. */
const mostPauses = 1_000;

/** What it works on: the cache's own. */
export interface LoaderHome<V> {
  readonly policy: CachePolicy;
  readonly bus: Bus<CacheEvents>;
  readonly logger: Logger;
  readonly counters: Counters;
  readonly diagnostics: Diagnostics;
  /** How long loads take, ms; undefined where the platform counts no such thing. */
  readonly latency: Histogram | undefined;
  readonly link: SourceLink<V>;
  readonly intake: Intake<V>;
  readonly keys: Keys;
  /** The present one: a rebuild puts another in its place. */
  readonly table: Table<V>;
  /** A key as it may be told. */
  named(key: string): string;
  /** Ends the cache actor's incarnation: a bug was found in work done for it. */
  crash(error: unknown): void;
}

/**
 * Loads keys: one flight a key, so many questions at once and the rest in line, none while the source is known to be away. Where
 * the source has `loadMany`, keys that are asked for in one tick, or wait in line together, become one question.
 * It works for one incarnation of the cache actor at a time; the flights of a dead one are void.
 */
export class Loader<V> {
  readonly #core: LoaderHome<V>;
  readonly #flights = new Map<string, Flight<V>>();
  /** Flights asked for in this tick, where many become one question. */
  #gathered: Flight<V>[] = [];
  readonly #line = new Fifo<Flight<V>>();
  /** Questions under way. */
  readonly #batches = new Set<Batch<V>>();
  /** The question in whose code the present code runs. Whatever timer is set in there keeps it: hence not the question itself. */
  readonly #within: AsyncContext<{ batch: Batch<V> | undefined }> = asyncContext();
  readonly #pauses: Pauses;
  #begun = 0;

  constructor(core: LoaderHome<V>) {
    this.#core = core;
    this.#pauses = new Pauses(mostPauses, (attempt) => backoffDelay(core.policy.backoff, attempt, random()));
  }

  /** Questions under way: a batch is one. */
  get inFlight(): number {
    return this.#batches.size;
  }

  /** The number of the last question that has begun. */
  get begun(): number {
    return this.#begun;
  }

  /**
   * The flight that will answer, an existing one joined; undefined while the source is away and nobody may try.
   * @throws LoadCycleError when a load asks for what waits for it, directly or through others: it would wait for itself.
   * @throws LoadDeadlockError when it would wait for a place that only loads can give up that wait for one themselves.
   */
  request(key: string, asked: string): Flight<V> | undefined {
    const asker = this.#within.current()?.batch;
    const existing = this.#flights.get(key);
    if (existing !== undefined) {
      if (asker !== undefined) this.#nest(asker, existing);
      this.#core.counters.joined++;
      return existing;
    }
    const permission = this.#core.link.permission();
    if (permission === 'no') return undefined;
    const flight = new Flight<V>(key, asked);
    if (asker !== undefined && permission !== 'probe') this.#nest(asker, flight);
    this.#depart(flight, permission);
    return flight;
  }

  /**
   * A load that nobody waits for, unless there is one already or the last such one of the key failed a short while ago.
   * With `spare` only where half of the places are free and the source is not away.
   */
  background(key: string, asked: string, { spare = false } = {}): void {
    const { link, policy, counters } = this.#core;
    if (this.#flights.has(key)) return;
    if (spare && (this.#batches.size * 2 >= policy.load.concurrency || this.#waiting >= policy.load.batch))
      return;
    const permission = link.permission();
    if (permission === 'no' || (spare && permission === 'probe') || this.#pauses.hold(key, ageNow)) return;
    counters.refreshes++;
    this.#depart(new Flight<V>(key, asked), permission);
  }

  /** What will come of the load of a key, where one is under way. */
  landing(key: string): Promise<Landing<V>> | undefined {
    return this.#flights.get(key)?.landing;
  }

  /** Whether a load of the key is under way, or waits for its turn. */
  loads(key: string): boolean {
    return this.#flights.size > 0 && this.#flights.has(key);
  }

  /** The key's load is not wanted any more: who waits asks again. */
  abort(key: string): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    this.#flights.delete(key);
    flight.abort();
  }

  abortAll(): void {
    const flights = [...this.#flights.values()];
    this.#flights.clear();
    for (const flight of flights) flight.abort();
  }

  get #waiting(): number {
    return this.#line.length + this.#gathered.length;
  }

  get #isFull(): boolean {
    return this.#batches.size >= this.#core.policy.load.concurrency;
  }

  /** The code of a load is about to wait for another. */
  #nest(asker: Batch<V>, flight: Flight<V>): void {
    const { named, policy } = this.#core;
    const key = named(flight.key);
    if (flight.batch?.hangsOn(asker)) {
      throw new LoadCycleError(
        asker.flights.includes(flight)
          ? `The load of key ${key} asks for that same key: it would wait for itself. Read it from the source there.`
          : `The load of key ${named(asker.flights[0]?.key ?? '')} asks for key ${key}, whose load waits for it: both would wait for ever. Read it from the source there.`,
      );
    }
    asker.awaits(flight);
    if (flight.batch !== undefined || !this.#isFull) return;
    for (const batch of this.#batches) if (!batch.starves) return;
    asker.awaitsNot(flight);
    throw new LoadDeadlockError(
      `The load of key ${named(asker.flights[0]?.key ?? '')} asks for key ${key}, for which there is no place: all ${policy.load.concurrency} are held by loads that wait for one themselves. Raise "load.concurrency", or read it from the source there.`,
    );
  }

  #depart(flight: Flight<V>, permission: 'free' | 'probe'): void {
    this.#flights.set(flight.key, flight);
    if (this.#core.link.source.loadMany !== undefined) this.#gather(flight);
    else if (permission === 'probe' || !this.#isFull) this.#begin([flight]);
    else this.#line.push(flight);
  }

  /** Whoever asks in this tick comes along: in this stretch of code, or in one that already waits for its turn. */
  #gather(flight: Flight<V>): void {
    this.#gathered.push(flight);
    if (this.#gathered.length >= this.#core.policy.load.batch) this.#send();
    else if (this.#gathered.length === 1) queueMicrotask(() => queueMicrotask(() => this.#send()));
  }

  #send(): void {
    const { link } = this.#core;
    const flights = this.#gathered.filter(({ over }) => !over);
    this.#gathered = [];
    if (flights.length === 0) return;
    const permission = link.permission();
    if (permission === 'no') for (const flight of flights) this.#turnAway(flight);
    else if (permission === 'probe' || !this.#isFull) this.#begin(flights);
    else for (const flight of flights) this.#line.push(flight);
  }

  #begin(flights: readonly Flight<V>[]): void {
    const { link, policy, counters, table, keys } = this.#core;
    const { source } = link;
    const batch = new Batch(++this.#begun, flights);
    this.#batches.add(batch);
    counters.loads += flights.length;
    if (source.loadMany !== undefined) counters.batches++;
    const lease = table.lease('read', leaseHolder);
    const inside: { batch: Batch<V> | undefined } = { batch };
    const [first] = flights;
    const { loadMany } = source;
    const asking = link.begin<unknown>(
      (context) =>
        this.#within.run(inside, () =>
          loadMany === undefined
            ? source.load(first?.asked ?? '', context)
            : loadMany.call(
                source,
                // Tried again it is asked for what is still wanted.
                flights.filter(({ over }) => !over).map(({ asked }) => asked),
                context,
              ),
        ),
      {
        timeout: policy.load.timeout,
        retries: policy.load.retries,
        redact: (error) => flights.reduce((told, { asked }) => keys.redact(told, asked), error),
      },
      (answer) => {
        inside.batch = undefined;
        if (answer.type !== 'aborted') this.#tell(flights.length, answer, ageNow() - asking.began);
        this.#ended(batch, answer, table, lease);
      },
    );
    batch.isUnderWay(() => asking.abort());
  }

  #tell(
    keys: number,
    answer: Exclude<Answer<unknown>, { readonly type: 'aborted' }>,
    took: Milliseconds,
  ): void {
    const { latency, diagnostics } = this.#core;
    latency?.record(took);
    if (!diagnostics.loads.hasSubscribers) return;
    if (answer.type === 'answer') diagnostics.loaded({ keys, took, outcome: 'answered' });
    else
      diagnostics.loaded({
        keys,
        took,
        outcome: answer.unavailable ? 'away' : 'failed',
        error: answer.error,
      });
  }

  #ended(batch: Batch<V>, answer: Answer<unknown>, table: Table<V>, lease: Lease): void {
    this.#batches.delete(batch);
    try {
      if (answer.type !== 'aborted') {
        buggify('cache.answered');
        for (const flight of batch.flights) {
          if (!flight.over) this.#land(flight, this.#landing(flight, answer, lease));
        }
      }
    } catch (error) {
      // A bug of ours: it becomes the actor's crash, and the waiters are let go.
      for (const flight of batch.flights) {
        if (!flight.over) this.#land(flight, { type: 'failed', error, unavailable: false });
      }
      this.#core.crash(error);
    } finally {
      table.release(lease);
    }
    this.#advance();
  }

  #landing(flight: Flight<V>, answer: Answer<unknown>, lease: Lease): Landing<V> {
    const { counters, intake, link } = this.#core;
    if (answer.type === 'aborted') return answer;
    if (answer.type === 'failed') {
      counters.loadErrors++;
      const { error } = answer;
      if (error instanceof SourceUnavailableError && error.code === 'HOLDFAST_LOAD_TIMEOUT')
        counters.loadTimeouts++;
      return answer;
    }
    if (link.source.loadMany === undefined) {
      return intake.answered(flight.key, flight.asked, answer.value as never, lease);
    }
    const found = rowAmong<V>(answer.value, flight.asked);
    if (found.ok) return intake.answered(flight.key, flight.asked, found.row, lease);
    counters.loadErrors++;
    return { type: 'failed', error: found.error, unavailable: false };
  }

  #land(flight: Flight<V>, landing: Landing<V>): void {
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
    flight.land(landing);
    if (landing.type === 'row' || landing.type === 'none') this.#pauses.over(flight.key);
    else if (flight.waiting === 0 && landing.type !== 'aborted') this.#unheard(flight, landing);
  }

  /** Nobody waits for it, so nobody else tells. */
  #unheard({ key }: Flight<V>, landing: Extract<Landing<V>, { readonly error: unknown }>): void {
    const { counters, bus, logger, policy } = this.#core;
    const { error } = landing;
    const unavailable = landing.type === 'failed' && landing.unavailable;
    counters.refreshErrors++;
    this.#pauses.failed(key, ageNow());
    if (!unavailable)
      logger.error({ cache: policy.name, key, err: error }, 'a load in the background failed');
    bus.publish('refresh.failed', { key, error, unavailable });
  }

  #turnAway(flight: Flight<V>): void {
    const { link } = this.#core;
    this.#flights.delete(flight.key);
    flight.land({ type: 'failed', error: away(link.outage.error), unavailable: true });
  }

  #advance(): void {
    const { link, policy } = this.#core;
    const most = link.source.loadMany === undefined ? 1 : policy.load.batch;
    while (this.#line.length > 0 && !this.#isFull) {
      const flights: Flight<V>[] = [];
      while (flights.length < most) {
        const next = this.#line.shift();
        if (next === undefined) break;
        if (!next.over) flights.push(next);
      }
      if (flights.length === 0) return;
      if (link.permission() === 'no') for (const flight of flights) this.#turnAway(flight);
      else this.#begin(flights);
    }
  }
}

/** The error of whoever is not let through in an outage. */
export function away(cause: unknown): SourceUnavailableError {
  return cause instanceof SourceUnavailableError
    ? cause
    : new SourceUnavailableError('The source is away; it is tried again with a backoff.', { cause });
}

export const notRunning = (name: string): StateError =>
  new StateError(
    `Cache "${name}" is not running: await start() first, or put its supervisor under a running one.`,
  );
