/** A cache under a supervisor of its own, over a scripted source, in virtual time. Cleans up, and looks that nothing is left. */
import {
  type BusEvent,
  type Cache,
  type CacheEvents,
  type CacheOptions,
  child,
  createRuntime,
  defineCache,
  exit,
  type Logger,
  memorySnapshotStore,
  type Runtime,
} from 'holdfast';
import {
  type ScriptedSource,
  type ScriptedSourceOptions,
  scriptedSource,
  type World,
  type WorldProcess,
  world,
} from 'holdfast/testing';
import { expect } from 'vitest';

export type Event = { [T in keyof CacheEvents]: BusEvent<CacheEvents, T> }[keyof CacheEvents];
export type Actor = 'cache' | 'listener' | 'warmer' | 'janitor' | 'snapshotter' | 'throttle';
type Options<V> = Omit<CacheOptions<V>, 'name' | 'source'> &
  Partial<Pick<CacheOptions<V>, 'name' | 'source'>>;

export interface Line {
  readonly level: keyof Logger;
  readonly fields: object;
  readonly message: string;
}

/** One cache that runs, in a process of its own. */
export interface Booted<V> {
  readonly cache: Cache<V>;
  readonly runtime: Runtime;
  /** What its bus told, from the definition on. */
  readonly events: readonly Event[];
  /** The events of one topic. */
  told<T extends keyof CacheEvents>(topic: T): readonly BusEvent<CacheEvents, T>[];
  readonly log: readonly Line[];
  crash(actor: Actor, how?: 'killed' | 'error'): void;
  incarnations(actor: Actor): number;
  stop(): Promise<void>;
  /** SIGKILL: nothing is stopped or flushed. The snapshot store keeps what had resolved. */
  kill(): void;
}

export interface Scene<V> {
  readonly w: World;
  readonly db: ScriptedSource<V>;
  readonly store: ReturnType<typeof memorySnapshotStore>;
  /** Starts a cache over `db`; waits until it has started. */
  boot(options?: Options<V>): Promise<Booted<V>>;
  /** The same without starting it. */
  define(options?: Options<V>): Booted<V> & { start(): Promise<void> };
  /** How often the source was asked so. */
  asked(method: string, key?: string): number;
}

export interface SceneOptions<V> extends ScriptedSourceOptions<V> {
  readonly options?: Options<V>;
  readonly seed?: number;
  /** The source's hopeless calls may outlive the stop. */
  readonly leaves?: boolean;
}

/** No jitter anywhere, so that times can be told. */
const calm = { backoff: { jitter: false } } as const;

/** A test in a world of its own: `it('…', scene({ rows: { a: 'A' } }, async ({ boot }) => { … }))`. */
export function scene<V = string>(
  { options, seed, leaves, ...database }: SceneOptions<V>,
  body: (scene: Scene<V>) => Promise<void>,
): (test?: { readonly signal?: AbortSignal }) => Promise<void> {
  return ({ signal } = {}) =>
    world({ within: '90d', ...(signal && { signal }), ...(seed !== undefined && { seed }) }, async (w) => {
      const db = scriptedSource<V>(database);
      const store = memorySnapshotStore();
      const booted: Booted<V>[] = [];

      const define: Scene<V>['define'] = (more) => {
        const process = w.process();
        const events: Event[] = [];
        const log: Line[] = [];
        const cache = within(
          process,
          defineCache<V>({ name: 'test', source: db, warm: calm, ...options, ...more }),
        );
        cache.bus.subscribe('*', (event) => events.push(event));
        const runtime = createRuntime(
          { children: [child({ id: 'cache', logic: cache.supervisor })] },
          { logger: logger(log) },
        );
        const name = more?.name ?? options?.name ?? 'test';
        const refOf = (actor: Actor) => {
          const ref = runtime.whereis(`${name}/${actor}`);
          if (ref === undefined) throw new Error(`No ${actor} runs now.`);
          return ref;
        };
        let alive = true;
        const one = {
          cache,
          runtime,
          events,
          log,
          told: <T extends keyof CacheEvents>(topic: T) =>
            events.filter((event) => event.type === topic) as unknown as BusEvent<CacheEvents, T>[],
          crash: (actor: Actor, how: 'killed' | 'error' = 'killed') =>
            process.run(() =>
              exit(
                refOf(actor),
                how === 'killed'
                  ? { type: 'killed' }
                  : { type: 'error', error: new Error(`${actor} crashed`) },
              ),
            ),
          incarnations: (actor: Actor) =>
            runtime.tree().children?.[0]?.children?.find(({ id }) => id === actor)?.incarnation ?? 0,
          stop: async () => {
            if (alive) await process.run(() => runtime.stop());
          },
          kill() {
            alive = false;
            store.crash();
            process.kill();
          },
          async start() {
            await process.run(() => runtime.start());
          },
        };
        booted.push(one);
        return one;
      };

      await body({
        w,
        db,
        store,
        define,
        async boot(more) {
          const one = define(more);
          await one.start();
          return one;
        },
        asked: (method, key) =>
          db.history.all.filter(
            (happened) =>
              happened.type === 'asked' &&
              happened.method === method &&
              (key === undefined || happened.key === key),
          ).length,
      });
      for (const { stop } of booted) await stop();
      await w.settle();
      if (leaves !== true) expect(w.pending, 'nothing waits after the stop').toEqual([]);
    });
}

/** The same cache; what comes of a call is the process's, and dies with it. */
function within<C extends object>(process: WorldProcess, cache: C): C {
  return new Proxy(cache, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => process.run(() => value.apply(target, args));
    },
  });
}

/** A promise that the test settles. */
export function gate<T = void>(): {
  readonly promise: Promise<T>;
  readonly open: (value: T) => void;
  readonly fail: (error: unknown) => void;
} {
  let open!: (value: T) => void;
  let fail!: (error: unknown) => void;
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

/** Lets promises go on until something has happened that only waits for them. */
export async function reached(condition: () => boolean): Promise<void> {
  for (let turns = 0; turns < 10_000; turns++) {
    if (condition()) return;
    await Promise.resolve();
  }
  throw new Error('It never came to that.');
}

function logger(into: Line[]): Logger {
  const at = (level: keyof Logger) => (fields: object, message: string) => {
    into.push({ level, fields, message });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
