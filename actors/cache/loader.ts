import { LoadCycleError, SourceUnavailableError, StateError } from '../../src/errors.js';
import { type AsyncContext, asyncContext } from '../../src/runtime/async-context.js';
import type { CacheCore } from './core.js';
import { Flight, type Landing } from './flight.js';

/** In whose name loads hold their leases: they are void when the cache actor dies. */
export const leaseHolder = 'cache';

/**
 * Loads single keys: one flight a key, so many at once and the rest in line, none while the source is known to be away.
 * It works for one incarnation of the cache actor at a time; the flights of a dead one are void.
 */
export class Loader<V> {
  readonly #core: CacheCore<V>;
  readonly #flights = new Map<string, Flight<V>>();
  /** Flights that wait for a place, from `#head` on. */
  #line: Flight<V>[] = [];
  #head = 0;
  #flying = 0;
  /** The keys whose load the present code runs in, outermost first. */
  readonly #within: AsyncContext<readonly string[]> = asyncContext();

  constructor(core: CacheCore<V>) {
    this.#core = core;
  }

  get inFlight(): number {
    return this.#flying;
  }

  /**
   * The flight that will answer, an existing one joined; undefined while the source is away and nobody may try.
   * @throws LoadCycleError when the key is asked for from inside its own load: it would wait for itself.
   */
  request(key: string, asked: string): Flight<V> | undefined {
    const chain = this.#within.current();
    if (chain?.includes(key)) {
      throw new LoadCycleError(
        `The load of key ${this.#core.named(key)} asks for that same key: it would wait for itself. Read it from the source there.`,
      );
    }
    const existing = this.#flights.get(key);
    if (existing !== undefined) {
      this.#core.counters.joined++;
      return existing;
    }
    const permission = this.#core.link.permission();
    if (permission === 'no') return undefined;
    const flight = new Flight<V>(key, asked, chain);
    this.#flights.set(key, flight);
    if (permission === 'probe' || this.#flying < this.#core.policy.load.concurrency) {
      this.#fly(flight);
    } else this.#line.push(flight);
    return flight;
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

  #fly(flight: Flight<V>): void {
    this.#flying++;
    this.#core.counters.loads++;
    const work = this.#within.run([...flight.chain, flight.key], () => this.#load(flight));
    // What #load throws would be a bug of ours: it becomes the actor's crash, and the waiters are let go.
    work.then(
      (landing) => this.#landed(flight, landing),
      (error) => {
        this.#landed(flight, { type: 'failed', error, unavailable: false });
        this.#core.crash(error);
      },
    );
  }

  async #load(flight: Flight<V>): Promise<Landing<V>> {
    const { link, policy, counters, intake, table } = this.#core;
    const lease = table.lease('read', leaseHolder);
    try {
      const answer = await link.ask((context) => link.source.load(flight.asked, context), {
        signal: flight.signal,
        timeout: policy.load.timeout,
        retries: policy.load.retries,
      });
      if (answer.type === 'aborted' || flight.signal.aborted) return { type: 'aborted' };
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
