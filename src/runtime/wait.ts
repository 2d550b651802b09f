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
 * deadline, abort listener and watcher of its asker's end: of closures for each, most of an ask would be the making. What is
 * settled before it begins to wait costs none of that.
 */
export abstract class Wait<T> implements Expiring, EndWatcher {
  protected readonly limits: Limits;
  #deadline: Deadline | undefined;
  /** Its place among those who watch the asker. */
  #watch: Link<EndWatcher> | undefined;
  /** How it was settled. */
  #settled: 'answered' | 'refused' | undefined;
  /** Until somebody waits for it. */
  #outcome: unknown;
  #resolve: ((value: T) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /** @throws the signal's reason, when that has fired. */
  constructor(limits: Limits) {
    limits.signal?.throwIfAborted();
    this.limits = limits;
  }

  /** What it rejects with when the time is over. */
  protected abstract late(): Error;

  /** It begins to wait: takes its place with whoever will settle it. That may be at once. */
  protected abstract hold(): void;

  /** It has been settled, however: what it holds on to goes. */
  protected abstract release(): void;

  /** Begins to wait, unless it has been settled. Once. */
  begin(): Promise<T> {
    if (this.#settled === 'answered') return Promise.resolve(this.#outcome as T);
    if (this.#settled === undefined) this.#lookRound();
    if (this.#settled === 'refused') return Promise.reject(this.#outcome);
    const { wait, deadlines, signal, asker } = this.limits;
    const promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#deadline = deadlines.add(this, wait);
    signal?.addEventListener('abort', this, { once: true });
    this.#watch = asker?.watch(this);
    this.hold();
    return promise;
  }

  /** Says whether it was still waiting. */
  answer(value: T): boolean {
    if (!this.#end('answered', value)) return false;
    this.#resolve?.(value);
    return true;
  }

  /** Nothing, where it has been settled before. */
  refuse(error: unknown): void {
    if (this.#end('refused', error)) this.#reject?.(error);
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

  /** What it would be told of may have happened since it was made. */
  #lookRound(): void {
    const { signal, asker } = this.limits;
    if (signal?.aborted) this.handleEvent();
    else if (asker?.reason !== undefined) this.refuse(asker.signal.reason);
  }

  #end(how: 'answered' | 'refused', outcome: unknown): boolean {
    if (this.#settled !== undefined) return false;
    this.#settled = how;
    if (this.#deadline === undefined) {
      this.#outcome = outcome;
      return true;
    }
    this.limits.deadlines.cancel(this.#deadline);
    this.limits.signal?.removeEventListener('abort', this);
    this.#watch?.leave();
    this.release();
    return true;
  }
}
