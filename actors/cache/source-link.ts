import pRetry from 'p-retry';
import type { Bus } from '../../src/bus/bus.js';
import type { CacheEvents } from '../../src/bus/cache-events.js';
import { LoadTimeoutError, SourceUnavailableError } from '../../src/errors.js';
import { backoffDelay } from '../../src/runtime/backoff-delay.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { after, ageNow, random, wallNow, yieldToLoop } from '../../src/runtime/time.js';
import type { Source, SourceContext } from '../../src/sources/source.js';
import { Abandoned } from './abandoned.js';
import { Asking } from './asking.js';
import { Bell } from './bell.js';
import type { CachePolicy } from './options.js';
import * as outages from './outage.js';

/** What came of a question to the source. Whatever the source threw is data here, never an exception. */
export type Answer<T> =
  | { readonly type: 'answer'; readonly value: T }
  | { readonly type: 'failed'; readonly error: unknown; readonly unavailable: boolean }
  | { readonly type: 'aborted' };

export interface Question {
  /** Gives the question up: the asker died, or the answer is not wanted any more. */
  readonly signal: AbortSignal;
  readonly timeout: Milliseconds;
  /** Further tries after a connection error. None while the source is down: a probe is a single call. */
  readonly retries: number;
}

/** Between the tries of one question; the long waits are the warmer's. */
const blip = { minTimeout: 25, maxTimeout: 200, factor: 2, randomize: true } as const;

const failureOf = Symbol('failure');
const lateAfter = (timeout: Milliseconds): LoadTimeoutError =>
  new LoadTimeoutError(
    `The source did not answer within ${timeout} ms. If it is only slow, raise "load.timeout".`,
  );

/** What a question's own error travels in: p-retry wants errors, and a source may throw anything. */
class Thrown extends Error {
  readonly [failureOf]: unknown;
  constructor(
    error: unknown,
    readonly unavailable: boolean,
  ) {
    super('thrown by the source');
    this[failureOf] = error;
  }
}

/**
 * The one way to the source. It bounds every question in time, tells "away" from "wrong", remembers an outage for all who
 * would ask, and counts what it has given up on and what has never settled.
 */
export class SourceLink<V> {
  readonly source: Source<V>;
  /** Rung when the source came back or went away. */
  readonly changed = new Bell();
  readonly #policy: CachePolicy;
  readonly #bus: Bus<CacheEvents>;
  readonly #isUnavailable: (error: unknown) => boolean;
  #outage = outages.nothingKnown;
  readonly #abandoned = new Abandoned();

  constructor(options: {
    readonly source: Source<V>;
    readonly policy: CachePolicy;
    readonly bus: Bus<CacheEvents>;
    readonly isUnavailable: (error: unknown) => boolean;
  }) {
    this.source = options.source;
    this.#policy = options.policy;
    this.#bus = options.bus;
    this.#isUnavailable = options.isUnavailable;
  }

  get outage(): outages.Outage {
    return this.#outage;
  }

  get down(): boolean {
    return this.#outage.status === 'down';
  }

  /** Questions given up on that have not settled yet. */
  get abandoned(): number {
    return this.#abandoned.size;
  }

  /** Whether there is any point in asking now. */
  permission(): 'free' | 'probe' | 'no' {
    return outages.permission(this.#outage, ageNow());
  }

  /** Cuts the wait for the next attempt short. */
  hurry(): void {
    this.#outage = outages.hurried(this.#outage, moment());
  }

  /**
   * Asks. Whoever asks in an outage is its probe: look at `permission` first.
   */
  async ask<T>(question: (context: SourceContext) => Promise<T> | T, how: Question): Promise<Answer<T>> {
    const probe = this.down;
    if (probe) this.#outage = outages.probeBegun(this.#outage);
    return this.#concluded(await this.#answer(question, how, probe), probe);
  }

  async #answer<T>(
    question: (context: SourceContext) => Promise<T> | T,
    how: Question,
    probe: boolean,
  ): Promise<Answer<T>> {
    if (how.signal.aborted) return { type: 'aborted' };
    const asking = new Asking(how.signal, how.timeout);
    const timer = after(how.timeout, async () => {
      // When our own loop was held up, the answer may be here already, waiting for its turn.
      await yieldToLoop();
      asking.giveUp(lateAfter(how.timeout));
    });
    try {
      return { type: 'answer', value: await this.#tried(question, asking, probe ? 0 : how.retries) };
    } catch (error) {
      return failure(error, how.signal, asking);
    } finally {
      asking.end();
      timer.cancel();
    }
  }

  /** What an answer says of the source. */
  #concluded<T>(answer: Answer<T>, probe: boolean): Answer<T> {
    if (answer.type === 'answer') this.#answered();
    else if (answer.type === 'aborted') {
      if (probe) this.#outage = outages.probeLost(this.#outage);
      this.#countAbandoned();
    } else if (this.down && !probe) {
      // Asked before the outage began: it says nothing about the present attempt.
    } else if (answer.error instanceof LoadTimeoutError && answer.unavailable) this.#timedOut(answer.error);
    else if (answer.unavailable) this.#failed(answer.error);
    // An error of its own: it is there, or a source of which one part is broken would be away for ever.
    else if (probe) this.#answered();
    return answer;
  }

