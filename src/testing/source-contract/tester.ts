import assert from 'node:assert/strict';
import { isUnavailable } from '../../sources/classify.js';
import type { Row, Source } from '../../sources/source.js';
import type { OptionalHand, OptionalMethod, SourceContractOptions, SourceHarness } from './harness.js';

/** What every test has: a source over an empty database, and the means to look at it. */
export class Tester {
  readonly source: Source<any>;
  readonly harness: SourceHarness;
  readonly #patience: number;
  readonly #values: readonly unknown[];

  constructor(harness: SourceHarness, { patience = 10_000, values }: SourceContractOptions) {
    this.harness = harness;
    this.source = harness.source;
    this.#patience = patience;
    this.#values = values ?? [];
  }

  /** A signal that does not fire. */
  get context(): { readonly signal: AbortSignal } {
    return { signal: new AbortController().signal };
  }

  /** One value for each number, and the same each time. */
  value(nth: number): unknown {
    return this.#values.length > 0 ? this.#values[nth % this.#values.length] : `value ${nth}`;
  }

  /** A method that the source says it has. */
  method<M extends OptionalMethod>(name: M): NonNullable<Source<any>[M]> {
    const method = this.source[name];
    assert.equal(
      typeof method,
      'function',
      `The source has no method "${name}". Say so: sourceContract(make, { without: ['${name}'] }).`,
    );
    return ((...args: unknown[]) => Reflect.apply(method as never, this.source, args)) as never;
  }

  /** A hand that the harness says it has. */
  hand<H extends keyof SourceHarness>(name: H): NonNullable<SourceHarness[H]> {
    const hand = this.harness[name];
    assert.ok(
      hand !== undefined,
      `The harness has no "${name}". Say so: sourceContract(make, { without: ['${name as OptionalHand}'] }).`,
    );
    return (typeof hand === 'function' ? hand.bind(this.harness) : hand) as NonNullable<SourceHarness[H]>;
  }

  async write(...keys: readonly string[]): Promise<void> {
    for (const [nth, key] of keys.entries()) await this.harness.write({ key, value: this.value(nth) });
  }

  load(key: string): Promise<Row<any> | undefined> {
    return this.soon(this.source.load(key, this.context), `load of ${told(key)}`);
  }

  /** The value, where the row lives. */
  async livingValue(key: string): Promise<unknown> {
    const row = await this.load(key);
    return isLiving(row) ? row.value : undefined;
  }

  async scanned(batch = 100): Promise<readonly Row<any>[]> {
    return (await this.batches(this.method('scan')({ ...this.context, batch }))).flatMap(({ rows }) => rows);
  }

  /** Where the feed of changes stands now. */
  async cursorNow(): Promise<string> {
    const batches = await this.changes(undefined);
    const cursor = batches.at(-1)?.cursor;
    assert.equal(typeof cursor, 'string', 'changes without a cursor must say where it is to be read on from');
    return cursor as string;
  }

  changes(since: string | undefined, batch = 100) {
    return this.batches(this.method('changes')(since, { ...this.context, batch }));
  }

  /** The last word on each key since the cursor: a value, or undefined for one that is gone. */
  async changedSince(since: string): Promise<ReadonlyMap<string, unknown>> {
    const words = new Map<string, unknown>();
    for (const { gone, changed } of await this.changes(since)) {
      for (const key of gone) words.set(key, undefined);
      for (const row of changed) words.set(row.key, isLiving(row) ? row.value : undefined);
    }
    return words;
  }

  /** All that an iterable gives. */
  async batches<T>(given: AsyncIterable<T>): Promise<T[]> {
    const all: T[] = [];
    const iterator = given[Symbol.asyncIterator]();
    for (;;) {
      const step = await this.soon(Promise.resolve(iterator.next()), 'the next batch');
      if (step.done === true) return all;
      all.push(step.value);
      assert.ok(all.length < 100_000, 'it never ends');
    }
  }

  /** The promise, which must settle before anybody calls it hanging. */
  async soon<T>(promise: Promise<T>, what: string): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new assert.AssertionError({
              message: `${what} hangs: nothing came of it in ${this.#patience} ms`,
            }),
          ),
        this.#patience,
      );
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits until it holds. */
  async until(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
    const end = performance.now() + this.#patience;
    while (!(await holds())) {
      if (performance.now() > end)
        assert.fail(`${what}, and that did not come about in ${this.#patience} ms`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** That nothing is held for questions that have ended. */
  async holdsNothing(without: ReadonlySet<string>): Promise<void> {
    if (without.has('inUse')) return;
    const inUse = this.hand('inUse');
    await this.until(
      'the source must hold nothing when no question is under way',
      async () => (await inUse()) === 0,
    );
  }

  /** That a question is answered by "away", in time. */
  isAway(question: () => Promise<unknown>, what: string): Promise<void> {
    return this.isAwayOr(
      question,
      (answer) =>
        assert.fail(
          `${what} must reject while the database is away. It resolved with: ${JSON.stringify(answer)}`,
        ),
      what,
    );
  }

  /** That a question is answered in time, by "away" or as the other function checks. */
  async isAwayOr(
    question: () => Promise<unknown>,
    answered: (answer: unknown) => void,
    what = 'the question',
  ): Promise<void> {
    let answer: unknown;
    try {
      answer = await this.soon(question(), what);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      assert.ok(
        isUnavailable(error, { source: this.source }),
        `${what} must reject with what says "away" (SourceUnavailableError, a known code, or by the source's "unavailable"). It rejected with: ${String(error)}`,
      );
      return;
    }
    answered(answer);
  }

  async close(): Promise<void> {
    if (this.source.close !== undefined) await this.soon(this.source.close(), 'close');
    await this.harness.dispose?.();
  }
}

/** A row that a cache may serve: not bad, and not past its own end. */
export const isLiving = (row: Row<any> | undefined): row is Row<any> =>
  row !== undefined && row.value !== undefined && (row.expiresAt === undefined || row.expiresAt > Date.now());

/** A key as a message tells it. */
export const told = (key: string): string => JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key);
