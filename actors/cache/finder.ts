import { LoadTimeoutError } from '../../src/errors.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow } from '../../src/runtime/time.js';
import type { CacheCore } from './core.js';
import type { Flight, Landing } from './flight.js';
import { away, notRunning } from './loader.js';
import type { Lookup } from './lookup.js';
import { fresh, type Memory } from './memory.js';
import { type ReadPolicy, stepFor, unreached } from './read-policy.js';
import { waitFor } from './wait.js';

/** What a read found, and, where nobody could say, why not. */
export interface Found<V> {
  readonly lookup: Lookup<V>;
  readonly error?: unknown;
}

/** How one question is to be answered. */
export interface Manner extends ReadPolicy {
  /** The longest wait; Infinity: as long as the load may take. */
  readonly timeout: Milliseconds;
  readonly signal: AbortSignal | undefined;
  /** Only a load that began after that one will do. */
  readonly after?: number;
}

/** A read that lost its flight this often to writers takes what the last flight brought. */
const lapsesBorne = 8;

/** Answers what memory alone does not: memory, then the source, once. */
export class Finder<V> {
  readonly #core: CacheCore<V>;
  readonly #memory: Memory<V>;

  constructor(core: CacheCore<V>, memory: Memory<V>) {
    this.#core = core;
    this.#memory = memory;
  }

  /** The flight that answers, where nothing bounds the wait and it can be had at once: most misses, at half the cost. */
  flightFor(stored: string, key: string, manner: Manner, known: Lookup<V>): Flight<V> | undefined {
    const { running, loader } = this.#core;
    if (known.status !== 'unknown' || !running) return undefined;
    if (manner.timeout !== Number.POSITIVE_INFINITY || manner.signal !== undefined) return undefined;
    const flight = loader.request(stored, key);
    if (flight !== undefined) flight.waiting++;
    return flight;
  }

  /** `first` is what memory was found to say, where it is no answer. */
  async find(stored: string, key: string, manner: Manner, first?: Lookup<V>): Promise<Found<V>> {
    const core = this.#core;
    const { timeout, signal, after } = manner;
    const deadline = timeout === Number.POSITIVE_INFINITY ? timeout : ageNow() + timeout;
    let softEnd: Milliseconds | undefined;
    for (let lapses = 0; ; lapses++) {
      signal?.throwIfAborted();
      const known = lapses === 0 && first !== undefined ? first : this.#memory.knowNow(stored);
      const step = after === undefined ? stepFor(known, manner) : 'ask';
      if (step === 'answer' || step === 'answer and revalidate') return { lookup: known };
      // Stopped, or not started yet: what is known can be told, and nobody can be asked.
      if (step === 'ask, or this' && !core.running && !core.expectsRestart) return { lookup: known };
      if (step === 'ask, or this') softEnd ??= ageNow() + manner.softTimeout;
      const end = step === 'ask' || softEnd === undefined ? deadline : Math.min(softEnd, deadline);
      if (!core.running && !(await this.#restarted(end, signal))) return this.#late(stored, manner);
      const flight = core.loader.request(stored, key);
      if (flight === undefined) {
        return { lookup: this.#told(stored, manner, true), error: away(core.link.outage.error) };
      }
      const landing = await this.#landingOf(flight, end, signal);
      if (landing === 'late') return this.#late(stored, manner);
      // It had begun before: what it brought may be older than the question.
      if (after !== undefined && (flight.batch?.number ?? 0) <= after && landing.type !== 'aborted') continue;
      const found = this.landed(stored, landing, lapses, manner);
      if (found !== undefined) return found;
    }
  }

  /** The cache actor may be between two incarnations: whether the next one has begun in time. */
  async #restarted(end: Milliseconds, signal: AbortSignal | undefined): Promise<boolean> {
    const core = this.#core;
    if (!core.expectsRestart) throw notRunning(core.policy.name);
    const began = new Promise<void>((resolve) => {
      const off = core.entered.listen(() => {
        off();
        resolve();
      });
    });
    const timeout = Math.min(end - ageNow(), core.policy.load.timeout);
    const wait = await waitFor(began, { timeout, ...(signal && { signal }) });
    return wait.type === 'done' && core.running;
  }

  #landingOf(
    flight: Flight<V>,
    end: Milliseconds,
    signal: AbortSignal | undefined,
  ): Promise<Landing<V> | 'late'> {
    flight.waiting++;
    if (end === Number.POSITIVE_INFINITY && signal === undefined) return flight.landing;
    return this.#landingBy(flight, end, signal);
  }

  async #landingBy(
    flight: Flight<V>,
    end: Milliseconds,
    signal: AbortSignal | undefined,
  ): Promise<Landing<V> | 'late'> {
    let landed = false;
    try {
      const wait = await waitFor(flight.landing, { timeout: end - ageNow(), ...(signal && { signal }) });
      if (wait.type === 'late') return 'late';
      landed = true;
      return wait.value;
    } finally {
      if (!landed) flight.waiting--;
    }
  }

  /** What memory has now: what it had when the wait began may be over. */
  #late(stored: string, { timeout, accept }: Manner): Found<V> {
    const known = this.#memory.knowNow(stored);
    const error = new LoadTimeoutError(
      timeout === Number.POSITIVE_INFINITY
        ? 'The cache was being restarted and did not answer in time. Ask again.'
        : `No answer within ${timeout} ms.`,
    );
    const tellable = known.status !== 'unknown' && (known.status !== 'stale' || accept === 'stale');
    return { lookup: tellable ? known : this.#memory.unknown(stored), error };
  }

  /** What memory has, where the source gave no answer. */
  #told(stored: string, { accept }: Manner, unreachable: boolean): Lookup<V> {
    const known = this.#memory.knowNow(stored);
    if (known.status === 'unknown' || (known.status === 'stale' && accept === 'fresh')) {
      return this.#memory.unknown(stored, { unreachable });
    }
    return known.status === 'stale' && unreachable ? unreached(known) : known;
  }

  /** What memory has instead of an answer that it refused for something newer; undefined: take the answer after all. */
  #passedOver(stored: string, lapses: number, manner: Manner): Lookup<V> | 'again' | undefined {
    const known = this.#memory.knowNow(stored);
    // It is older than what is held, and what is held is too old: neither will do.
    if (known.status === 'stale' && manner.accept === 'fresh') return this.#memory.unknown(stored);
    if (known.status !== 'unknown') return known;
    return lapses < lapsesBorne ? 'again' : undefined;
  }

  /** The answer that a landing gives; undefined: ask again. */
  landed(stored: string, landing: Landing<V>, lapses: number, manner: Manner): Found<V> | undefined {
    switch (landing.type) {
      case 'row': {
        const known = landing.stored ? undefined : this.#passedOver(stored, lapses, manner);
        if (known !== undefined) return known === 'again' ? undefined : { lookup: known };
        return { lookup: fresh(landing.row.value, 0, landing.row.expiresAt ?? Number.POSITIVE_INFINITY) };
      }
      case 'none': {
        const known = landing.stored ? undefined : this.#passedOver(stored, lapses, manner);
        if (known !== undefined) return known === 'again' ? undefined : { lookup: known };
        return { lookup: { status: 'absent', age: 0, because: 'source' } };
      }
      case 'aborted':
        return undefined;
      case 'quarantined':
        return { lookup: this.#told(stored, manner, false), error: landing.error };
      case 'failed':
        if (!landing.unavailable) throw landing.error;
        return { lookup: this.#told(stored, manner, true), error: away(landing.error) };
    }
  }
}
