import { milliseconds } from '../../src/runtime/duration.js';
import { ageNow } from '../../src/runtime/time.js';
import type { Ticket } from '../throttle/book.js';
import { fingerprint, refusedFingerprint } from '../throttle/fingerprint.js';
import type { Asker, Throttle } from '../throttle/throttle.js';
import {
  checkReadOptions,
  checkRefreshOptions,
  type ReadOptions,
  type RefreshOptions,
} from './call-options.js';
import type { CacheCore } from './core.js';
import { away } from './loader.js';
import type { Fresh, Lookup, Stale } from './lookup.js';
import { everyOne, keysIn, type Reader } from './reader.js';

/** A kind of question: how it is asked, and what of an answer is to be known here. */
interface Kind<V, T, O> {
  ask(options: O): Promise<T>;
  isAbsent(answer: T): boolean;
  /** What memory has, counted and told. */
  told(known: Fresh<V> | Stale<V>): T;
  /** Nobody can say, and this client may not make anybody try. */
  unknown(): T;
  /** An absence that waited before it was given. */
  later(answer: T, waited: number): T;
}

/**
 * The way to the reader for who says as which client he asks. Hits go through at once; absences are counted, and wait or are
 * refused where there were too many; and who is above his allowance waits before the source is asked, not while it is.
 */
export class Gate<V> {
  readonly #core: CacheCore<V>;
  readonly #reader: Reader<V>;

  constructor(core: CacheCore<V>, reader: Reader<V>) {
    this.#core = core;
    this.#reader = reader;
  }

  read(key: string, options?: ReadOptions): Promise<Lookup<V>> {
    const { throttle } = this.#core;
    const reader = this.#reader;
    if (throttle === undefined || options?.client === undefined) return reader.read(key, options);
    checkReadOptions(options);
    return this.#looked(throttle, key, options, options.client, (rest) => reader.read(key, rest));
  }

