import { SourceUnavailableError } from '../../errors.js';
import { cancelOnServer } from './cancel.js';
import { loadCursor, type PgPoolClient, type PgResult } from './driver.js';

/**
 * A connection for as long as one question needs it. When the signal fires, who waits is rejected with its reason at once, and what the
 * server still does for it is cancelled there; the connection is then closed, since nobody knows what would come of it next.
 */
export class Session {
  readonly #client: PgPoolClient;
  readonly #signal: AbortSignal;
  readonly #onEnd: (session: Session, ending: Promise<void> | undefined) => void;
  /** Rejects when it is over before its time. */
  readonly #over: Promise<never>;
  #fail: (error: unknown) => void = () => {};
  #busy = 0;
  #broken = false;
  #ended = false;

  constructor(
    client: PgPoolClient,
    signal: AbortSignal,
    onEnd: (session: Session, ending: Promise<void> | undefined) => void,
  ) {
    this.#client = client;
    this.#signal = signal;
    this.#onEnd = onEnd;
    this.#over = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#over.catch(() => {});
    client.on('error', this.#lost);
    signal.addEventListener('abort', this.#abort, { once: true });
    if (signal.aborted) this.#abort();
  }

  /** Rows as arrays. */
  async query(text: string, values: readonly unknown[] = []): Promise<PgResult> {
    return this.#run(() => this.#client.query({ text, values: [...values], rowMode: 'array' }));
  }

  /** A query's rows, so many at a time. */
  async *batches(text: string, values: readonly unknown[], size: number): AsyncGenerator<unknown[][]> {
    const Cursor = loadCursor();
    const cursor = new Cursor(text, [...values], { rowMode: 'array' });
    this.#client.query(cursor as never);
    for (;;) {
      const rows = await this.#run(() => cursor.read(size));
      if (rows.length > 0) yield rows;
      if (rows.length < size) break;
    }
    await this.#run(() => cursor.close());
  }

  /** Gives the connection back, or closes it where it is of no more use. */
  release({ reusable = true }: { readonly reusable?: boolean } = {}): void {
    this.#end(reusable && !this.#broken);
  }

  /** Ends it now, whatever it does. Who waits is rejected with the error. */
  destroy(error: unknown): void {
    this.#fail(error);
    this.#end(false);
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#ended) return this.#over;
    this.#busy++;
    // After the end it may reject as well: nobody waits for it then.
    const working = work().finally(() => this.#busy--);
    working.catch(() => {});
    try {
      return await Promise.race([working, this.#over]);
    } catch (error) {
      if (!leavesItWhole(error)) this.#broken = true;
      throw error;
    }
  }

  readonly #abort = (): void => this.destroy(this.#signal.reason);

  readonly #lost = (error: unknown): void => {
    this.#broken = true;
    this.#fail(new SourceUnavailableError('The connection to the server was lost.', { cause: error }));
  };

  #end(reusable: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    // Once nobody looks at it, an end told late is no error.
    this.#fail(new SourceUnavailableError('The connection was given back.'));
    this.#signal.removeEventListener('abort', this.#abort);
    if (reusable && this.#busy === 0) {
      this.#client.off('error', this.#lost);
      this.#client.release();
      this.#onEnd(this, undefined);
      return;
    }
    const cancelled = this.#busy > 0 && !this.#broken ? cancelOnServer(this.#client) : Promise.resolve();
    const ending = cancelled.then(() => this.#client.release(true));
    this.#onEnd(this, ending);
  }
}

/** The server's own no to a statement. A server that only reads may do so because another took its place: look for that one. */
const leavesItWhole = (error: unknown): boolean =>
  error instanceof Error &&
  Reflect.get(error, 'severity') === 'ERROR' &&
  Reflect.get(error, 'code') !== '25006';
