import type { Link } from './chain.js';
import type { Deadline, Deadlines, Expiring } from './deadlines.js';
import type { Milliseconds } from './duration.js';
import type { ExitReason } from './exit-reason.js';
import type { EndWatcher, Incarnation } from './incarnation.js';

/** What ends a wait early. */
export interface Limits {
  readonly wait: Milliseconds;
  readonly deadlines: Deadlines;
  /** When it fires, the wait rejects with its reason. */
  readonly signal: AbortSignal | undefined;
  /** Whose work it is: it must not go on for the rest of the time when that has ended. */
  readonly asker: Incarnation | undefined;
}

/**
 * A promise within limits. Whatever settles it, it leaves no listener, and no timer after the turn of the loop. It is its own
 * deadline, abort listener and watcher of its asker's end: of closures for each, most of an ask would be the making.
 */
export abstract class Wait<T> implements Expiring, EndWatcher {
  readonly promise: Promise<T>;
  protected readonly limits: Limits;
  readonly #deadline: Deadline;
  /** Its place among those who watch the asker. */
  readonly #watch: Link<EndWatcher> | undefined;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #waiting = true;

  /** @throws the signal's reason, when that has fired. */
  constructor(limits: Limits) {
    const { wait, deadlines, signal, asker } = limits;
    signal?.throwIfAborted();
    this.limits = limits;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#deadline = deadlines.add(this, wait);
    signal?.addEventListener('abort', this, { once: true });
    this.#watch = asker?.watch(this);
  }

  /** What it rejects with when the time is over. */
  protected abstract late(): Error;

  /** It has been settled, however: what it holds on to goes. */
  protected abstract release(): void;

  /** Says whether it was still waiting. */
  answer(value: T): boolean {
    if (!this.#end()) return false;
    this.#resolve(value);
    return true;
  }

  /** Says whether it was still waiting. */
  refuse(error: unknown): boolean {
    if (!this.#end()) return false;
    this.#reject(error);
    return true;
  }

  /** @internal */
  expire(): void {
    this.refuse(this.late());
  }

  /** @internal The signal has fired. */
  handleEvent(): void {
    this.refuse(this.limits.signal?.reason);
  }

  /** @internal The asker has ended. */
  ended(_reason: ExitReason, who: Incarnation): void {
    this.refuse(who.signal.reason);
  }

  #end(): boolean {
    if (!this.#waiting) return false;
    this.#waiting = false;
    const { deadlines, signal } = this.limits;
    deadlines.cancel(this.#deadline);
    signal?.removeEventListener('abort', this);
    this.#watch?.leave();
    this.release();
    return true;
  }
}
