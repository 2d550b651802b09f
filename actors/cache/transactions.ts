import {
  DeadlockError,
  OptionsError,
  StateError,
  TransactionConflictError,
  TransactionTimeoutError,
} from '../../src/errors.js';
import { asyncContext } from '../../src/runtime/async-context.js';
import { type Duration, type Milliseconds, milliseconds } from '../../src/runtime/duration.js';
import { after, ageNow } from '../../src/runtime/time.js';
import { checkTransactionOptions } from './call-options.js';
import type { CacheCore } from './core.js';
import { Locks } from './locks.js';
import type { Reader } from './reader.js';
import { Scope } from './scope.js';
import { CacheTransaction, type Transaction } from './transaction.js';
import { Workspace } from './workspace.js';
import type { Writer } from './writer.js';

/** What may be said of a transaction. */
export interface TransactionOptions {
  /** The longest it may take, waiting for its keys included. Default `'5s'`. */
  readonly timeout?: Duration;
  /** How often it is run again after a conflict, from its beginning. Default 0. Has no effect inside another one. */
  readonly retries?: number;
  /** Gives it up: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Which transaction the present code runs in, in whatever cache. */
const within = asyncContext<Scope>();

/** The transactions of one cache. */
export class Transactions<V> {
  readonly #core: CacheCore<V>;
  readonly #reader: Reader<V>;
  readonly #writer: Writer<V>;
  readonly #locks: Locks;
  readonly #workspaces = new WeakMap<Scope, Workspace<V>>();

  constructor(core: CacheCore<V>, reader: Reader<V>, writer: Writer<V>) {
    this.#core = core;
    this.#reader = reader;
    this.#writer = writer;
    this.#locks = new Locks(
      (key) =>
        new DeadlockError(
          `A transaction asks for ${core.named(key)}, which another one has that waits for this one, directly or through others: both would wait for ever. Nothing of it was applied. Name all keys in one transaction, or nest them in one order everywhere.`,
          key,
        ),
    );
  }

  async run<R>(
    keys: string | Iterable<string>,
    fn: (tx: Transaction<V>) => R | PromiseLike<R>,
    options: TransactionOptions = {},
  ): Promise<R> {
    checkTransactionOptions(options);
    if (typeof fn !== 'function') throw new OptionsError('transaction() takes keys and a function.');
    const timeout = milliseconds(options.timeout ?? '5s', 'timeout');
    const end = ageNow() + timeout;
    // One order for all: two that name the same keys never wait for each other.
    const named = [...new Set(typeof keys === 'string' ? [keys] : keys)].map((key) =>
      this.#writer.admitted(key),
    );
    const sorted = [...new Set(named)].sort();
    const around = enclosing();
    for (let retries = around === undefined ? (options.retries ?? 0) : 0; ; retries--) {
      options.signal?.throwIfAborted();
      try {
        return await this.#attempt(sorted, fn, new Scope(around), { timeout, end, signal: options.signal });
      } catch (error) {
        if (retries <= 0 || !(error instanceof TransactionConflictError)) throw error;
      }
    }
  }

  async #attempt<R>(
    keys: readonly string[],
    fn: (tx: Transaction<V>) => R | PromiseLike<R>,
    scope: Scope,
    limits: {
      readonly timeout: Milliseconds;
      readonly end: Milliseconds;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<R> {
    const { signal } = limits;
    const abort = (): void => scope.fail(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    const timer = after(limits.end - ageNow(), () => scope.fail(this.#late(scope, limits.timeout)));
    try {
      for (const key of keys) {
        const turn = this.#locks.take(key, scope);
        if (turn !== undefined) await scope.during(turn);
      }
      scope.phase = 'running';
      const tx = this.#begin(keys, scope);
      const work = within.run(scope, async () => fn(tx));
      const result = await scope.during(work);
      // What was begun inside and not awaited is a part of it all the same.
      await scope.during(scope.alone());
      scope.commit();
      return result;
    } catch (error) {
      scope.fail(error);
      throw error;
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
    }
  }

  #begin(keys: readonly string[], scope: Scope): CacheTransaction<V> {
    const mine = new Set(keys);
    const workspace = this.#workspace(scope);
    for (const key of keys) workspace.ground.reserve(key);
    return new CacheTransaction({
      core: this.#core,
      reader: this.#reader,
      writer: this.#writer,
      scope,
      workspace,
      check: (key) => this.#check(key, mine, scope),
    });
  }

  /** Each scope has one for each cache that it, or one inside it, works on. */
  #workspace(scope: Scope): Workspace<V> {
    const known = this.#workspaces.get(scope);
    if (known !== undefined) return known;
    const around = scope.parent && this.#workspace(scope.parent);
    const made = new Workspace(this.#core, scope, around);
    this.#workspaces.set(scope, made);
    return made;
  }

  #check(key: string, mine: ReadonlySet<string>, scope: Scope): void {
    if (scope.over)
      throw new StateError('This transaction is over: nothing can be done through it any more.');
    if (!mine.has(key)) {
      throw new StateError(
        `${this.#core.named(key)} is none of this transaction's keys: name it when it begins.`,
      );
    }
    if (this.#locks.holder(key) !== scope) {
      throw new StateError(
        `${this.#core.named(key)} is in use by a transaction inside this one that has not ended: await it first.`,
      );
    }
  }

  #late(scope: Scope, timeout: Milliseconds): TransactionTimeoutError {
    const waited = scope.phase === 'waiting';
    const what = waited
      ? `still waited for ${scope.awaits === undefined ? 'its keys' : 'a key that another one has'}`
      : 'its function still ran';
    return new TransactionTimeoutError(
      `A transaction was not done within ${timeout} ms: ${what}. Nothing of it was applied.`,
      timeout,
      waited ? 'waiting' : 'running',
    );
  }
}

/**
 * The innermost transaction around the present code that still runs.
 *
 * @throws StateError where one of them has failed: nothing more may happen in its name.
 */
function enclosing(): Scope | undefined {
  let around: Scope | undefined;
  for (let at = within.current(); at !== undefined; at = at.parent) {
    if (at.phase === 'failed')
      throw new StateError(
        'The transaction around this one has failed: nothing can begin inside it any more.',
      );
    if (!at.over) around ??= at;
  }
  return around;
}
