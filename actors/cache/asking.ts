import pRetry from 'p-retry';
import { LoadTimeoutError } from '../../src/errors.js';
import type { Deadline, Deadlines, Expiring } from '../../src/runtime/deadlines.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import type { LifeSignal } from '../../src/runtime/life.js';
import { ageNow, soon } from '../../src/runtime/time.js';
import type { SourceContext } from '../../src/sources/source.js';
import type { Abandoned } from './abandoned.js';

/** What came of a question to the source. Whatever the source threw is data here, never an exception. */
export type Answer<T> =
  | { readonly type: 'answer'; readonly value: T }
  | { readonly type: 'failed'; readonly error: unknown; readonly unavailable: boolean }
  | { readonly type: 'aborted' };

export interface Question {
  /** Gives the question up: the asker died, or the answer is not wanted any more. */
  readonly signal?: LifeSignal;
  readonly timeout: Milliseconds;
  /** Further tries after a connection error. None while the source is down: a probe is a single call. */
  readonly retries: number;
  /** What of an error may be remembered and told to others than who asked. Default: all. */
  readonly redact?: (error: unknown) => unknown;
}

/** Where it is asked. */
export interface AskingHome {
  readonly deadlines: Deadlines;
  readonly abandoned: Abandoned;
  readonly down: boolean;
  isUnavailable(error: unknown): boolean;
  /** Told of the end before whoever asked. */
  concluded(asking: Asked, answer: Answer<unknown>): void;
}

/** What its home is to know of a question that has ended. */
export interface Asked {
  readonly probe: boolean;
  /** An error of it, as it may be remembered. */
  redacted(error: unknown): unknown;
}

/** Between the tries of one question; the long waits are the warmer's. */
const blip = { minTimeout: 25, maxTimeout: 200, factor: 2, randomize: true } as const;

const failureOf = Symbol('failure');

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

const lateAfter = (timeout: Milliseconds): LoadTimeoutError =>
  new LoadTimeoutError(
    `The source did not answer within ${timeout} ms. If it is only slow, raise "load.timeout".`,
  );

/**
 * One question to the source, from its first call to its end: within its time, tried again after a connection error, given up
 * when nobody wants the answer. What is given up on is counted until it settles.
 */
export class Asking<T> implements Expiring, Asked {
  /** It tries, in an outage, whether the source is back. */
  readonly probe: boolean;
  /** ms of ages. */
  readonly began: Milliseconds;
  readonly #home: AskingHome;
  readonly #question: (context: SourceContext) => PromiseLike<T> | T;
  readonly #how: Question;
  readonly #told: (answer: Answer<T>) => void;
  readonly #context: SourceContext;
  readonly #deadline: Deadline;
  /** Made when somebody looks at its signal: on Node that costs more than all the rest of a load. */
  #controller: AbortController | undefined;
  #abortedBy: { readonly reason: unknown } | undefined;
  /** What stands for it among those given up on: it may hang for ever, and what it was asked for may be a secret. */
  #mark: object | undefined;
  #over = false;
  /** A call is under way. */
  #open = false;

  constructor(
    home: AskingHome,
    question: (context: SourceContext) => PromiseLike<T> | T,
    how: Question,
    told: (answer: Answer<T>) => void,
  ) {
    this.#home = home;
    this.#question = question;
    this.#how = how;
    this.#told = told;
    this.#context = new Context(this);
    this.probe = home.down;
    this.began = ageNow();
    this.#deadline = home.deadlines.add(this, how.timeout);
    how.signal?.addEventListener('abort', this, { once: true });
  }

  /** Asks. Once only. */
  begin(): void {
    if (this.#how.signal?.aborted) this.handleEvent();
    else {
      this.#call(
        (value) => this.#end({ type: 'answer', value }),
        (error) => this.#failed(error),
      );
    }
  }

