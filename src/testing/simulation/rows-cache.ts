import type { Lookup } from '../../../actors/cache/lookup.js';
import type { CacheEvents } from '../../bus/cache-events.js';
import { createRuntime, type Runtime } from '../../create-runtime.js';
import { type Cache, defineCache } from '../../define-cache.js';
import { InjectedFaultError, StartError, StartTimeoutError } from '../../errors.js';
import { type ObservableCache, observedCache } from '../observed-cache.js';
import { shown } from '../shown.js';
import { untouched } from '../untouched.js';
import type { CacheTerms } from '../violation.js';
import { causesOf } from './causes.js';
import { Callers } from './rows-callers.js';
import {
  everyMethod,
  isAuthoritative,
  type Kind,
  kinds,
  latencies,
  type Manner,
  manners,
  methods,
  telling,
  termsOf,
} from './rows-kinds.js';
import { batch } from './rows-promises.js';
import type { SimulationWorld } from './scenario.js';
import { type SimulatedSource, simulatedSource } from './simulated-source.js';

export const keys = ['a', 'b', 'c', 'd', 'e'] as const;

const works = ['passes', 'sweeps', 'snapshots'] as const;

/** A cache of five rows under a supervisor, and whoever uses it. */
export class RowsCache {
  readonly db: SimulatedSource<string>;
  readonly cache: Cache<string>;
  readonly runtime: Runtime;
  /** Crashes that no fault made. */
  readonly unexpected: unknown[] = [];
  readonly callers: Callers;
  /** The kinds of answers that were given: `stale: ttl`. */
  readonly answers = new Set<string>();
  readonly terms: CacheTerms;
  readonly mostNegative: number;
  readonly #manner: Manner;
  readonly #world: SimulationWorld;
  readonly #observed: ObservableCache<string>;
  readonly #reads = new Map<string, Lookup<string>>();
  readonly #watch: ReturnType<typeof setInterval>;
  #over: { readonly at: number; gone: boolean } | undefined;
  #looked: number;
  /** When the process last went on after it had stood still. */
  #woke = Number.NEGATIVE_INFINITY;
  #started = false;
  #mended = false;
  /** Since all was well for the first time. */
  #well: { readonly at: number; readonly stats: ReturnType<Cache<string>['stats']> } | undefined;

