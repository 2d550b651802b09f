import { LoadCycleError } from '../../errors.js';
import type { Milliseconds } from '../../runtime/duration.js';
import { isUnavailable, type Source, type SourceContext } from '../../sources/index.js';

interface Caller {
  readonly key: string;
  readonly since: Milliseconds;
}

/** Those who wait for a read, and what the loads that are made for them owe them. */
export class Callers {
  /** What was owed and not given. */
  readonly broken: string[] = [];
  readonly #now: () => Milliseconds;
  readonly #waiting = new Set<Caller>();
  /** Who waited for a load that failed by an error that no further try can mend. */
  #owed: ReadonlySet<Caller> = new Set();
  readonly #nested = new Set<string>();

  constructor(now: () => Milliseconds) {
    this.#now = now;
  }

  /** How long the one who has waited longest has waited, ms. */
  get longest(): Milliseconds {
    return Math.max(0, ...[...this.#waiting].map(({ since }) => this.#now() - since));
  }

  async wait<T>(key: string, read: () => Promise<T>): Promise<T> {
    const caller: Caller = { key, since: this.#now() };
    this.#waiting.add(caller);
    try {
      return await read();
    } finally {
      this.#waiting.delete(caller);
    }
  }

  /** The next load of the key asks for the key itself. */
  nest(key: string): void {
    this.#nested.add(key);
  }

  /** The same source, with what it owes looked after. */
  of<V>(source: Source<V>, read: (key: string) => Promise<unknown>): Source<V> {
    const ask = (keys: readonly string[], context: SourceContext, begin: () => Promise<never>) => {
      for (const key of keys) this.#begins(key);
      const waiting = new Set([...this.#waiting].filter((caller) => keys.includes(caller.key)));
      const failed = (error: unknown): never => {
        if (!context.signal.aborted && !isUnavailable(error)) this.#owed = waiting;
        throw error;
      };
      const nested = keys.find((key) => this.#nested.delete(key));
      try {
        return (nested === undefined ? begin() : this.#within(nested, context, read).then(begin)).catch(
          failed,
        );
      } catch (error) {
        return failed(error);
      }
    };
    const { load, loadMany } = source;
    const questions: Partial<Source<V>> = {
      load: (key, context) => ask([key], context, () => load(key, context) as Promise<never>),
      ...(loadMany !== undefined && {
        loadMany: (keys, context) => ask(keys, context, () => loadMany(keys, context) as Promise<never>),
      }),
    };
    return Object.create(source, Object.getOwnPropertyDescriptors(questions)) as Source<V>;
  }

  #begins(key: string): void {
    for (const caller of this.#owed) {
      if (caller.key === key && this.#waiting.has(caller))
        this.broken.push(`"${key}" is loaded again for who should have been told that it failed`);
    }
  }

  async #within(
    key: string,
    { signal }: SourceContext,
    read: (key: string) => Promise<unknown>,
  ): Promise<void> {
    const began = this.#now();
    try {
      await read(key);
    } catch (error) {
      if (!(error instanceof LoadCycleError)) return;
    }
    if (!signal.aborted && this.#now() - began > 1_000) {
      this.broken.push(`the load of "${key}" has waited for itself for ${this.#now() - began} ms`);
    }
  }
}
