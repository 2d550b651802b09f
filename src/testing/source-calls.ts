import { SourceConfigurationError, SourceUnavailableError } from '../errors.js';
import type { SourceMode } from './faults.js';
import { asForeign } from './foreign.js';
import type { History, Seen, SourceMethod } from './history.js';
import { shown } from './shown.js';
import { thrown } from './thrown.js';
import { hop } from './world.js';

/** One question to a scripted source, from its beginning to its end, as the history tells it. */
export class SourceCall<V> {
  readonly #history: History<V>;
  readonly #method: SourceMethod;
  readonly #signal: AbortSignal;
  readonly #number: number;
  #began: number;

  constructor(
    history: History<V>,
    method: SourceMethod,
    signal: AbortSignal,
    asked?: string | readonly string[],
  ) {
    this.#history = history;
    this.#method = method;
    this.#signal = signal;
    this.#number = history.newCall();
    this.#began = history.next;
    history.add({
      type: 'asked',
      call: this.#number,
      method,
      ...(typeof asked === 'string' ? { key: asked } : asked && { keys: asked }),
    });
    signal.addEventListener('abort', this.#abandon, { once: true });
  }

  get number(): number {
    return this.#number;
  }

  readonly #abandon = (): void => {
    this.#history.add({ type: 'abandoned', call: this.#number, method: this.#method });
  };

  /** Lets the mode do what it does before an answer. Resolves with the order whose state is to be answered. */
  async pass(how: SourceMode, stateAgo: (by: number) => number, since: number): Promise<number> {
    this.#began = this.#history.next;
    const asOf = this.#began;
    if (how.mode === 'slow') await waited(how.ms, how.deaf ? undefined : this.#signal);
    else if (how.mode === 'hang') await waited(undefined, how.deaf ? undefined : this.#signal);
    else await hop(`source ${this.#method} ${this.#number}`);
    switch (how.mode) {
      case 'unreachable':
        throw how.as === 'ECONNREFUSED' ? refused() : new SourceUnavailableError('Scripted: away.');
      case 'flap':
        if (Math.floor((performance.now() - since) / how.every) % 2 === 1) throw refused();
        return asOf;
      case 'locked':
        throw new SourceUnavailableError('Scripted: the database cannot be reached: database is locked.', {
          cause: sqliteError('SQLITE_BUSY', 'database is locked'),
        });
      case 'readonly':
        if (!writes.has(this.#method)) return asOf;
        throw new SourceConfigurationError(
          'Scripted: the database is not what the source was told: attempt to write a readonly database.',
          { cause: sqliteError('SQLITE_READONLY', 'attempt to write a readonly database') },
        );
      case 'throws':
        throw thrown(how.what);
      case 'lies':
        return stateAgo(how.by);
      default:
        return asOf;
    }
  }

  answered(asOf: number, rows: readonly Seen<V>[], last: boolean, how?: SourceMode): void {
    if (last) this.end();
    const [call, method, began] = [this.#number, this.#method, this.#began];
    const garbled = how?.mode === 'nonsense' && { garbled: true as const };
    this.#history.add({ type: 'answered', call, method, began, asOf, rows, last, ...garbled });
  }

  /** Hands the error back. */
  rejected(error: unknown): unknown {
    this.end();
    this.#history.add({
      type: 'rejected',
      call: this.#number,
      method: this.#method,
      error: shown(error),
    });
    return error;
  }

  /** Whoever asked may have gone away before the last page. */
  end(): void {
    this.#signal.removeEventListener('abort', this.#abandon);
  }
}

const writes: ReadonlySet<SourceMethod> = new Set(['save', 'remove', 'touch']);

/** What a driver rejects with. */
export const refused = (): Error =>
  Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), {
    code: 'ECONNREFUSED',
    syscall: 'connect',
  });

const sqliteError = (code: string, message: string): Error =>
  Object.assign(new Error(message), { name: 'SqliteError', code });

/** Resolves after `ms`, or never; rejects with the signal's reason when that fires first. */
function waited(ms: number | undefined, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = (): void => {
      globalThis.clearTimeout(timer);
      reject(signal?.reason);
    };
    const answer = (): void => {
      signal?.removeEventListener('abort', abort);
      resolve();
    };
    const timer = ms === undefined ? undefined : asForeign('source', () => globalThis.setTimeout(answer, ms));
    signal?.addEventListener('abort', abort, { once: true });
  });
}
