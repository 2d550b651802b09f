import { AsyncLocalStorage } from 'node:async_hooks';
import type { Milliseconds } from '../runtime/duration.js';
import type { SourceListener } from '../sources/source.js';
import type { SourceMode } from './faults.js';
import { asForeign } from './foreign.js';
import { refused } from './source-calls.js';

/** One who is told what others write, in whose process that is. */
interface Subscription {
  readonly listener: SourceListener;
  /** Does it after so many ms; in a process that was killed, never. */
  readonly later: (ms: Milliseconds, work: () => void) => void;
  readonly lose: (error: unknown) => void;
  /** How often it was told something. */
  told: number;
}

/** Who listens to a scripted database. A connection that breaks tells nobody what it has missed. */
export class Subscriptions {
  readonly #open = new Set<Subscription>();
  readonly #told: (key: string) => void;
  #mode: SourceMode = { mode: 'up' };

  /** `told`: called before somebody is told of a key. */
  constructor(told: (key: string) => void) {
    this.#told = told;
  }

  /** From now on it does what the mode says. */
  become(mode: SourceMode): void {
    const hung = this.#mode.mode === 'hang';
    this.#mode = mode;
    if (hung || mode.mode === 'unreachable' || mode.mode === 'flap') this.#loseAll();
  }

  /** Begins when `opened` has resolved, and ends with the signal, or with the connection. */
  async listen(listener: SourceListener, opened: () => Promise<unknown>): Promise<void> {
    const { signal } = listener;
    if (signal.aborted) return;
    const within = AsyncLocalStorage.snapshot();
    try {
      await opened();
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    if (signal.aborted) return;
    await new Promise<void>((resolve, reject) => {
      const subscription: Subscription = {
        listener,
        told: 0,
        later: (ms, work) => {
          within(() => asForeign('source', () => globalThis.setTimeout(work, ms)));
        },
        lose: (error) => subscription.later(0, () => reject(error)),
      };
      const end = (): void => {
        this.#open.delete(subscription);
        resolve();
      };
      signal.addEventListener('abort', end, { once: true });
      this.#open.add(subscription);
      listener.onOpen();
    });
  }

  /** A row was written or deleted, by whoever. */
  wrote(key: string): void {
    if (this.#mode.mode === 'flap') this.#loseAll();
    for (const subscription of this.#open) this.#tell(subscription, key);
  }

  #tell(subscription: Subscription, key: string): void {
    const { listener, later } = subscription;
    const mode = this.#mode;
    // Nothing comes through, and nobody notices.
    if (mode.mode === 'hang') return;
    if (mode.mode === 'partial' && subscription.told >= mode.batches) {
      this.#lose(subscription);
      return;
    }
    subscription.told++;
    later(mode.mode === 'slow' ? mode.ms : 0, () => {
      if (listener.signal.aborted || !this.#open.has(subscription)) return;
      this.#told(key);
      listener.onChange(mode.mode === 'nonsense' ? (42 as never) : [key]);
    });
  }

  #lose(subscription: Subscription): void {
    this.#open.delete(subscription);
    subscription.lose(refused());
  }

  #loseAll(): void {
    for (const subscription of this.#open) this.#lose(subscription);
  }
}
