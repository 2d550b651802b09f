import { type Cache, createRuntime, defineCache, exit, type Lookup, type Runtime } from 'holdfast';
import {
  type CacheTerms,
  type Fault,
  keepsItsPromises,
  type ObservableCache,
  observedCache,
  type ScriptedSource,
  schedule,
  scriptedSource,
  sometimes,
  type World,
  type WorldProcess,
  world,
} from 'holdfast/testing';
import { memorySnapshotStore } from '../../src/snapshot/memory-store.js';

export const keys = ['a', 'b', 'c', 'd', 'e'] as const;
export const actors = ['cache', 'snapshotter', 'warmer', 'janitor'] as const;

/** What users of the cache, and other clients of the database, do. Times in ms of the world. */
export interface Step {
  readonly at: number;
  readonly do:
    | 'read'
    | 'lookup'
    | 'write'
    | 'erase'
    | 'put'
    | 'put unsaved'
    | 'invalidate'
    | 'revoke'
    | 'remove'
    | 'clear';
  readonly key: (typeof keys)[number];
  /** What is written or put expires so long after, ms. */
  readonly expiresIn?: number | undefined;
}

/** What kind of cache it is. */
export const kinds = [
  'plain',
  'authoritative',
  'without scan',
  'small',
  'until expiry',
  'batches',
  'revalidating',
] as const;

export interface Scenario {
  readonly kind: (typeof kinds)[number];
  readonly tape: readonly number[];
  readonly faults: readonly Fault[];
  readonly steps: readonly Step[];
  readonly seed: number;
  /** How long the database takes while all is well, ms. */
  readonly latency: number;
}

/** Until here there are steps and faults; then everything must come right. */
export const until = 30_000;

const termsOf = (kind: Scenario['kind']): CacheTerms => ({
  ttl: 15_000,
  staleFor: kind === 'until expiry' ? Number.POSITIVE_INFINITY : 30_000,
  negativeTtl: 3_000,
  concurrency: 2,
  leastBackoff: 100,
  authoritative: kind === 'authoritative',
});

/** A crash that a fault made, to be told from one that was none of ours. */
class InjectedCrash extends Error {}

/** A cache under a supervisor in a process of its own, which dies and is booted again on the same snapshot store. */
class Service {
  readonly db: ScriptedSource<string>;
  readonly #world: World;
  readonly kind: Scenario['kind'];
  readonly #store = memorySnapshotStore();
  readonly unexpected: unknown[] = [];
  cache!: Cache<string>;
  observed!: ObservableCache<string>;
  runtime!: Runtime;
  started = false;
  #process!: WorldProcess;
  #dying = false;

  constructor(w: World, db: ScriptedSource<string>, kind: Scenario['kind']) {
    this.#world = w;
    this.db = db;
    this.kind = kind;
    this.boot();
  }

  get up(): boolean {
    return this.#process.alive && !this.#dying;
  }

  boot(): void {
    const process = this.#world.process();
    const terms = termsOf(this.kind);
    this.#process = process;
    this.#dying = false;
    this.started = false;
    this.db.history.add({ type: 'booted' });
    process.run(() => {
      this.cache = defineCache<string>({
        name: 'rows',
        source: this.db,
        ttl: terms.ttl,
        staleFor: this.kind === 'until expiry' ? 'until-expiry' : terms.staleFor,
        authoritative: this.kind === 'authoritative',
        ...(this.kind === 'small' && { maxEntries: 2, maxNegative: 1 }),
        negativeTtl: terms.negativeTtl,
        load: { timeout: '2s', softTimeout: '500ms', retries: 1, concurrency: terms.concurrency, batch: 3 },
        ...(this.kind === 'revalidating' && { read: { whileStale: 'revalidate', refreshAhead: '5s' } }),
        warm: { every: '10s', batch: 2, backoff: { min: '100ms', max: '2s' } },
        sweep: { every: '3s' },
        snapshot: { store: this.#store, every: '2s' },
      });
      this.runtime = createRuntime({
        maxRestarts: 1_000_000,
        within: '1s',
        children: [{ id: 'rows', logic: this.cache.supervisor }],
      });
      this.runtime.bus.subscribe('actor.crashed', (event) => {
        if (event.reason.type === 'error' && !(event.reason.error instanceof InjectedCrash)) {
          this.unexpected.push(event.reason.error);
        }
      });
      void this.runtime.start().then(() => {
        this.started = process.alive;
      });
    });
    this.observed = observedCache(this.cache, this.db.history, process);
  }

  crash(actor: string, how: 'killed' | 'error'): void {
    if (!this.up) return;
    this.#process.run(() => {
      const ref = this.runtime.whereis(`rows/${actor}`);
      if (ref === undefined) return;
      exit(
        ref,
        how === 'killed' ? { type: 'killed' } : { type: 'error', error: new InjectedCrash('injected') },
      );
    });
    this.db.history.add({ type: 'fault', what: `${actor} ${how}` });
  }

  async kill(after: number): Promise<void> {
    if (!this.up) return;
    this.#dying = true;
    this.#store.crash();
    // What the store had under way ends now; then nothing of the process goes on.
    await this.#world.settle();
    this.#process.kill();
    // It may have opened its store once more before it died.
    this.#store.crash();
    this.db.history.add({ type: 'killed' });
    setTimeout(() => this.boot(), after);
  }

  stop(): Promise<void> {
    return this.#process.run(() => this.runtime.stop());
  }
}

