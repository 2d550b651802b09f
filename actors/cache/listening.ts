import type { Milliseconds } from '../../src/runtime/duration.js';
import { wallNow } from '../../src/runtime/time.js';
import { Bell } from './bell.js';
import { waitFor } from './wait.js';

/** So many keys wait to be read again; of more, all is. */
const mostKeys = 10_000;

/** What is known of what the source tells by itself. It outlives the listener. */
export class Listening {
  /** Whether the source tells anything. */
  readonly possible: boolean;
  /** Rung when the listener has begun to listen, or could not. */
  readonly settled = new Bell();
  /** Rung when there are keys to be read again. */
  readonly noticed = new Bell();
  /** How often it has begun. */
  opened = 0;
  /** It tells now. */
  subscribed = false;
  /** When it began to tell, or ceased to; wall-clock ms. */
  since: Milliseconds | undefined;
  /** What it was lost by last; nothing while it tells. */
  error: unknown;
  /** The first attempt is not over yet. */
  pending: boolean;
  /** When a pass was last asked for because something changed; ms of ages. */
  passAskedAt: Milliseconds = Number.NEGATIVE_INFINITY;
  /** As the source knows them. */
  #keys = new Set<string>();

  constructor(possible: boolean) {
    this.possible = possible;
    this.pending = possible;
  }

  /** From now on it tells. */
  begun(): void {
    this.opened++;
    this.subscribed = true;
    this.since = wallNow();
    this.error = undefined;
  }

  /** It tells no more, or could not begin to. */
  lost(error?: unknown): void {
    if (this.subscribed) this.since = wallNow();
    this.subscribed = false;
    this.error = error ?? this.error;
  }

  settle(): void {
    this.pending = false;
    this.settled.ring();
  }

  /** Waits for the first attempt to be over, but not for long: what is read before it would have to be read again. */
  async firstAttempt(timeout: Milliseconds, signal: AbortSignal): Promise<void> {
    if (!this.pending) return;
    let off = (): void => {};
    const settled = new Promise<void>((resolve) => {
      off = this.settled.listen(resolve);
    });
    try {
      await waitFor(settled, { timeout, signal });
    } finally {
      off();
    }
  }

  /** There are keys to be read again. */
  get waiting(): boolean {
    return this.#keys.size > 0;
  }

  /** None is to be read again: all will be. */
  forget(): void {
    this.#keys.clear();
  }

  /** Keys to be read again. Says no where there are too many: then none is left. */
  add(keys: readonly string[]): boolean {
    for (const key of keys) this.#keys.add(key);
    const fits = this.#keys.size <= mostKeys;
    if (!fits) this.#keys.clear();
    this.noticed.ring();
    return fits;
  }

  /** Some of them, which are then no longer waiting. */
  take(most: number): readonly string[] {
    const taken: string[] = [];
    for (const key of this.#keys) {
      if (taken.length >= most) break;
      taken.push(key);
      this.#keys.delete(key);
    }
    return taken;
  }
}
