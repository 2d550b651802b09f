import { LoadCycleError, SourceUnavailableError, StateError } from '../../src/errors.js';
import { buggify } from '../../src/fault-point.js';
import { type AsyncContext, asyncContext } from '../../src/runtime/async-context.js';
import type { Table } from '../../src/table/index.js';
import type { Counters } from './counters.js';
import { Flight, type Landing } from './flight.js';
import type { Intake } from './intake.js';
import type { Keys } from './keys.js';
import type { CachePolicy } from './options.js';
import type { SourceLink } from './source-link.js';

/** In whose name loads hold their leases: they are void when the cache actor dies. */
export const leaseHolder = 'cache';

/** What it works on: the cache's own. */
export interface LoaderHome<V> {
  readonly policy: CachePolicy;
  readonly counters: Counters;
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
 * Loads single keys: one flight a key, so many at once and the rest in line, none while the source is known to be away.
 * It works for one incarnation of the cache actor at a time; the flights of a dead one are void.
 */
export class Loader<V> {
  readonly #core: LoaderHome<V>;
  readonly #flights = new Map<string, Flight<V>>();
  /** Flights that wait for a place, from `#head` on. */
  #line: Flight<V>[] = [];
  #head = 0;
  #flying = 0;
  /** The flight in whose load the present code runs. Whatever timer is set in there keeps it: hence not the flight itself. */
  readonly #within: AsyncContext<{ flight: Flight<V> | undefined }> = asyncContext();

  constructor(core: LoaderHome<V>) {
    this.#core = core;
  }

  get inFlight(): number {
    return this.#flying;
  }

  /**
   * The flight that will answer, an existing one joined; undefined while the source is away and nobody may try.
   * @throws LoadCycleError when a load asks for what waits for it, directly or through others: it would wait for itself.
   */
  request(key: string, asked: string): Flight<V> | undefined {
    const asker = this.#within.current()?.flight;
    const existing = this.#flights.get(key);
    if (existing !== undefined) {
      if (asker !== undefined && existing.hangsOn(asker)) throw this.#cycle(asker, key);
      asker?.awaits(existing);
      this.#core.counters.joined++;
      return existing;
    }
    const permission = this.#core.link.permission();
    if (permission === 'no') return undefined;
    const flight = new Flight<V>(key, asked);
    asker?.awaits(flight);
    this.#flights.set(key, flight);
    if (permission === 'probe' || this.#flying < this.#core.policy.load.concurrency) {
      this.#fly(flight);
    } else this.#line.push(flight);
    return flight;
  }

  /** What will come of the load of a key, where one is under way. */
  landing(key: string): Promise<Landing<V>> | undefined {
    return this.#flights.get(key)?.landing;
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

  #cycle(asker: Flight<V>, key: string): LoadCycleError {
    const { named } = this.#core;
    return new LoadCycleError(
      asker.key === key
        ? `The load of key ${named(key)} asks for that same key: it would wait for itself. Read it from the source there.`
        : `The load of key ${named(asker.key)} asks for key ${named(key)}, whose load waits for it: both would wait for ever. Read it from the source there.`,
    );
  }

  #fly(flight: Flight<V>): void {
    this.#flying++;
    this.#core.counters.loads++;
    const inside: { flight: Flight<V> | undefined } = { flight };
    const work = this.#within.run(inside, () => this.#load(flight));
    // What #load throws would be a bug of ours: it becomes the actor's crash, and the waiters are let go.
    work.then(
      (landing) => {
        inside.flight = undefined;
        this.#landed(flight, landing);
      },
      (error) => {
        inside.flight = undefined;
        this.#landed(flight, { type: 'failed', error, unavailable: false });
        this.#core.crash(error);
      },
    );
  }

  async #load(flight: Flight<V>): Promise<Landing<V>> {
    const { link, policy, counters, intake, table, keys } = this.#core;
    const lease = table.lease('read', leaseHolder);
    try {
      const answer = await link.ask((context) => link.source.load(flight.asked, context), {
        signal: flight.signal,
        timeout: policy.load.timeout,
        retries: policy.load.retries,
        redact: (error) => keys.redact(error, flight.asked),
      });
      if (answer.type === 'aborted' || flight.signal.aborted) return { type: 'aborted' };
      buggify('cache.answered');
      if (answer.type === 'answer') return intake.answered(flight.key, flight.asked, answer.value, lease);
      counters.loadErrors++;
      if (answer.error instanceof SourceUnavailableError && answer.error.code === 'HOLDFAST_LOAD_TIMEOUT') {
        counters.loadTimeouts++;
      }
      return answer;
    } finally {
      table.release(lease);
    }
  }

  #landed(flight: Flight<V>, landing: Landing<V>): void {
    this.#flying--;
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
    flight.land(landing);
    this.#advance();
  }

  #advance(): void {
    const { link, policy } = this.#core;
    while (this.#head < this.#line.length && this.#flying < policy.load.concurrency) {
      const next = this.#line[this.#head++];
      if (next === undefined || next.signal.aborted) continue;
      if (link.permission() === 'no') {
        this.#flights.delete(next.key);
        next.land({ type: 'failed', error: away(link.outage.error), unavailable: true });
      } else this.#fly(next);
    }
    // The part that has left is dropped when it is the greater one: linear over all.
    if (this.#head * 2 >= this.#line.length) {
      this.#line = this.#line.slice(this.#head);
      this.#head = 0;
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
