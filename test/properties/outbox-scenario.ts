import { type Cache, createRuntime, defineCache, exit, memorySnapshotStore, type Runtime } from 'holdfast';
import {
  type Fault,
  type Happened,
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

export const keys = ['a', 'b', 'c', 'd'] as const;
export const actors = ['cache', 'snapshotter', 'warmer', 'janitor'] as const;
export const kinds = ['whole', 'ping alone', 'neither scan nor ping'] as const;
/** Until here there are orders and faults; then everything must come right. */
export const until = 30_000;

export interface Step {
  readonly at: number;
  readonly do: 'remove' | 'save' | 'touch' | 'read' | 'lookup' | 'put' | 'invalidate' | 'clear' | 'warm';
  readonly key: (typeof keys)[number];
}

export interface Scenario {
  readonly kind: (typeof kinds)[number];
  readonly tape: readonly number[];
  readonly faults: readonly Fault[];
  readonly steps: readonly Step[];
  /** At which passes of it telling an order crashes, when the source has it and the file does not know. */
  readonly crashes: readonly number[];
  readonly seed: number;
  readonly latency: number;
}

/** A save that the cache has taken. Orders of the history. */
interface Save {
  readonly key: string;
  readonly value: string;
  readonly called: number;
  readonly resolved: number;
}

/** A touch that the cache has taken: when, and at which order of the history. */
interface Touched {
  readonly key: string;
  readonly expiresAt: number;
  readonly at: number;
  readonly order: number;
}

/** Rows end so far away that no clock which jumps comes there. */
const end = (): number => Date.now() + 90 * 86_400_000;

/** A touch has reached the source, or the file, by then: `touchEvery`, a question that hangs, and the file's turn. */
const kept = 6_000;

/** A cache in a process that is killed and booted again; nobody but it writes to its database. */
class Service {
  readonly unexpected: unknown[] = [];
  readonly saves: Save[] = [];
  readonly touches: Touched[] = [];
  /** Keys of which some order's outcome is not known, or was not in turn. */
  readonly unclear = new Set<string>();
  /** The last order of each key that was taken. */
  readonly last = new Map<string, string | undefined>();
  cache!: Cache<string>;
  observed!: ObservableCache<string>;
  runtime!: Runtime;
  started = false;
  readonly #busy = new Set<string>();
  readonly #store = memorySnapshotStore();
  #process!: WorldProcess;
  #dying = false;

  constructor(
    readonly w: World,
    readonly db: ScriptedSource<string>,
  ) {
    this.boot();
  }

  get up(): boolean {
    return this.#process.alive && !this.#dying;
  }

  boot(): void {
    const process = this.w.process();
    this.#process = process;
    this.#dying = false;
    this.started = false;
    this.db.history.add({ type: 'booted' });
    for (const key of this.#busy) this.unclear.add(key);
    this.#busy.clear();
    process.run(() => {
      this.cache = defineCache<string>({
        name: 'rows',
        source: this.db,
        ttl: '15s',
        staleFor: '30s',
        negativeTtl: '3s',
        load: { timeout: '1s', softTimeout: '500ms', retries: 1, concurrency: 4 },
        warm: { every: '10s', batch: 2, backoff: { min: '100ms', max: '2s' } },
        sweep: { every: '3s' },
        touchEvery: '2s',
        snapshot: { store: this.#store, every: '2s' },
      });
      this.runtime = createRuntime({
        maxRestarts: 1_000_000,
        within: '1s',
        children: [{ id: 'rows', logic: this.cache.supervisor }],
      });
      this.runtime.bus.subscribe('actor.crashed', ({ reason }) => {
        if (reason.type === 'error' && String(reason.error) !== 'Error: injected')
          this.unexpected.push(reason.error);
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
      exit(ref, how === 'killed' ? { type: 'killed' } : { type: 'error', error: new Error('injected') });
    });
    this.db.history.add({ type: 'fault', what: `${actor} ${how}` });
  }

  async kill(after: number): Promise<void> {
    if (!this.up) return;
    this.#dying = true;
    this.#store.crash();
    await this.w.settle();
    this.#process.kill();
    // It may have opened its store once more before it died.
    this.#store.crash();
    this.db.history.add({ type: 'killed' });
    setTimeout(() => this.boot(), after);
  }

  /** An order of which the outcome matters: one of a key at a time, or it is not known which came last. */
  async order(key: string, value: string | undefined, give: () => Promise<unknown>): Promise<void> {
    const alone = !this.#busy.has(key);
    if (!alone) this.unclear.add(key);
    this.#busy.add(key);
    const process = this.#process;
    const called = this.db.history.next;
    try {
      await give();
      if (!process.alive) return;
      this.last.set(key, value);
      if (value === undefined) return;
      this.saves.push({ key, value, called, resolved: this.db.history.next });
      this.db.history.add({ type: 'put', key, value });
    } catch {
      this.unclear.add(key);
    } finally {
      if (alone && process.alive) this.#busy.delete(key);
    }
  }

  touch(key: string): void {
    const held = this.cache.lookup(key);
    const expiresAt = end() + this.w.now;
    if (held.status !== 'fresh' && held.status !== 'stale') return;
    if (held.expiresAt === undefined || held.expiresAt >= expiresAt) return;
    if (this.observed.touch?.(key, { expiresAt }) !== true)
      throw new Error(`"${key}" is held, and was not touched`);
    this.touches.push({ key, expiresAt, at: this.w.now, order: this.db.history.next });
  }

  /** What is in the store itself. */
  async waiting(): Promise<readonly string[]> {
    return (await this.#store.waiting()).map(({ key }) => key);
  }

  stop(): Promise<void> {
    return this.#process.run(() => this.runtime.stop());
  }
}

const has = {
  whole: undefined,
  'ping alone': ['ping', 'save', 'remove', 'touch'],
  'neither scan nor ping': ['save', 'remove', 'touch'],
} as const;

const pointsOf = ({ crashes }: Scenario) => crashes.map((pass) => ({ name: 'snapshotter.delivered', pass }));

export const play = (scenario: Scenario): Promise<string> =>
  world({ seed: scenario.seed, tape: scenario.tape, faultPoints: pointsOf(scenario) }, async (w) => {
    const some = has[scenario.kind];
    const db = scriptedSource<string>({
      rows: Object.fromEntries(keys.map((key) => [key, `${key}0`])),
      latency: scenario.latency,
      ...(some !== undefined && { has: some }),
    });
    for (const key of keys) db.write(key, `${key}0`, { expiresAt: end() });
    const service = new Service(w, db);
    schedule(scenario.faults, {
      source: (mode, duration) => db.become(mode, Math.min(duration, until - w.now)),
      crash: (actor, how) => service.crash(actor, how),
      jump: (by) => w.jumpWall(by),
      pause: (ms) => w.pause(ms),
      kill: (after) => void service.kill(after),
    });
    for (const [nth, step] of scenario.steps.entries()) {
      setTimeout(() => take(step, service, `${step.key}${nth + 1}`), step.at);
    }
    const watch = setInterval(() => {
      if (service.started && service.up) for (const key of keys) service.observed.lookup(key);
    }, 500);

    await w.advance(Math.max(1, until - w.now));
    if (db.mode.mode !== 'up') db.become({ mode: 'up' });
    await w.eventually('the service is up', '90s', () => service.up && service.started);
    await w.eventually('the outbox is empty', '90s', () => service.cache.stats().outboxWaiting === 0);
    if ((await service.waiting()).length > 0) throw new Error('The file still holds orders.');
    for (const key of keys) await service.observed.read(key);
    const told = w.faultPoints.get('snapshotter.delivered') ?? 0;
    sometimes(
      'telling an order crashes',
      scenario.crashes.some((pass) => pass <= told),
    );
    await w.advance('30s');
    for (const key of keys) await service.observed.read(key);
    clearInterval(watch);
    await service.stop();
    if (service.unexpected.length > 0)
      throw new Error(`An actor crashed: ${String(service.unexpected[0])}`, { cause: service.unexpected[0] });
    keepsItsPromises(db.history.all, {
      ttl: 15_000,
      staleFor: 30_000,
      negativeTtl: 3_000,
      concurrency: 4,
      leastBackoff: 100,
    });
    isDelivered(db.history.all);
    isInOrder(db.history.all);
    undoesNoSave(db.history.all, service.saves);
    touchesArrive(db, service.touches);
    touchesNothingGone(db.history.all);
    for (const [key, value] of service.last) {
      if (service.unclear.has(key)) continue;
      const held = db.rows.get(key)?.value;
      if (held !== value)
        throw new Error(`"${key}" is ${held} in the database; the last order made it ${value}`);
    }
    return w.hash;
  });

function take(step: Step, service: Service, value: string): void {
  if (!service.up) return;
  const { key } = step;
  const { observed, cache } = service;
  switch (step.do) {
    case 'remove':
      return void service.order(key, undefined, () => observed.remove(key));
    case 'save':
      return void service.order(key, value, () => cache.save(key, value, { expiresAt: end() }));
    case 'touch':
      return void service.touch(key);
    case 'read':
      return void observed.read(key).catch(() => {});
    case 'lookup':
      return void observed.lookup(key);
    case 'put':
      return void observed.put(key, value);
    case 'invalidate':
      return void observed.invalidate(key);
    case 'clear':
      return void observed.clear();
    case 'warm':
      service.db.history.add({ type: 'ordered' });
      return void cache.warm().catch(() => {});
  }
}

type History = readonly Happened<string>[];
type Of<T extends Happened<string>['type']> = Extract<Happened<string>, { readonly type: T }>;
const isOf =
  <T extends Happened<string>['type']>(type: T) =>
  (happened: Happened<string>): happened is Of<T> =>
    happened.type === type;

/** A removal that was taken for a source that was away: the order at which it was given, and at which it was taken. */
interface Queued {
  readonly key: string;
  readonly given: number;
  readonly taken: number;
}

function queuedIn(history: History): Queued[] {
  return history.filter(isOf('gone')).flatMap(({ queued, keys, order }) => {
    if (queued !== true) return [];
    const [key = ''] = keys as readonly string[];
    const given = history.findLast(
      (happened) => happened.type === 'removal' && happened.key === key && happened.order < order,
    );
    return [{ key, given: given?.order ?? order, taken: order }];
  });
}

/** The questions by which removals of a key were asked, and when they were confirmed. */
const removalsOf = (history: History, key: string) =>
  history
    .filter(isOf('asked'))
    .filter((asked) => asked.method === 'remove' && asked.key === key)
    .map((asked) => ({
      asked: asked.order,
      call: asked.call,
      confirmed: history.filter(isOf('answered')).find(({ call }) => call === asked.call)?.order,
    }));

/** Everything that was taken reaches the source, after it was given. */
function isDelivered(history: History): void {
  for (const { key, given, taken } of queuedIn(history)) {
    sometimes('a removal is queued', true);
    const confirmed = removalsOf(history, key).find((one) => (one.confirmed ?? -1) > given);
    if (confirmed === undefined)
      throw new Error(`the removal of "${key}" (#${taken}) never reached the source`);
    sometimes(
      'a removal is delivered by another process',
      history.slice(taken, confirmed.asked).some(isOf('booted')),
    );
  }
}

/** What was taken first is confirmed first. */
function isInOrder(history: History): void {
  const queued = queuedIn(history);
  const first = ({ key, given, taken }: Queued): number =>
    removalsOf(history, key).find(
      (one) => one.confirmed !== undefined && one.asked > taken && one.asked > given,
    )?.confirmed ?? Number.POSITIVE_INFINITY;
  for (const before of queued) {
    for (const after of queued) {
      if (before.key === after.key || before.taken > after.given) continue;
      // Of a key whose removal waits already, that one is delivered first.
      const waits = queued.some(
        (one) => one.key === after.key && one.taken < after.given && first(one) > after.given,
      );
      if (waits) continue;
      const saved = history
        .filter(isOf('asked'))
        .some(({ method, key, order }) => method === 'save' && key === before.key && order < first(before));
      // A save under way holds its own key's removal up.
      if (saved || first(after) === Number.POSITIVE_INFINITY) continue;
      sometimes('two removals wait', first(before) > after.taken);
      // The earlier may have been confirmed by a try that was given up: then there is no later one.
      const done = removalsOf(history, before.key).some(
        ({ confirmed = Number.POSITIVE_INFINITY }) => confirmed > before.given && confirmed < first(after),
      );
      if (first(before) > first(after) && !done)
        throw new Error(
          `"${after.key}" (#${after.taken}) was delivered before "${before.key}" (#${before.taken})`,
        );
    }
  }
}

/** After a save was taken nothing of its key is removed but by what was ordered after it was called. */
function undoesNoSave(history: History, saves: readonly Save[]): void {
  for (const { key, value, called, resolved } of saves) {
    sometimes(
      'a save comes after a queued removal',
      queuedIn(history).some((one) => one.key === key && one.taken < called),
    );
    const ordered = history.find(
      (happened) => happened.type === 'removal' && happened.key === key && happened.order >= called,
    );
    const until = ordered?.order ?? Number.POSITIVE_INFINITY;
    for (const { asked, confirmed = Number.POSITIVE_INFINITY } of removalsOf(history, key)) {
      const late = history.slice(asked, resolved).some(isOf('killed'));
      // What a killed process had asked may still be done: nobody is left to wait for it.
      if (asked < until && (asked > resolved || (confirmed > resolved && confirmed < until && !late)))
        throw new Error(
          `the save of ${value} (#${resolved}) was undone by a removal that was asked at #${asked}`,
        );
    }
  }
}

/** What was touched ends no sooner in the source, though that was away, or the process killed, unless it was removed or saved since. */
function touchesArrive(
  { history: { all }, rows }: ScriptedSource<string>,
  touches: readonly Touched[],
): void {
  for (const { key, expiresAt, at, order } of touches) {
    const since = all.slice(order);
    const row = rows.get(key);
    const killed = since.find(isOf('killed'));
    const about = since.filter(isOf('asked')).filter((asked) => asked.key === key);
    // Only what waits in memory still may be lost with it.
    if (row === undefined || (killed !== undefined && killed.at - at < kept)) continue;
    if (about.some(({ method }) => method === 'save' || method === 'remove')) continue;
    // A source that is there and refuses is asked again by the next touch.
    const refused = since.some(
      (happened) =>
        happened.type === 'rejected' && happened.method === 'touch' && happened.error.includes('readonly'),
    );
    if (refused) continue;
    sometimes('a touch arrives', true);
    sometimes(
      'a touch is told by another process',
      killed !== undefined &&
        !about.some(({ method, order: asked }) => method === 'touch' && asked < killed.order),
    );
    if ((row.expiresAt ?? Number.POSITIVE_INFINITY) < expiresAt)
      throw new Error(`the touch of "${key}" (#${order}) never reached the source`);
  }
}

/** Of a row that was removed no touch is told any more, until it is there again; but by a process that does not know what was dropped. */
function touchesNothingGone(history: History): void {
  for (const { key, order } of history.filter(isOf('asked')).filter(({ method }) => method === 'touch')) {
    const gone = history
      .slice(0, order)
      .filter(isOf('gone'))
      .findLast(({ by, keys: some }) => by === 'remove' && some.includes(key ?? ''));
    if (gone === undefined) continue;
    const between = history.slice(gone.order, order);
    const back = between.some(
      (happened) =>
        happened.type === 'booted' ||
        (happened.type === 'put' && happened.key === key) ||
        (happened.type === 'answered' &&
          happened.rows.some((row) => row.key === key && row.state === 'present')),
    );
    if (!back) throw new Error(`"${key}" was removed (#${gone.order}), and is touched (#${order})`);
  }
}
