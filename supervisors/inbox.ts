/** What a supervisor serves one after the other. */
export type Message = () => void | Promise<void>;

/** A serial inbox: the next message is served when the one before it is done with. */
export class Inbox {
  readonly #enter: (work: () => void) => void;
  readonly #onError: (error: unknown) => void;
  readonly #waiting: Message[] = [];
  #serving = false;
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

  /** Served before everything that waits. */
  postFirst(message: Message): void {
    if (this.#closed) return;
    this.#waiting.unshift(message);
    this.#wake();
  }

  /** Nothing that waits is served any more. */
  close(): void {
    this.#closed = true;
    this.#waiting.length = 0;
  }

  #wake(): void {
    if (this.#serving) return;
    this.#serving = true;
    this.#enter(() => void this.#serve());
  }

  async #serve(): Promise<void> {
    await undefined;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await next();
    } catch (error) {
      this.close();
      this.#onError(error);
    } finally {
      this.#serving = false;
    }
  }
}
