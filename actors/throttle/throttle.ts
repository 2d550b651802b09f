import type { Bus } from '../../src/bus/bus.js';
import type { CacheEvents } from '../../src/bus/cache-events.js';
import { ThrottledError } from '../../src/errors.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow } from '../../src/runtime/time.js';
import type { Counters } from '../cache/counters.js';
import type { ThrottleHealth } from '../cache/report.js';
import { Book, type Verdict } from './book.js';
import { fingerprint } from './fingerprint.js';
import type { ThrottlePolicy } from './options.js';
import { Sleepers } from './sleepers.js';

/** What it works on: the cache's own. */
export interface ThrottleHome {
  readonly bus: Bus<CacheEvents>;
  readonly counters: Counters;
  /** Somebody is there to stop it: answers may be made to wait. */
  readonly running: boolean;
  readonly expectsRestart: boolean;
}

/** Who asks, and how long he would wait. */
export interface Asker {
  /** As it was given. */
  readonly name: string;
  readonly client: number;
  readonly signal: AbortSignal | undefined;
  /** When his patience ends; ms of ages. */
  readonly until: Milliseconds;
}

/**
 * What outlives the throttle's actor: the book of clients, and the answers that wait. It belongs to the cache's handle, as the
 * table does: whoever crashes, nobody is forgotten, and nobody is let through.
 */
export class Throttle {
  readonly policy: ThrottlePolicy;
  readonly book: Book;
  readonly sleepers = new Sleepers();
  /** What the actor has told the log of. */
  readonly reported = { slowed: 0, throttled: 0 };
  readonly #home: ThrottleHome;

  constructor(policy: ThrottlePolicy, home: ThrottleHome) {
    this.policy = policy;
    this.book = new Book(policy);
    this.#home = home;
  }

  get health(): ThrottleHealth {
    const { book, sleepers } = this;
    return { clients: book.size, guessing: book.guessing, waiting: sleepers.size };
  }

  asker(name: string, signal: AbortSignal | undefined, until: Milliseconds): Asker {
    return { name, client: fingerprint(name), signal, until };
  }

  /**
   * Carries a verdict out: returns when the answer may be given.
   *
   * @throws ThrottledError where it may not; the signal's reason when that fires.
   */
  async carryOut(verdict: Verdict, asker: Asker): Promise<void> {
    const { counters, bus, running, expectsRestart } = this.#home;
    const { refused, wait, turned, keys } = verdict;
    if (turned !== undefined) {
      bus.publish('throttled', { client: asker.name.slice(0, 80), how: turned, keys, wait });
    }
    if (refused) throw this.#refusal(wait);
    if (wait === 0) return;
    const due = ageNow() + wait;
    // Who would not wait so long need not begin, and nobody waits for a cache that does not run.
    const sleep =
      due > asker.until || !(running || expectsRestart)
        ? undefined
        : this.sleepers.sleep(asker.client, wait, asker.signal);
    if (sleep === undefined) throw this.#refusal(wait);
    counters.slowed++;
    if ((await sleep) === 'ended') throw this.#refusal(Math.max(1, due - ageNow()));
  }

  /** The cache is stopped: nobody waits any more. */
  end(): void {
    this.sleepers.end();
  }

  #refusal(wait: Milliseconds): ThrottledError {
    this.#home.counters.throttled++;
    const retryAfter = Math.ceil(wait);
    return new ThrottledError(
      `This client has asked for too many keys that do not exist. Ask again in ${retryAfter} ms.`,
      retryAfter,
    );
  }
}
