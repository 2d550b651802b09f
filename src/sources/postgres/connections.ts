import { SourceUnavailableError } from '../../errors.js';
import type { Milliseconds } from '../../runtime/duration.js';
import { after } from '../../runtime/time.js';
import {
  loadDriver,
  type PgClient,
  type PgConnection,
  type PgOwnPool,
  type PgPool,
  type PgPoolClient,
} from './driver.js';
import { Session } from './session.js';

/** How long to connect may take: a host that swallows packets would hold the pool's places for minutes. */
const connectTimeout: Milliseconds = 5_000;

/** A connection that is held to listen by. */
export interface Held {
  readonly client: PgClient;
  /** Closes it. Never rejects. */
  end(): Promise<void>;
}

/**
 * The connections of one source: a pool of its own, made when it is first needed and ended by `close`, or the user's. None is kept when a
 * question has ended, however it ended.
 */
export class Connections {
  readonly #config: object;
  readonly #given: PgPool | undefined;
  #own: PgOwnPool | undefined;
  readonly #sessions = new Set<Session>();
  /** What is being closed. */
  readonly #ending = new Set<Promise<void>>();

  constructor(connection: string | PgConnection | undefined, pool: PgPool | undefined) {
    this.#given = pool;
    // A pool without a listener throws at whoever cannot catch it. It has dropped the connection already.
    pool?.on('error', unheard);
    this.#config = {
      application_name: 'holdfast',
      connectionTimeoutMillis: connectTimeout,
      keepAlive: true,
      allowExitOnIdle: true,
      ...(typeof connection === 'string' ? { connectionString: connection } : connection),
    };
  }

  /** Connections in use now. */
  get inUse(): number {
    return this.#sessions.size + this.#ending.size;
  }

  /** Rejects with the signal's reason when that fires, whatever the pool does. To be released. */
  async open(signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    const client = await this.#checkOut(signal);
    const session = new Session(client, signal, (ended, ending) => {
      this.#sessions.delete(ended);
      if (ending !== undefined) this.#await(ending);
    });
    this.#sessions.add(session);
    return session;
  }

  /** A connection outside of the pool, if that is ours. */
  async hold(signal: AbortSignal): Promise<Held> {
    signal.throwIfAborted();
    if (this.#given !== undefined) {
      const client = await this.#checkOut(signal);
      client.on('error', unheard);
      return { client, end: async () => client.release(true) };
    }
    const { Client } = loadDriver();
    const client = new Client(this.#config);
    client.on('error', unheard);
    const end = (): Promise<void> => {
      // Where the server does not answer, nobody waits for its good-bye.
      const stream: unknown = Reflect.get(Reflect.get(client, 'connection') ?? {}, 'stream');
      const timer = after(connectTimeout, () => destroy(stream), { background: true });
      return client
        .end()
        .catch(() => {})
        .finally(() => timer.cancel());
    };
    try {
      await aborted(client.connect(), signal);
    } catch (error) {
      this.#await(end());
      throw error;
    }
    return { client, end };
  }

  /** Ends what runs, and the pool that is ours. The next use makes another. Idempotent. */
  async close(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    for (const session of [...this.#sessions]) {
      session.destroy(new SourceUnavailableError('The source was closed.'));
    }
    const ended = own?.end().catch(unheard);
    await Promise.all([ended, ...this.#ending]);
  }

  async #checkOut(signal: AbortSignal): Promise<PgPoolClient> {
    const connecting = this.#pool().connect();
    try {
      return await aborted(connecting, signal);
    } catch (error) {
      // Nobody waits for it any more: it goes back unused.
      connecting.then((client) => client.release(), unheard);
      throw error;
    }
  }

  #pool(): PgPool {
    if (this.#given !== undefined) return this.#given;
    if (this.#own === undefined) {
      const { Pool } = loadDriver();
      this.#own = new Pool(this.#config);
      this.#own.on('error', unheard);
    }
    return this.#own;
  }

  #await(ending: Promise<void>): void {
    const done = ending.catch(unheard).finally(() => this.#ending.delete(done));
    this.#ending.add(done);
  }
}

/** What is told to nobody: whoever asked was told, or has gone. */
const unheard = (): void => {};

function destroy(stream: unknown): void {
  const end = (stream as { destroy?: () => void } | undefined)?.destroy;
  end?.call(stream);
}

/** The promise, or the signal's reason. */
function aborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}