  /** Most questions are answered at the first try, which p-retry would make twice as dear: it has the others. */
  #tried<T>(
    question: (context: SourceContext) => Promise<T> | T,
    asking: Asking,
    retries: number,
  ): Promise<T> {
    const attempt = this.#attempt(question, asking);
    return retries === 0
      ? attempt
      : attempt.catch((error) => this.#triedAgain(question, asking, retries, error));
  }

  #triedAgain<T>(
    question: (context: SourceContext) => Promise<T> | T,
    asking: Asking,
    retries: number,
    error: unknown,
  ): Promise<T> {
    const mayMend = (failed: unknown): boolean =>
      failed instanceof Thrown && failed.unavailable && !this.down && asking.givenUp === undefined;
    if (!mayMend(error)) throw error;
    let failed = error;
    return pRetry(
      async (attempt) => {
        // The first one has been made. And it may have gone away while this question waited: nobody may try then but its probe.
        if (attempt === 1 || this.down) throw failed;
        return this.#attempt(question, asking);
      },
      {
        ...blip,
        retries,
        signal: asking.signal,
        shouldRetry({ error }) {
          failed = error;
          return mayMend(error);
        },
      },
    );
  }

  /** One call. Settles when the source does or when the question is given up; an unsettled call is counted until it settles. */
  #attempt<T>(question: (context: SourceContext) => Promise<T> | T, asking: Asking): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let settled = false;
      const settle = (): boolean => {
        if (settled) {
          this.#abandoned.settled(settle);
          return false;
        }
        settled = true;
        asking.abandon = undefined;
        return true;
      };
      asking.abandon = (reason) => {
        settled = true;
        // A timer may be a little early: who was late for it is late.
        this.#abandoned.add(settle, reason instanceof LoadTimeoutError ? ageNow() : asking.due);
        reject(reason);
      };
      let work: Promise<T>;
      try {
        work = Promise.resolve(question(asking.context));
      } catch (error) {
        work = Promise.reject(error);
      }
      work.then(
        (value) => settle() && resolve(value),
        (error) => settle() && reject(new Thrown(error, this.#isUnavailable(error))),
      );
    });
  }

  #answered(): void {
    const before = this.#outage;
    this.#outage = outages.answered(before, moment());
    this.#abandoned.excuse();
    if (before.status === 'up') return;
    if (before.status === 'down') {
      this.#bus.publish('source.up', { downFor: Math.max(0, wallNow() - (before.since ?? wallNow())) });
    }
    this.changed.ring();
  }

  #failed(error: unknown): void {
    this.#change(outages.failed(this.#outage, error, moment(), this.#delay));
  }

  #timedOut(error: unknown): void {
    this.#change(
      outages.timedOut(this.#outage, error, moment(), this.#delay, { saturated: this.#saturated }),
    );
  }

  get #saturated(): boolean {
    return this.#abandoned.saturates(this.#policy.load.concurrency, ageNow());
  }

  /** Given up by their askers they are the source's fault only when they hang past their own time. */
  #countAbandoned(): void {
    if (this.down || !this.#saturated) return;
    this.#failed(
      new SourceUnavailableError(
        `${this.abandoned} questions to the source were given up on and never settled. Let the source honour its signal.`,
      ),
    );
  }

  #change(next: outages.Outage): void {
    const before = this.#outage;
    this.#outage = next;
    if (next === before || next.status !== 'down') return;
    if (before.status !== 'down') {
      this.#bus.publish('source.down', { error: next.error, since: next.since ?? wallNow() });
    }
    this.changed.ring();
  }

  readonly #delay = (attempt: number): Milliseconds => backoffDelay(this.#policy.backoff, attempt, random());
}

function failure(error: unknown, asker: AbortSignal, { givenUp }: Asking): Answer<never> {
  if (asker.aborted) return { type: 'aborted' };
  if (givenUp !== undefined) return { type: 'failed', error: givenUp.reason, unavailable: true };
  if (error instanceof Thrown) {
    return { type: 'failed', error: error[failureOf], unavailable: error.unavailable };
  }
  throw error;
}

const moment = (): outages.Moment => ({ age: ageNow(), wall: wallNow() });
