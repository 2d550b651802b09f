import type { Bus } from '../../src/bus/bus.js';
import type { CacheEvents } from '../../src/bus/cache-events.js';
import { LoadTimeoutError, SourceUnavailableError } from '../../src/errors.js';
import { backoffDelay } from '../../src/runtime/backoff-delay.js';
import { Deadlines } from '../../src/runtime/deadlines.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow, random, wallNow } from '../../src/runtime/time.js';
import type { Source, SourceContext } from '../../src/sources/source.js';
import { Abandoned } from './abandoned.js';
import { type Answer, type Asked, Asking, type AskingHome, type Question } from './asking.js';
import { Bell } from './bell.js';
import type { CachePolicy } from './options.js';
import * as outages from './outage.js';

/**
 * The one way to the source. It bounds every question in time, tells "away" from "wrong", remembers an outage for all who
 * would ask, and counts what it has given up on and what has never settled.
 */
export class SourceLink<V> implements AskingHome {
  readonly source: Source<V>;
  /** Rung when the source came back or went away. */
  readonly changed = new Bell();
  readonly #policy: CachePolicy;
  readonly #bus: Bus<CacheEvents>;
  readonly isUnavailable: (error: unknown) => boolean;
  readonly deadlines = new Deadlines();
  readonly abandoned = new Abandoned();
  #outage = outages.nothingKnown;

  constructor(options: {
    readonly source: Source<V>;
    readonly policy: CachePolicy;
    readonly bus: Bus<CacheEvents>;
    readonly isUnavailable: (error: unknown) => boolean;
  }) {
    this.source = options.source;
    this.#policy = options.policy;
    this.#bus = options.bus;
    this.isUnavailable = options.isUnavailable;
  }

  get outage(): outages.Outage {
    return this.#outage;
  }

  get down(): boolean {
    return this.#outage.status === 'down';
  }

  /** Whether the error means "away". */
  saysAway(error: unknown): boolean {
    return this.isUnavailable(error);
  }

  /** Whether there is any point in asking now. */
  permission(): 'free' | 'probe' | 'no' {
    // Most of the time; a clock would cost more than the rest.
    if (!this.down) return 'free';
    return outages.permission(this.#outage, ageNow());
  }

  /** Cuts the wait for the next attempt short. */
  hurry(): void {
    this.#outage = outages.hurried(this.#outage, moment());
  }

  /**
   * Asks. Whoever asks in an outage is its probe: look at `permission` first.
   */
  ask<T>(question: (context: SourceContext) => PromiseLike<T> | T, how: Question): Promise<Answer<T>> {
    return new Promise((resolve) => {
      this.begin(question, how, resolve);
    });
  }

  /** The same for whoever has many under way: tells `told`, which must not throw, and can be given up. */
  begin<T>(
    question: (context: SourceContext) => PromiseLike<T> | T,
    how: Question,
    told: (answer: Answer<T>) => void,
  ): Asking<T> {
    const asking = new Asking(this, question, how, told);
    if (asking.probe) this.#outage = outages.probeBegun(this.#outage);
    asking.begin();
    return asking;
  }

  /** @internal A question has ended. */
  concluded(asking: Asked, answer: Answer<unknown>): void {
    const { probe } = asking;
    if (answer.type === 'answer') this.#answered();
    else if (answer.type === 'aborted') {
      if (probe) this.#outage = outages.probeLost(this.#outage);
      this.#countAbandoned();
    } else if (this.down && !probe) {
      // Asked before the outage began: it says nothing about the present attempt.
    } else if (answer.error instanceof LoadTimeoutError && answer.unavailable) this.#timedOut(answer.error);
    else if (answer.unavailable) this.#failed(asking.redacted(answer.error));
    // An error of its own: it is there, or a source of which one part is broken would be away for ever.
    else if (probe) this.#answered();
  }

  #answered(): void {
    const before = this.#outage;
    this.#outage = outages.answered(before, moment());
    this.abandoned.excuse();
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
    return this.abandoned.saturates(this.#policy.load.concurrency, ageNow());
  }

  /** Given up by their askers they are the source's fault only when they hang past their own time. */
  #countAbandoned(): void {
    if (this.down || !this.#saturated) return;
    this.#failed(
      new SourceUnavailableError(
        `${this.abandoned.size} questions to the source were given up on and never settled. Let the source honour its signal.`,
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

const moment = (): outages.Moment => ({ age: ageNow(), wall: wallNow() });
