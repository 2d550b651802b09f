import { OptionsError, SourceUnavailableError } from '../../src/errors.js';
import { milliseconds } from '../../src/runtime/duration.js';
import {
  checkReadOptions,
  checkRefreshOptions,
  type ReadOptions,
  type RefreshOptions,
} from './call-options.js';
import type { CacheCore } from './core.js';
import { Finder, type Found, type Manner } from './finder.js';
import type { Absent, Fresh, Lookup } from './lookup.js';
import { Memory } from './memory.js';
import { isNearEnd, readPolicy, stepFor } from './read-policy.js';

/** The user's questions, answered from the table and, where they may, from the source. */
export class Reader<V> {
  readonly #core: CacheCore<V>;
  readonly #memory: Memory<V>;
  readonly #finder: Finder<V>;
  /** The table holds keys as they come. */
  readonly #plain: boolean;
  /** Where a call says nothing else. */
  readonly #manner: Manner;
  /** Every text is a key. */
  readonly #open: boolean;
  /** And what is fresh is the answer, and no reason to do more. */
  readonly #quick: boolean;

  constructor(core: CacheCore<V>) {
    this.#core = core;
    this.#memory = new Memory(core);
    this.#finder = new Finder(core, this.#memory);
    this.#plain = !core.keys.secret;
    this.#open = core.keys.plain;
    this.#quick = this.#open && core.policy.read.refreshAhead === 0;
    this.#manner = { ...core.policy.read, timeout: Number.POSITIVE_INFINITY, signal: undefined };
  }

  lookup(key: string): Lookup<V> {
    return this.#count(this.#open && typeof key === 'string' ? this.#memory.know(key) : this.peek(key));
  }

  /** The hot path: what `lookup` would say, without saying it. */
  get(key: string): V | undefined {
    const core = this.#core;
    if (core.sliding.any) return this.#served(key);
    const stored = this.#plain && typeof key === 'string' ? key : core.keys.stored(key);
    const value = core.table.glance(stored, this.#memory.clock.read(), core.doubtBefore, core.counters);
    if (value !== undefined && !core.diagnostics.answers.hasSubscribers) return value;
    return this.#getTelling(key, value);
  }

  /** The rest of `get`: a miss, or somebody listens to the answers. */
  #getTelling(key: string, value: V | undefined): V | undefined {
    if (value === undefined) this.lookup(key);
    else this.#tell(this.#memory.know(this.#core.keys.stored(key)));
    return value;
  }

