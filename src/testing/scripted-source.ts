import type { Milliseconds } from '../runtime/duration.js';
import type { Row, Source, SourceContext } from '../sources/source.js';
import type { SourceMode } from './faults.js';
import { asForeign } from './foreign.js';
import { History, type Seen, type SourceMethod } from './history.js';
import { shown } from './shown.js';
import { refused, SourceCall } from './source-calls.js';
import { Storage } from './storage.js';
import { Subscriptions } from './subscriptions.js';
import { thrown } from './thrown.js';

export interface ScriptedSourceOptions<V> {
  /** What the database holds at first. */
  readonly rows?: Readonly<Record<string, V>>;
  /** How long an answer takes while it is up, ms. Default 0: a moment of its own at the same instant. */
  readonly latency?: Milliseconds;
  /** Where everything that happens is noted. Default: a new one. */
  readonly history?: History<V>;
  /**
   * Which of the optional methods the source has. Default: all but `loadMany`, with which keys are asked in batches, and `subscribe`, by which
   * it tells at once what is written, whoever does it, and loses its listeners when it cannot be reached.
   */
  readonly has?: readonly Exclude<SourceMethod, 'load'>[];
}

/** A database in memory that fails as it is told, and remembers everything. */
export interface ScriptedSource<V> extends Source<V> {
  readonly history: History<V>;
  readonly mode: SourceMode;
  /**
   * From now on it does what the mode says; with a duration (ms), until then, and is up afterwards. Questions under way go
   * on in the mode they began in.
   */
  become(mode: SourceMode, duration?: Milliseconds): void;
  /** Another client writes a row. */
  write(key: string, value: V, row?: { readonly expiresAt?: number }): void;
  /** Another client deletes a row, for good. */
  erase(key: string): void;
  /** A row that can no longer be decoded. A write mends it. */
  corrupt(key: string): void;
  /** What the database holds now. */
  readonly rows: ReadonlyMap<string, Seen<V>>;
}

type Batch = SourceContext & { readonly batch: number };

/**
 * Makes a source for tests: the real face of a `Source`, every failure of one on demand, and the whole history for the
 * checks of `holdfast/testing`. Its time is the world's.
 *
 * @example
 * ```ts
 * const db = scriptedSource({ rows: { ada: { role: 'admin' } } });
 * const cache = defineCache({ name: 'users', source: db });
 * db.become({ mode: 'hang' });
 * ```
 */