/** Runs a scenario: every promise kept all the way, and everything right some time after the last fault. */
export const play = (scenario: Scenario): Promise<string> =>
  world({ seed: scenario.seed, tape: scenario.tape }, async (w) => {
    const rows = Object.fromEntries(keys.slice(0, 3).map((key) => [key, `${key}0`]));
    const db = scriptedSource<string>({
      rows,
      latency: scenario.latency,
      ...(scenario.kind === 'batches' && {
        has: ['loadMany', 'scan', 'changes', 'missing', 'save', 'remove'] as const,
      }),
      ...(scenario.kind === 'without scan' && { has: ['changes', 'missing', 'save', 'remove'] as const }),
    });
    const service = new Service(w, db, scenario.kind);
    let written = 0;

    schedule(scenario.faults, {
      source: (mode, duration) => db.become(mode, Math.min(duration, until - w.now)),
      crash: (actor, how) => service.crash(actor, how),
      corrupt: (key) => db.corrupt(key),
      jump: (by) => w.jumpWall(by),
      pause: (ms) => w.pause(ms),
      kill: (after) => void service.kill(after),
    });
    for (const step of scenario.steps) {
      setTimeout(() => take(step, service, `${step.key}${++written}`), step.at);
    }
    const watch = setInterval(() => {
      if (service.started && service.up) for (const key of keys) service.observed.lookup(key);
    }, 1_000);

    await w.advance(Math.max(1, until - w.now));
    for (const [key, row] of db.rows) if (row.state === 'corrupt') db.write(key, `${key}${++written}`);
    if (db.mode.mode !== 'up') db.become({ mode: 'up' });
    await w.eventually('the service is up', '90s', () => service.up && service.started);
    const latest = new Map<string, Lookup<string>>();
    const ask = async (key: string): Promise<void> => {
      latest.set(key, await service.observed.read(key));
    };
    const readers = setInterval(() => keys.forEach(ask), 1_000);
    await w.eventually('the cache answers what the database holds', '90s', () => agrees(service, latest));
    const before = service.cache.stats();
    db.write('a', `a${++written}`);
    await w.advance('30s');
    agrees(service, latest);
    const after = service.cache.stats();
    for (const work of ['passes', 'sweeps', 'snapshots'] as const) {
      if (after[work] <= before[work] && db[work === 'passes' ? 'scan' : 'load'])
        throw new Error(`No ${work} any more.`);
    }
    clearInterval(watch);
    clearInterval(readers);
    await w.advance('5s');
    await service.stop();
    await w.settle();
    if (w.pending.length > 0) throw new Error(`Left behind: ${w.pending.map(({ what }) => what).join(', ')}`);
    if (service.unexpected.length > 0)
      throw new Error(`An actor crashed: ${String(service.unexpected[0])}`, { cause: service.unexpected[0] });
    for (const { type, ...rest } of db.history.all) {
      if (type !== 'told' || !('lookup' in rest)) continue;
      const { lookup } = rest;
      for (const because of ['restored', 'source-unreachable', 'ttl'] as const) {
        sometimes(`stale: ${because}`, lookup.status === 'stale' && lookup.because === because);
      }
      for (const because of ['source', 'removed', 'pass'] as const) {
        sometimes(`absent: ${because}`, lookup.status === 'absent' && lookup.because === because);
      }
      for (const because of ['quarantined', 'cold', 'source-unreachable', 'not-loaded'] as const) {
        sometimes(`unknown: ${because}`, lookup.status === 'unknown' && lookup.because === because);
      }
    }
    keepsItsPromises(db.history.all, termsOf(scenario.kind));
    return w.hash;
  });

function take(step: Step, service: Service, value: string): void {
  const { db, observed } = service;
  const { key } = step;
  const entry = step.expiresIn === undefined ? {} : { expiresAt: Date.now() + step.expiresIn };
  if (step.do === 'write') db.write(key, value, entry);
  if (step.do === 'erase') db.erase(key);
  if (!service.up) return;
  switch (step.do) {
    case 'put':
      db.write(key, value, entry);
      observed.put(key, value, entry);
      break;
    case 'put unsaved':
      observed.put(key, value, entry);
      break;
    case 'lookup':
      observed.lookup(key);
      break;
    case 'read':
      // Anything at all may come of a source that throws anything at all.
      for (let i = 0; i < 3; i++) observed.read(key).catch(() => {});
      // Several keys in one tick: where the source can, one batch.
      if (service.kind === 'batches') for (const other of keys) observed.read(other).catch(() => {});
      break;
    case 'invalidate':
      observed.invalidate(key);
      break;
    case 'revoke':
      observed.revoke(key);
      break;
    case 'remove':
      observed.remove(key).catch(() => {});
      break;
    case 'clear':
      observed.clear();
  }
}

/** @throws where the cache tells other than what the database holds. */
function agrees({ db, cache }: Service, latest: ReadonlyMap<string, Lookup<string>>): void {
  for (const key of keys) {
    const row = db.rows.get(key);
    const over = Date.now() - (row?.expiresAt ?? Number.POSITIVE_INFINITY);
    // Over since the last read.
    if (over >= 0 && over <= 2_000) continue;
    const lives = row !== undefined && (row.expiresAt === undefined || row.expiresAt > Date.now());
    const read = latest.get(key);
    const told = toldValue(cache.lookup(key));
    const agreed = lives ? toldValue(read) === row.value : read?.status === 'absent';
    if (!agreed || (told !== undefined && told !== row?.value)) {
      throw new Error(
        `"${key}" was read as ${JSON.stringify(read)}, and is ${JSON.stringify(cache.lookup(key))}; the database holds ${JSON.stringify(row)}`,
      );
    }
  }
}

const toldValue = (known: Lookup<string> | undefined): string | undefined =>
  known?.status === 'fresh' || known?.status === 'stale' ? known.value : undefined;