  redacted(error: unknown): unknown {
    return this.#how.redact === undefined ? error : this.#how.redact(error);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortedBy !== undefined) this.#controller.abort(this.#abortedBy.reason);
    }
    return this.#controller.signal;
  }

  /** The answer is not wanted any more. Who asked is told a moment later: it may be in the midst of giving up others. */
  abort(reason?: unknown): void {
    if (this.#over) return;
    this.#home.deadlines.drop(this.#deadline);
    this.#abandon(reason, this.began + this.#how.timeout);
    queueMicrotask(() => this.#conclude({ type: 'aborted' }));
  }

  /** @internal Its time is over. */
  expire(): void {
    // When our own loop was held up, the answer may be here already, waiting for its turn.
    soon(() => {
      if (this.#over) return;
      const error = lateAfter(this.#how.timeout);
      // A timer may be a little early: who was late for it is late.
      this.#abandon(error, ageNow());
      this.#conclude({ type: 'failed', error, unavailable: true });
    });
  }

  /** @internal The asker's signal has fired. */
  handleEvent(): void {
    this.abort(this.#how.signal?.reason);
  }

  #abandon(reason: unknown, due: Milliseconds): void {
    this.#over = true;
    if (this.#open) {
      this.#mark = {};
      this.#home.abandoned.add(this.#mark, due);
    }
    this.#abortedBy = { reason };
    this.#controller?.abort(reason);
  }

  /** One call. What is still unsettled when the question is given up settles nothing any more. */
  #call(answered: (value: T) => void, failed: (error: unknown) => void): void {
    this.#open = true;
    let work: Promise<T>;
    try {
      work = Promise.resolve(this.#question(this.#context));
    } catch (error) {
      work = Promise.reject(error);
    }
    work.then(
      (value) => this.#settles() && answered(value),
      (error) => this.#settles() && failed(error),
    );
  }

  #settles(): boolean {
    this.#open = false;
    if (this.#over && this.#mark !== undefined) this.#home.abandoned.settled(this.#mark);
    return !this.#over;
  }

  #failed(error: unknown): void {
    const unavailable = this.#home.isUnavailable(error);
    if (unavailable && this.#retries > 0 && !this.#home.down) void this.#again(error);
    else this.#end({ type: 'failed', error, unavailable });
  }

  get #retries(): number {
    return this.probe ? 0 : this.#how.retries;
  }

  /** The first call has failed of the connection: the others. */
  async #again(first: unknown): Promise<void> {
    let failure: unknown;
    const attempt = (): Promise<T> => {
      if (failure === undefined) throw new Thrown(first, true);
      // It went away while this question waited to try again: nobody may but its probe.
      if (this.#home.down) throw failure;
      return new Promise((resolve, reject) => {
        this.#call(resolve, (error) => reject(new Thrown(error, this.#home.isUnavailable(error))));
      });
    };
    try {
      const value = await pRetry(attempt, {
        ...blip,
        retries: this.#retries,
        signal: this.signal,
        shouldRetry: ({ error }) => {
          failure = error;
          return error instanceof Thrown && error.unavailable && !this.#home.down;
        },
      });
      this.#end({ type: 'answer', value });
    } catch (error) {
      if (error instanceof Thrown) {
        this.#end({ type: 'failed', error: error[failureOf], unavailable: error.unavailable });
      } else this.#end({ type: 'failed', error, unavailable: false });
    }
  }

  #end(answer: Answer<T>): void {
    if (this.#over) return;
    this.#over = true;
    this.#conclude(answer);
  }

  #conclude(answer: Answer<T>): void {
    this.#home.deadlines.cancel(this.#deadline);
    this.#how.signal?.removeEventListener('abort', this);
    this.#home.concluded(this, answer);
    this.#told(answer);
  }
}

const asking = Symbol('asking');

/** What the source is handed. `signal` is its own property, so that it is there in a copy, too. */
class Context implements SourceContext {
  declare readonly signal: AbortSignal;
  readonly [asking]: { readonly signal: AbortSignal };

  constructor(of: { readonly signal: AbortSignal }) {
    this[asking] = of;
    Object.defineProperty(this, 'signal', signal);
  }
}

const signal = {
  enumerable: true,
  configurable: true,
  get(this: Context): AbortSignal {
    return this[asking].signal;
  },
};