export function scriptedSource<V>(options: ScriptedSourceOptions<V> = {}): ScriptedSource<V> {
  const { history = new History<V>(), latency = 0 } = options;
  const storage = new Storage<V>(history);
  const subscriptions = new Subscriptions((key) => history.add({ type: 'noticed', key }));
  let mode: SourceMode = { mode: 'up' };
  let since = performance.now();
  for (const [key, value] of Object.entries(options.rows ?? {})) {
    storage.set({ key, state: 'present', value });
  }

  const set = (seen: Seen<V>): void => {
    storage.set(seen);
    subscriptions.wrote(seen.key);
  };

  const pass = (call: SourceCall<V>, how: SourceMode): Promise<number> =>
    call.pass(
      how.mode === 'up' && latency > 0 ? { mode: 'slow', ms: latency } : how,
      (by) => storage.orderAt(by),
      since,
    );

  /** One question with one answer. Not `async`: some modes throw before there is a promise. */
  function question<T>(
    method: SourceMethod,
    signal: AbortSignal,
    key: string | readonly string[] | undefined,
    answer: (asOf: number) => { readonly rows: readonly Seen<V>[]; readonly value: T },
  ): Promise<T> {
    const call = new SourceCall(history, method, signal, key);
    const how = mode;
    if (how.mode === 'throws' && how.sync === true) throw call.rejected(thrown(how.what));
    return (async () => {
      try {
        const asOf = await pass(call, how);
        const { rows, value } = answer(asOf);
        call.answered(asOf, rows, true, how);
        return how.mode === 'nonsense' ? (nonsense[call.number % nonsense.length] as T) : value;
      } catch (error) {
        throw call.rejected(error);
      }
    })();
  }

  /** Pages, each read when it is asked for. `next` answers undefined after the last. */
  async function* pages<P>(
    method: SourceMethod,
    signal: AbortSignal,
    next: (asOf: number) => { readonly page: P; readonly rows: readonly Seen<V>[] } | undefined,
  ): AsyncGenerator<P> {
    const call = new SourceCall(history, method, signal);
    try {
      for (let batches = 0; ; batches++) {
        const how = mode;
        if (how.mode === 'partial' && batches >= how.batches) throw refused();
        const asOf = await pass(call, how);
        const found = next(asOf);
        call.answered(asOf, found?.rows ?? [], found === undefined, how);
        if (found === undefined) return;
        yield how.mode === 'nonsense' ? (nonsense[batches % nonsense.length] as P) : found.page;
      }
    } catch (error) {
      throw call.rejected(error);
    } finally {
      call.end();
    }
  }

  const scan = ({ signal, batch }: Batch) => {
    let after: string | undefined;
    return pages('scan', signal, (asOf) => {
      const rows = storage.page(asOf, after, batch);
      after = rows.at(-1)?.key;
      return rows.length === 0 ? undefined : { rows, page: { rows: rows.map(rowOf), cursor: String(asOf) } };
    });
  };

  const changes = (cursor: string | undefined, { signal, batch }: Batch) => {
    let from = cursor !== undefined && /^\d+$/.test(cursor) ? Number(cursor) : undefined;
    // A cursor of somebody else's: what came before it nobody knows.
    const reset = cursor !== undefined && from === undefined;
    let first = true;
    return pages('changes', signal, (asOf) => {
      const { rows, next } =
        from === undefined ? { rows: [], next: asOf } : storage.changed(from, asOf, batch);
      if (rows.length === 0 && !first) return undefined;
      const gone = rows.filter(({ state }) => state === 'absent').map(({ key }) => key);
      const changed = rows.filter(({ state }) => state !== 'absent').map(rowOf);
      const page = { gone, changed, cursor: String(next), ...(first && reset && { reset }) };
      first = false;
      from = next;
      return { rows, page };
    });
  };

  const optional: Required<Pick<Source<V>, Exclude<SourceMethod, 'load'>>> = {
    loadMany: (keys, { signal }) =>
      question('loadMany', signal, [...keys], (asOf) => {
        const rows = keys.map((key) => storage.seen(key, asOf));
        const there = rows.filter(({ state }) => state !== 'absent');
        return { rows, value: new Map(there.map((seen) => [seen.key, rowOf(seen)])) };
      }),
    scan,
    changes,
    missing: (keys, { signal }) =>
      question('missing', signal, undefined, (asOf) => {
        const rows = keys.map((key) => storage.seen(key, asOf)).filter(({ state }) => state === 'absent');
        return { rows, value: rows.map(({ key }) => key) };
      }),
    save: (row, { signal }) =>
      question('save', signal, row.key, () => {
        const seen = seenOf(row);
        set(seen);
        // Who saved it knows by the answer that the database holds it.
        return { rows: [seen], value: undefined };
      }),
    remove: (key, { signal }) =>
      question('remove', signal, key, () => {
        set({ key, state: 'absent' });
        return { rows: [], value: undefined };
      }),
    touch: (key, { expiresAt, at }, { signal }) =>
      question('touch', signal, key, () => {
        const seen = storage.seen(key, history.next);
        const { expiresAt: end = Number.POSITIVE_INFINITY } = seen;
        if (seen.state !== 'absent' && end > at && end < expiresAt) set({ ...seen, expiresAt });
        return { rows: [], value: undefined };
      }),
    subscribe: (listener) => {
      const { signal } = listener;
      return subscriptions.listen(listener, () =>
        question('subscribe', signal, undefined, () => ({ rows: [], value: undefined })),
      );
    },
    ping: ({ signal }) => question('ping', signal, undefined, () => ({ rows: [], value: undefined })),
  };
  const has: readonly string[] =
    options.has ?? Object.keys(optional).filter((name) => name !== 'loadMany' && name !== 'subscribe');

  function become(next: SourceMode, duration?: Milliseconds): void {
    mode = next;
    subscriptions.become(next);
    since = performance.now();
    history.add({ type: 'fault', what: `source ${shown(next)}` });
    if (duration === undefined) return;
    const recover = (): void => {
      // Only if no other mode has come meanwhile.
      if (mode === next) become({ mode: 'up' });
    };
    asForeign('source', () => globalThis.setTimeout(recover, duration));
  }

  return {
    history,
    get mode() {
      return mode;
    },
    become,
    write: (key, value, row = {}) => set({ key, state: 'present', value, ...row }),
    erase: (key) => set({ key, state: 'absent' }),
    corrupt(key) {
      if (storage.seen(key, history.next).state === 'present') set({ key, state: 'corrupt' });
    },
    get rows() {
      return storage.now;
    },
    load: (key, { signal }) =>
      question('load', signal, key, (asOf) => {
        const seen = storage.seen(key, asOf);
        return { rows: [seen], value: seen.state === 'absent' ? undefined : rowOf(seen) };
      }),
    ...Object.fromEntries(Object.entries(optional).filter(([name]) => has.includes(name))),
  };
}

/** Answers that the type of a source forbids, and untyped code gives. */
const nonsense: readonly unknown[] = [
  null,
  42,
  'row',
  { rows: 7, changed: {}, gone: 1 },
  { rows: [null, 1, {}] },
  [],
];

function rowOf<V>({ key, state, value, expiresAt }: Seen<V>): Row<V> {
  return {
    key,
    value: state === 'corrupt' ? undefined : value,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(state === 'corrupt' && { error: new Error(`Scripted: the row "${key}" cannot be decoded.`) }),
  };
}

const seenOf = <V>({ key, value, expiresAt }: Row<V>): Seen<V> => ({
  key,
  state: 'present',
  ...(value !== undefined && { value }),
  ...(expiresAt !== undefined && { expiresAt }),
});