  #served(key: string): V | undefined {
    const known = this.lookup(key);
    return known.status === 'fresh' || known.status === 'stale' ? known.value : undefined;
  }

  // Not async: of a hit, whose answer is there, half the cost would be the function's own.
  read(key: string, options?: ReadOptions): Promise<Lookup<V>> {
    const known = this.#knownAtOnce(key, options);
    if (known?.status === 'fresh') return Promise.resolve(this.#count(known));
    return this.#readWhole(key, options, known);
  }

  /** What memory says where nothing is said with the question, and nothing is to be looked at but the key. */
  #knownAtOnce(key: string, options: ReadOptions | undefined): Lookup<V> | undefined {
    if (!this.#quick || options !== undefined || typeof key !== 'string') return undefined;
    return this.#memory.knowNow(key);
  }

  #readWhole(
    key: string,
    options: ReadOptions | undefined,
    atOnce: Lookup<V> | undefined,
  ): Promise<Lookup<V>> {
    try {
      const manner = options === undefined ? this.#manner : this.#mannerOf(options);
      const { keys } = this.#core;
      if (!keys.allows(key)) return Promise.resolve(this.#count(refusedKey));
      const stored = keys.stored(key);
      const known = atOnce ?? this.#memory.knowNow(stored);
      if (this.#isAnswer(known, stored, key, manner)) return Promise.resolve(this.#count(known));
      return this.#readOn(stored, key, manner, known);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  fetch(key: string, options?: ReadOptions): Promise<V | undefined> {
    const known = this.#knownAtOnce(key, options);
    if (known?.status !== 'fresh') return this.#fetchWhole(key, options, known);
    return Promise.resolve(this.#count(known).value);
  }

  #fetchWhole(
    key: string,
    options: ReadOptions | undefined,
    atOnce: Lookup<V> | undefined,
  ): Promise<V | undefined> {
    try {
      const manner = options === undefined ? this.#manner : this.#mannerOf(options);
      const { keys } = this.#core;
      if (!keys.allows(key)) return Promise.resolve(valueIn(this.#count(refusedKey)));
      const stored = keys.stored(key);
      const known = atOnce ?? this.#memory.knowNow(stored);
      if (this.#isAnswer(known, stored, key, manner)) return Promise.resolve(valueIn(this.#count(known)));
      return this.#fetchOn(stored, key, manner, known);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #readOn(stored: string, key: string, manner: Manner, known: Lookup<V>): Promise<Lookup<V>> {
    const flight = this.#finder.flightFor(stored, key, manner, known);
    const found = flight && this.#finder.landed(stored, await flight.landing, 0, manner);
    return this.#count((found ?? (await this.#finder.find(stored, key, manner))).lookup);
  }

  async #fetchOn(stored: string, key: string, manner: Manner, known: Lookup<V>): Promise<V | undefined> {
    const flight = this.#finder.flightFor(stored, key, manner, known);
    const found = flight && this.#finder.landed(stored, await flight.landing, 0, manner);
    const { lookup, error } = found ?? (await this.#finder.find(stored, key, manner));
    this.#count(lookup);
    if (lookup.status !== 'unknown') return valueIn(lookup);
    throw error instanceof SourceUnavailableError
      ? error
      : new SourceUnavailableError(
          `Nobody can say whether ${this.#core.named(stored)} exists (${lookup.because}).`,
          { cause: error },
        );
  }

  async readMany(given: Iterable<string>, options?: ReadOptions): Promise<Map<string, Lookup<V>>> {
    const manner = options === undefined ? this.#manner : this.#mannerOf(options);
    const answers = new Map<string, Lookup<V>>();
    const asked: Promise<void>[] = [];
    for (const { key, stored } of this.#several(given)) {
      if (stored === undefined) {
        answers.set(key, this.#count(refusedKey));
        continue;
      }
      const known = this.#memory.know(stored);
      // It holds the key's place in the order; whoever is asked about takes it when the answer is there.
      answers.set(key, known);
      if (this.#isAnswer(known, stored, key, manner)) this.#count(known);
      else asked.push(this.#answerIn(answers, key, this.#finder.find(stored, key, manner, known)));
    }
    await everyOne(asked);
    return answers;
  }

  async refresh(key: string, options?: RefreshOptions): Promise<Lookup<V>> {
    const manner = this.#reloading(options);
    const { keys } = this.#core;
    if (!keys.allows(key)) return this.#count(refusedKey);
    const stored = keys.stored(key);
    return this.#count((await this.#finder.find(stored, key, manner)).lookup);
  }

  async refreshMany(given: Iterable<string>, options?: RefreshOptions): Promise<Map<string, Lookup<V>>> {
    const manner = this.#reloading(options);
    const answers = new Map<string, Lookup<V>>();
    const asked: Promise<void>[] = [];
    for (const { key, stored } of this.#several(given)) {
      answers.set(key, refusedKey);
      if (stored === undefined) this.#count(refusedKey);
      else asked.push(this.#answerIn(answers, key, this.#finder.find(stored, key, manner)));
    }
    await everyOne(asked);
    return answers;
  }

  has(key: string): boolean {
    const known = this.peek(key);
    return known.status === 'fresh' || known.status === 'stale';
  }

  /** What memory has, for who does not tell it: not counted. */
  peek(key: string): Lookup<V> {
    const { keys } = this.#core;
    return keys.allows(key) ? this.#memory.know(keys.stored(key)) : refusedKey;
  }

  /** What `peek` had is told after all. */
  told<L extends Lookup<V>>(lookup: L): L {
    return this.#count(lookup);
  }

  #count<L extends Lookup<V>>(lookup: L): L {
    const { counters, diagnostics } = this.#core;
    // By name: a field looked up by its name costs ten times as much.
    if (lookup.status === 'fresh') counters.fresh++;
    else counters[lookup.status]++;
    if (diagnostics.answers.hasSubscribers) this.#tell(lookup);
    return lookup;
  }

  #tell(lookup: Lookup<V>): void {
    const because = 'because' in lookup ? { because: lookup.because } : {};
    this.#core.diagnostics.answered({ status: lookup.status, ...because });
  }

  #mannerOf(options: ReadOptions): Manner {
    checkReadOptions(options);
    options.signal?.throwIfAborted();
    return { ...readPolicy(options, this.#core.policy.read), ...limitsOf(options) };
  }

  /** What is in memory is no answer; where the source has none, it is told all the same. */
  #reloading(options: RefreshOptions = {}): Manner {
    checkRefreshOptions(options);
    options.signal?.throwIfAborted();
    return { ...this.#manner, accept: 'stale', ...limitsOf(options), after: this.#core.loader.begun };
  }

  /** Each key once, in the order given, looked at before anything is done; `stored` is missing where the guard refuses it. */
  #several(given: Iterable<string>): { readonly key: string; readonly stored: string | undefined }[] {
    const { keys } = this.#core;
    return keysIn(given).map((key) => ({
      key,
      stored: keys.allows(key) ? keys.stored(key) : undefined,
    }));
  }

  async #answerIn(answers: Map<string, Lookup<V>>, key: string, finding: Promise<Found<V>>): Promise<void> {
    answers.set(key, this.#count((await finding).lookup));
  }

  /** Whether what memory says is the answer. It may be a reason to ask the source in the background. */
  #isAnswer(known: Lookup<V>, stored: string, key: string, manner: Manner): boolean {
    switch (stepFor(known, manner)) {
      case 'answer':
        if (known.status === 'fresh' && manner.refreshAhead > 0) this.#loadAhead(known, stored, key, manner);
        return true;
      case 'answer and revalidate':
        if (this.#core.running) this.#core.loader.background(stored, key);
        return true;
      default:
        return false;
    }
  }

  #loadAhead({ age }: Fresh<V>, stored: string, key: string, manner: Manner): void {
    const { table, running, loader } = this.#core;
    const slot = table.slotOf(stored);
    if (running && slot >= 0 && isNearEnd(age, table.ttlOf(slot), manner)) {
      loader.background(stored, key, { spare: true });
    }
  }
}

const limitsOf = ({ timeout, signal }: RefreshOptions): Pick<Manner, 'timeout' | 'signal'> => ({
  timeout: timeout === undefined ? Number.POSITIVE_INFINITY : milliseconds(timeout, 'timeout'),
  signal,
});

/**
 * Each once, in the order given.
 *
 * @throws OptionsError when it is no list.
 */
export function keysIn(given: Iterable<string>): readonly string[] {
  if (typeof given === 'object' && given !== null && Symbol.iterator in given) return [...new Set(given)];
  throw new OptionsError(`Keys must be a list of strings. Given: ${given === null ? 'null' : typeof given}.`);
}

/** Waits for all; rejects with what the first of them in the order asked was rejected with. */
export async function everyOne<T>(asked: readonly Promise<T>[]): Promise<T[]> {
  return (await Promise.allSettled(asked)).map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

const valueIn = <V>(lookup: Lookup<V>): V | undefined =>
  lookup.status === 'fresh' || lookup.status === 'stale' ? lookup.value : undefined;

const refusedKey: Absent = Object.freeze({ status: 'absent', age: 0, because: 'key' });
