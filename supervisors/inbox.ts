import { Fifo } from '../src/runtime/fifo.js';
import { slice, yieldToLoop } from '../src/runtime/time.js';
import { witness } from '../src/witness.js';

/** What a supervisor serves one after the other. */
export type Message = (() => void | Promise<void>) | { serve(): void | Promise<void> };

/** A serial inbox: the next message is served when the one before it is done with. */
export class Inbox {
  readonly #enter: (work: () => void) => void;
  readonly #onError: (error: unknown) => void;
  #waiting = new Fifo<Message>();
  #urgent: Message | undefined;
  /** Who waits for it to be suspended. */
  readonly #suspenders = new Set<() => void>();
  #serving = false;
  #suspended = false;
  #closed = false;

  /** `enter` runs the serving in its owner's context; an error that a message throws closes the inbox. */
  constructor(enter: (work: () => void) => void, onError: (error: unknown) => void) {
    this.#enter = enter;
    this.#onError = onError;
  }

  /** Served in a later microtask, never within the sender's stack. */
  post(message: Message): void {
    if (this.#closed) return;
    this.#waiting.push(message);
    this.#wake();
  }

  /** Served before everything that waits, even of one that is suspended. It is the last one that is. */
  postLast(message: Message): void {
    if (this.#closed) return;
    this.#urgent = message;
    this.#wake();
  }

  /** In its turn it begins to serve nothing more. Resolves when it has come to that, or is closed. */
  suspend(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#suspended || this.#closed) return resolve();
      this.#suspenders.add(resolve);
      this.post(() => {
        // Resumed before it had come to that: it never does.
        if (!this.#suspenders.delete(resolve)) return;
        this.#suspended = true;
        resolve();
      });
    });
  }

  resume(): void {
    this.#suspended = false;
    this.#dismiss();
    this.#wake();
  }

  /** Nothing that waits is served any more. */
  close(): void {
    this.#closed = true;
    this.#waiting = new Fifo();
    this.#urgent = undefined;
    this.#dismiss();
  }

  #dismiss(): void {
    for (const resolve of this.#suspenders) resolve();
    this.#suspenders.clear();
  }

  #take(): Message | undefined {
    if (this.#urgent !== undefined) {
      const message = this.#urgent;
      this.#urgent = undefined;
      return message;
    }
    return this.#suspended ? undefined : this.#waiting.shift();
  }

  #wake(): void {
    if (this.#serving) return;
    this.#serving = true;
    this.#enter(() => void this.#serve());
  }

  async #serve(): Promise<void> {
    await witness()?.step?.('supervisor');
    const stretch = slice();
    try {
      for (let next = this.#take(); next !== undefined; next = this.#take()) {
        const pending = typeof next === 'function' ? next() : next.serve();
        if (pending !== undefined) await pending;
        if (!stretch.spent()) continue;
        await yieldToLoop();
        stretch.renew();
      }
    } catch (error) {
      this.close();
      this.#onError(error);
    } finally {
      this.#serving = false;
    }
  }
}