  constructor(w: SimulationWorld) {
    const kind = kinds[w.seed % kinds.length] as Kind;
    this.#manner = manners[Math.floor(w.seed / (kinds.length * latencies.length)) % manners.length] as Manner;
    const tells = telling[
      Math.floor(w.seed / (kinds.length * latencies.length * manners.length)) % telling.length
    ] as boolean;
    this.#world = w;
    this.callers = new Callers(() => w.now);
    this.terms = termsOf(kind);
    this.mostNegative = kind.startsWith('small') ? 1 : Number.POSITIVE_INFINITY;
    this.db = simulatedSource<string>({
      name: 'database',
      // An empty string is a value, too.
      rows: { a: 'a0', b: 'b0', c: '' },
      latency: latencies[Math.floor(w.seed / kinds.length) % latencies.length] as number,
      has: [
        ...(methods[kind] ?? everyMethod),
        ...(this.#manner === 'in batches' ? ['loadMany' as const] : []),
        ...(tells ? ['subscribe' as const] : []),
      ],
    });
    this.cache = defineCache<string>({
      name: 'rows',
      source: this.callers.of(this.db, (key) => this.cache.read(key)),
      ttl: this.terms.ttl,
      staleFor: kind === 'until expiry' ? 'until-expiry' : this.terms.staleFor,
      authoritative: isAuthoritative(kind),
      ...(kind.startsWith('small') && { maxEntries: 2, maxNegative: 1 }),
      negativeTtl: this.terms.negativeTtl,
      load: {
        timeout: '2s',
        softTimeout: '500ms',
        retries: 1,
        concurrency: this.terms.concurrency,
        batch: 3,
      },
      ...(this.#manner === 'revalidating' && { read: { whileStale: 'revalidate', refreshAhead: '5s' } }),
      warm: { every: '10s', batch, backoff: { min: '100ms', max: '2s' } },
      sweep: { every: '3s' },
      snapshot: { store: w.snapshotStore(), every: '2s' },
    });
    this.#observed = observedCache(this.cache, this.db.history);
    this.cache.bus.subscribe(
      '*',
      untouched(() => {
        throw new Error('A listener of the user has thrown.');
      }),
    );
    // A root that gives up is the end of the tree, and a fault plan may crash its children any number of times.
    this.runtime = createRuntime({
      maxRestarts: 1_000_000,
      within: '1s',
      children: [{ id: 'rows', logic: this.cache.supervisor }],
    });
    this.runtime.bus.subscribe('actor.crashed', ({ reason }) => {
      if (reason.type !== 'error' || reason.error instanceof InjectedFaultError) return;
      if (!this.#sleptIn(reason.error)) this.unexpected.push(reason.error);
    });
    // Users do not wait for the start.
    this.runtime.start().then(
      () => {
        this.#started = true;
        // What it knows of itself, before any pass.
        this.#look();
      },
      (error) => this.#notStarted(error),
    );
    this.#looked = w.now;
    this.#watch = setInterval(() => {
      if (w.now - this.#looked > 2_000) this.#woke = w.now;
      this.#looked = w.now;
      this.#look();
    }, 1_000);
  }

  lookup(key: string): void {
    this.#answered(this.#observed.lookup(key));
  }

  /** Several want the key at once; where keys can be asked for together, the others as well. */
  crowd(key: string): void {
    // Anything at all may come of a source that throws anything at all.
    for (let i = 0; i < 3; i++) this.read(key).catch(() => {});
    if (this.#manner === 'in batches') for (const other of keys) this.read(other).catch(() => {});
  }

  async read(key: string): Promise<void> {
    const lookup = await this.callers.wait(key, () => this.#observed.read(key));
    this.#reads.set(key, lookup);
    this.#answered(lookup);
  }

  put(key: string, value: string, entry: { readonly expiresAt?: number }): void {
    this.#observed.put(key, value, entry);
  }

  /** @throws what the source refused it with. */
  save(key: string, value: string, entry: { readonly expiresAt?: number }): Promise<void> {
    return this.cache.save(key, value, entry);
  }

  invalidate(key: string): void {
    this.#observed.invalidate(key);
  }

  revoke(key: string): void {
    this.#observed.revoke(key);
  }

  remove(key: string): Promise<unknown> {
    return this.#observed.remove(key);
  }

  /** @throws what the pass failed of. */
  async warm(): Promise<void> {
    const { history } = this.db;
    const began = history.add({ type: 'ordered' });
    const report = await this.cache.warm();
    const passed = history.all
      .slice(began)
      .some((happened) => happened.type === 'answered' && happened.method === 'scan' && happened.last);
    if (!passed && report.skipped === undefined) this.callers.broken.push('warm() resolved without a pass');
  }

  clear(): void {
    this.#observed.clear();
  }

  /** A value that nobody has written before. */
  fresh(key: string): string {
    return `${key}${this.db.history.next}`;
  }

  /** Whether every answer is what the database holds. Rows that cannot be decoded are mended first. */
  agrees(): boolean {
    this.#mend();
    return this.#started && keys.every((key) => this.#agreesOn(key));
  }

  /** Half a minute after all was well: a row has changed meanwhile, and everybody has had work to do. */
  get rested(): boolean {
    this.#well ??= { at: this.#world.now, stats: this.#change() };
    return this.#world.now - this.#well.at >= 30_000;
  }

  /**
   * The database goes away, and a row in memory is over a while later: whether it has left memory. Then the database is back. Of a small cache
   * nobody can say what a row leaves for.
   */
  get emptied(): boolean {
    if (this.mostNegative === 1) return true;
    if (this.#over === undefined) {
      const over = { at: Date.now() + 20_000, gone: false };
      this.#over = over;
      this.db.down();
      this.put('over', this.fresh('over'), { expiresAt: over.at });
      this.cache.bus.subscribe(
        'evicted',
        untouched(({ because }: CacheEvents['evicted']) => {
          if (over.gone || because !== 'expired' || Date.now() < over.at) return;
          over.gone = true;
          this.db.up();
        }),
      );
    }
    return this.#over.gone;
  }

  /** The kinds of work that nobody has done for half a minute. */
  idle(): string[] {
    const before = this.#well?.stats;
    const after = this.cache.stats();
    return works.filter(
      (work) => (work !== 'passes' || this.db.scan !== undefined) && after[work] <= (before?.[work] ?? 0),
    );
  }

  explain(): string {
    const wrong = keys.filter((key) => !this.#agreesOn(key));
    return wrong
      .map(
        (key) =>
          `"${key}" was read as ${shown(this.#reads.get(key))}, and is ${shown(this.cache.lookup(key))}; the database holds ${shown(this.db.rows.get(key))}`,
      )
      .join('\n');
  }

  end(): void {
    clearInterval(this.#watch);
  }

  /** A failure broke the first start, which is the end of the process; or nobody knows what did. */
  #notStarted(error: unknown): void {
    const first = causesOf(error).at(-1);
    // Without a cause it was killed, which nobody does but a failure.
    const injected = first instanceof InjectedFaultError || first instanceof StartError;
    if (injected || this.#sleptIn(first)) this.#world.exit();
    else this.unexpected.push(error);
  }

  /** Who was starting while the process stood still has run out of time by that. */
  #sleptIn(error: unknown): boolean {
    return error instanceof StartTimeoutError && this.#world.now - this.#woke <= 1_000;
  }

  #change(): ReturnType<Cache<string>['stats']> {
    const stats = this.cache.stats();
    this.db.write('a', this.fresh('a'));
    return stats;
  }

  #mend(): void {
    if (this.#mended) return;
    this.#mended = true;
    for (const [key, row] of this.db.rows) if (row.state === 'corrupt') this.db.write(key, this.fresh(key));
  }

  /** Once faults have stopped somebody reads every key every second; before that the memory alone is watched. */
  #look(): void {
    if (!this.#started) return;
    for (const key of keys) {
      if (this.#mended) this.read(key).catch(() => {});
      else this.lookup(key);
    }
  }

  #agreesOn(key: string): boolean {
    const row = this.db.rows.get(key);
    const over = Date.now() - (row?.expiresAt ?? Number.POSITIVE_INFINITY);
    // Over since the last read.
    if (over >= 0 && over <= 2_000) return true;
    const read = this.#reads.get(key);
    const told = toldValue(this.cache.lookup(key));
    const agreed =
      row !== undefined && row.state === 'present' && over < 0
        ? toldValue(read) === row.value
        : read?.status === 'absent';
    return agreed && (told === undefined || told === row?.value);
  }

  #answered(lookup: Lookup<string>): void {
    this.answers.add('because' in lookup ? `${lookup.status}: ${lookup.because}` : lookup.status);
  }
}

const toldValue = (known: Lookup<string> | undefined): string | undefined =>
  known?.status === 'fresh' || known?.status === 'stale' ? known.value : undefined;