  readMany(keys: Iterable<string>, options?: ReadOptions): Promise<Map<string, Lookup<V>>> {
    if (this.#core.throttle === undefined || options?.client === undefined)
      return this.#reader.readMany(keys, options);
    return this.#each(keys, (key) => this.read(key, options));
  }

  refresh(key: string, options?: RefreshOptions): Promise<Lookup<V>> {
    const { throttle } = this.#core;
    const reader = this.#reader;
    if (throttle === undefined || options?.client === undefined) return reader.refresh(key, options);
    checkRefreshOptions(options);
    return this.#looked(throttle, key, options, options.client, (rest) => reader.refresh(key, rest));
  }

  refreshMany(keys: Iterable<string>, options?: RefreshOptions): Promise<Map<string, Lookup<V>>> {
    if (this.#core.throttle === undefined || options?.client === undefined)
      return this.#reader.refreshMany(keys, options);
    return this.#each(keys, (key) => this.refresh(key, options));
  }

  fetch(key: string, options?: ReadOptions): Promise<V | undefined> {
    const { throttle } = this.#core;
    const reader = this.#reader;
    if (throttle === undefined || options?.client === undefined) return reader.fetch(key, options);
    checkReadOptions(options);
    return this.#through<V | undefined, ReadOptions>(throttle, key, options, options.client, {
      ask: (rest) => reader.fetch(key, rest),
      isAbsent: (value) => value === undefined,
      told: (known) => {
        reader.told(known);
        return known.value;
      },
      unknown: () => {
        reader.lookup(key);
        throw away(this.#core.link.outage.error);
      },
      later: (value) => value,
    });
  }

  #looked<O extends RefreshOptions>(
    throttle: Throttle,
    key: string,
    options: O,
    client: string,
    ask: (rest: O) => Promise<Lookup<V>>,
  ): Promise<Lookup<V>> {
    const reader = this.#reader;
    return this.#through<Lookup<V>, O>(throttle, key, options, client, {
      ask,
      isAbsent: ({ status }) => status === 'absent',
      told: (known) => reader.told(known),
      unknown: () => reader.lookup(key),
      later: (answer, waited) =>
        answer.status === 'absent' ? { ...answer, age: answer.age + waited } : answer,
    });
  }

  async #each(
    given: Iterable<string>,
    ask: (key: string) => Promise<Lookup<V>>,
  ): Promise<Map<string, Lookup<V>>> {
    const keys = keysIn(given);
    const answers = await everyOne(keys.map(ask));
    return new Map(keys.map((key, at) => [key, answers[at] as Lookup<V>]));
  }

  async #through<T, O extends RefreshOptions>(
    throttle: Throttle,
    key: string,
    options: O,
    client: string,
    kind: Kind<V, T, O>,
  ): Promise<T> {
    options.signal?.throwIfAborted();
    const known = this.#reader.peek(key);
    if (known.status === 'fresh') return kind.ask(options);
    const { book } = throttle;
    const patience =
      options.timeout === undefined ? Number.POSITIVE_INFINITY : milliseconds(options.timeout, 'timeout');
    const asker = throttle.asker(client, options.signal, ageNow() + patience);
    const print =
      known.status === 'absent' && known.because === 'key' ? refusedFingerprint(key) : fingerprint(key);
    let ticket: Ticket | undefined;
    if (known.status === 'absent') {
      await throttle.carryOut(book.absent(asker.client, print, ageNow()), asker);
    } else if (known.status === 'unknown' && this.#mayAsk(throttle, asker)) {
      ticket = book.ask(asker.client, print, ageNow());
      // Who gives up while he waits has learnt that it is no hit: the mark stays.
      await throttle.carryOut(ticket, asker);
    }
    if (known.status === 'unknown' && !this.#mayAsk(throttle, asker)) {
      if (ticket !== undefined) book.release(ticket);
      return kind.unknown();
    }
    let answer: T;
    try {
      answer = await kind.ask(this.#rest(options, asker));
    } catch (error) {
      this.#openEnd(throttle, asker, key, print, ticket);
      throw error;
    }
    if (!kind.isAbsent(answer)) {
      this.#openEnd(throttle, asker, key, print, ticket);
      return answer;
    }
    const verdict = book.absent(asker.client, print, ageNow());
    if (ticket?.held === 'undecided') book.release(ticket);
    if (!verdict.refused && verdict.wait === 0) return answer;
    const from = ageNow();
    await throttle.carryOut(verdict, asker);
    book.absent(asker.client, print, ageNow());
    // While it waited the key may have come to be.
    const now = this.#reader.peek(key);
    if (now.status === 'fresh' || now.status === 'stale') return kind.told(now);
    return kind.later(answer, ageNow() - from);
  }

  /**
   * While the source is away, who guesses is not the one who finds out whether it is back: the warmer does, or somebody else.
   */
  #mayAsk(throttle: Throttle, { client }: Asker): boolean {
    const { link, passes } = this.#core;
    if (!link.down) return true;
    const othersFindOut = passes.possible || link.source.ping !== undefined;
    if (othersFindOut) return !throttle.book.suspects(client, ageNow());
    return link.permission() !== 'no';
  }

  #rest<O extends RefreshOptions>(options: O, { until }: Asker): O {
    if (until === Number.POSITIVE_INFINITY) return options;
    return { ...options, timeout: Math.max(0, Math.ceil(until - ageNow())) };
  }

  /** A question that got no absence for its answer. Its load may go on, and tell later. */
  #openEnd(throttle: Throttle, asker: Asker, key: string, print: number, ticket: Ticket | undefined): void {
    if (ticket === undefined || ticket.held === 'nothing') return;
    const landing = this.#core.loader.landing(this.#core.keys.stored(key));
    if (landing === undefined) {
      throttle.book.release(ticket);
      return;
    }
    void landing.then(({ type }) => {
      if (type === 'none') throttle.book.absent(asker.client, print, ageNow());
      if (type !== 'none' || ticket.held === 'undecided') throttle.book.release(ticket);
    });
  }
}
