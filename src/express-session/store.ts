import session, { type SessionData } from 'express-session';
import { SessionStoreError, SourceUnavailableError, StateError } from '../errors.js';
import { wallNow } from '../runtime/time.js';
import { type HoldfastStoreOptions, type StorePolicy, storePolicy } from './options.js';
import { Recent } from './recent.js';
import { Turns } from './turns.js';

type Callback<T = void> = (error?: unknown, value?: T) => void;

/**
 * A store of express-session over a cache. While the database is away, sessions in memory are served, and one that nobody can vouch for
 * is an error, never "no session": nobody is logged out by an outage. What was destroyed stays so here, whatever a slow request saves.
 *
 * It never emits `disconnect`: express-session would let requests pass without a session. No error of it has the code `ENOENT`, which
 * express-session takes for "no such session".
 *
 * @throws OptionsError that names the option.
 * @example
 * ```ts
 * const sessions = await defineCache<SessionData>({ name: 'sessions', source, snapshot: { file: 'sessions.snapshot' } }).start();
 * app.use(session({ store: new HoldfastStore({ cache: sessions }), secret, resave: false, saveUninitialized: false }));
 * ```
 */
export class HoldfastStore extends session.Store {
  readonly #policy: StorePolicy;
  readonly #turns = new Turns();
  readonly #ended: Recent;

  constructor(options: HoldfastStoreOptions) {
    super();
    this.#policy = storePolicy(options);
    this.#ended = new Recent(this.#policy.remember);
  }

  /** The session; null when there is none. An error, SourceUnavailableError, when nobody can say. */
  override get(sid: string, callback: Callback<SessionData | null>): void {
    settle(this.#get(sid), callback);
  }

  /** Saves it through the source. Nothing, when it has ended meanwhile. */
  override set(sid: string, data: SessionData, callback?: Callback): void {
    const saved = copyOf(data);
    settle(
      this.#turns.take(sid, () => this.#set(sid, saved)),
      callback,
    );
  }

  /** Gone here at once, then from the source; while that is away, as soon as the order is in the cache's snapshot. */
  override destroy(sid: string, callback?: Callback): void {
    settle(this.#destroy(sid), callback);
  }

  /** It expires later. That this could not be written is none of the request's. */
  override touch(sid: string, data: SessionData, callback?: Callback): void {
    const { cookie } = copyOf(data);
    settle(
      this.#turns.take(sid, () => this.#touch(sid, cookie)),
      callback,
    );
  }

  /** All that are in memory, by their ids (with the cache's `secretKeys`: by the digests of these). */
  override all(callback: Callback<Record<string, SessionData>>): void {
    settle(this.#all(), callback);
  }

  /** How many are in memory. */
  override length(callback: Callback<number>): void {
    settle(
      this.#all().then((all) => Object.keys(all).length),
      callback,
    );
  }

  /** Ends all that are in memory, each as `destroy` does. Not over a cache with `secretKeys`, which does not know their ids. */
  override clear(callback?: Callback): void {
    settle(this.#clear(), callback);
  }

  async #get(sid: string): Promise<SessionData | null> {
    const { cache, servesStale } = this.#policy;
    const answer = await cache.read(sid);
    switch (answer.status) {
      case 'fresh':
        return sessionOf(answer.value, answer.expiresAt);
      case 'stale':
        if (servesStale) return sessionOf(answer.value, answer.expiresAt);
        throw new SourceUnavailableError(`The session may have changed meanwhile (${answer.because}).`);
      case 'absent':
        return null;
      case 'unknown':
        throw new SourceUnavailableError(
          `Nobody can say whether there is such a session (${answer.because}).`,
        );
    }
  }

  async #set(sid: string, data: SessionData): Promise<void> {
    if (this.#hasEnded(sid)) return;
    await this.#policy.cache.save(sid, data, { expiresAt: this.#expiryOf(data.cookie) });
  }

  async #destroy(sid: string): Promise<void> {
    const { cache } = this.#policy;
    this.#ended.add(sid);
    cache.revoke(sid);
    // What is on its way to the source must not arrive there after the removal.
    await this.#turns.take(sid, () => cache.remove(sid));
  }

  async #touch(sid: string, cookie: SessionData['cookie']): Promise<void> {
    if (this.#hasEnded(sid)) return;
    const { cache } = this.#policy;
    const expiresAt = this.#expiryOf(cookie);
    const held = cache.lookup(sid);
    if (held.status !== 'fresh' && held.status !== 'stale') return;
    if (held.expiresAt !== undefined && expiresAt >= held.expiresAt) {
      cache.touch(sid, { expiresAt });
      return;
    }
    // The app has made its cookie end sooner, which no touch does.
    cache.expireAt(sid, expiresAt);
    // What may be out of date is not written over what others may have written.
    if (held.status === 'stale') return;
    await cache.save(sid, { ...copyOf(held.value), cookie }, { expiresAt }).catch(() => {});
  }

  async #all(): Promise<Record<string, SessionData>> {
    const all: Record<string, SessionData> = Object.create(null);
    for (const [sid, value] of this.#policy.cache.entries()) all[sid] = copyOf(value);
    return all;
  }

  async #clear(): Promise<void> {
    const { cache } = this.#policy;
    for (const [sid] of [...cache.entries()]) {
      // A digest is no key of its own.
      if (cache.lookup(sid).status === 'unknown') {
        throw new StateError('clear(): a cache with `secretKeys` does not know the ids of its sessions.');
      }
      await this.#destroy(sid);
    }
  }

  #hasEnded(sid: string): boolean {
    if (this.#ended.has(sid)) return true;
    const held = this.#policy.cache.lookup(sid);
    return held.status === 'absent' && held.because === 'removed';
  }

  #expiryOf(cookie: SessionData['cookie'] | undefined): number {
    const at = new Date(cookie?.expires ?? Number.NaN).getTime();
    return Number.isNaN(at) ? wallNow() + this.#policy.ttl : at;
  }
}

/** As it would come back from a database: express-session changes what it is given. */
const copyOf = (data: SessionData): SessionData => JSON.parse(JSON.stringify(data));

/** As it is saved, but for its end, which is known without its being saved anew. */
function sessionOf(saved: SessionData, expiresAt: number | undefined): SessionData {
  const data = copyOf(saved);
  const end = new Date(expiresAt ?? Number.NaN);
  if (data.cookie?.expires != null && !Number.isNaN(end.getTime()))
    Object.assign(data.cookie, { expires: end.toJSON() });
  return data;
}

/** What the callback throws is its own: it must not look like an error of the store's. */
function settle<T>(work: Promise<T>, callback: Callback<T> = () => {}): void {
  work.then(
    (value) => process.nextTick(callback, null, value),
    (error) => process.nextTick(callback, presentable(error)),
  );
}

/** Whatever a source rejects with: an error, and none that express-session takes for "no such session". */
function presentable(error: unknown): Error {
  if (error instanceof Error && (error as { readonly code?: unknown }).code !== 'ENOENT') return error;
  return new SessionStoreError('The sessions could not be reached: their source failed.', { cause: error });
}
