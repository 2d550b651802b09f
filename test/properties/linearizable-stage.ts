/** Clients of one cache, in front of a database that is slow, away, or loses its answers; and what they did, as a history for each key. */
import {
  type Cache,
  type CacheOptions,
  createRuntime,
  defineCache,
  exit,
  type Lookup,
  type Source,
  SourceUnavailableError,
} from 'holdfast';
import { type SourceMode, simulatedSource, sometimes, type WholeSource, world } from 'holdfast/testing';
import type { Call } from './linearizable-checker.js';

/** What is done to rows of the database, through the cache. */
export const rowDeeds = [
  'save',
  'remove',
  'read',
  'readMany',
  'fetch',
  'refresh',
  'lookup',
  'take',
  'invalidate',
] as const;
/** What is done to counts, which are in memory alone: the database knows of none. */
export const countDeeds = [
  'put',
  'incr',
  'update',
  'getAndUpdate',
  'take',
  'revoke',
  'read',
  'readMany',
  'getMany',
  'fetch',
  'lookup',
] as const;

export interface Plan<Kind extends string> {
  /** What each does, one after the other, so many ms after its last one has ended. */
  readonly clients: readonly (readonly {
    readonly after: number;
    readonly do: Kind;
    readonly key: number;
  }[])[];
  /** How long the database takes, ms. */
  readonly latency: number;
  readonly weather: readonly { readonly at: number; readonly mode: SourceMode; readonly for: number }[];
  /** Of the database's writes, one by one: how long the answer is under way, ms. `lost`: an error comes instead. */
  readonly answers: readonly (number | 'lost')[];
  /** Of its loads, how long. */
  readonly loads: readonly number[];
  /** When the cache's actor is killed. */
  readonly crashes: readonly number[];
  readonly ttl: number;
  /** Memory holds one entry only. */
  readonly cramped: boolean;
  readonly tape: readonly number[];
}

export type Value = number | undefined;

/** What came of one key. */
export interface Chronicle {
  readonly calls: Call<Value>[];
  /** Answers that say that the key was removed here, which the database is not asked about. */
  readonly removed: { readonly called: number; readonly returned: number }[];
}

export type Chronicles = Readonly<Record<(typeof keys)[number], Chronicle>>;

export const keys = ['a', 'b'] as const;
type Key = (typeof keys)[number];

/** Nobody was told. */
const never = Number.POSITIVE_INFINITY;
const is =
  (value: Value): Call<Value>['after'] =>
  (state) =>
    state === value ? [state] : [];

/** What the database holds of each row at first. */
export const initially = 0;

export const playRows = (plan: Plan<(typeof rowDeeds)[number]>): Promise<Chronicles> => {
  let last = initially;
  const database = () =>
    simulatedSource<number>({ rows: { a: initially, b: initially }, latency: plan.latency });
  const lastly = ['lookup', 'read', 'refresh', 'lookup'] as const;
  const terms = { ttl: plan.ttl, staleFor: '1h', warm: { every: 60 }, sweep: { every: 40 } } as const;
  return play(plan, { database, lastly, ...terms }, (client, deed, key) => {
    const { cache } = client;
    const say = (lookup: Lookup<number>, of: Key = key): void => {
      sometimes(`a row is ${lookup.status}`, true);
      if (lookup.status === 'fresh') client.note(of, `${deed}: ${lookup.value}`, is(lookup.value));
      else if (lookup.status === 'absent' && lookup.because === 'removed') client.noteRemoved(of);
      else if (lookup.status === 'absent') client.note(of, `${deed}: absent`, is(undefined));
      // What is stale says that it is old; of what is unknown nothing is said.
    };
    switch (deed) {
      case 'save': {
        const value = ++last;
        return client.write(key, `save ${value}`, value, () => cache.save(key, value));
      }
      case 'remove':
        return client.write(key, deed, undefined, () => cache.remove(key));
      case 'read':
      case 'refresh':
        return client.ask(async () => say(await cache[deed](key)));
      case 'readMany':
        return client.ask(async () => {
          const answers = await cache.readMany(keys);
          for (const of of keys) say(answers.get(of)!, of);
        });
      case 'fetch':
        return client.ask(async () => {
          const value = await cache.fetch(key, { accept: 'fresh' });
          // Undefined does not tell whether it was removed here.
          if (value !== undefined) client.note(key, `${deed}: ${value}`, is(value));
        });
      case 'lookup':
        return say(cache.lookup(key));
      default:
        // Memory forgets it, the database does not.
        cache[deed](key);
    }
  });
};

export const playCounts = (plan: Plan<(typeof countDeeds)[number]>): Promise<Chronicles> => {
  let last = 0;
  const database = () => simulatedSource<number>({ latency: plan.latency, has: ['ping'] });
  return play(
    plan,
    { database, lastly: ['lookup', 'read'], ttl: '1h', negativeTtl: plan.ttl },
    (client, deed, key) => {
      const { cache } = client;
      // Nobody but its clients knows of it: what is told as unknown or as absent is not there.
      const say = (lookup: Lookup<number>, of: Key = key): void => {
        sometimes(`a count is ${lookup.status}`, true);
        const value = lookup.status === 'fresh' || lookup.status === 'stale' ? lookup.value : undefined;
        client.note(of, `${deed}: ${value}`, is(value));
      };
      switch (deed) {
        case 'put': {
          const value = 1000 * ++last;
          cache.put(key, value);
          return client.note(key, `put ${value}`, () => [value]);
        }
        case 'incr': {
          const count = cache.incr(key, 3);
          return client.note(key, `incr by 3: ${count}`, (state = 0) => (state + 3 === count ? [count] : []));
        }
        case 'update': {
          const value = cache.update(key, (held) => held + 20);
          return client.note(key, `update by 20: ${value}`, (state) =>
            (state === undefined ? undefined : state + 20) === value ? [value] : [],
          );
        }
        case 'getAndUpdate': {
          const before = cache.getAndUpdate(key, (held = 500) => held + 100);
          return client.note(key, `getAndUpdate by 100: ${before}`, (state) =>
            state === before ? [(state ?? 500) + 100] : [],
          );
        }
        case 'take': {
          const taken = cache.take(key);
          return client.note(key, `take: ${taken}`, (state) => (state === taken ? [undefined] : []));
        }
        case 'revoke':
          cache.revoke(key);
          return client.note(key, deed, () => [undefined]);
        case 'lookup':
          return say(cache.lookup(key));
        case 'getMany': {
          const held = cache.getMany(keys);
          for (const of of keys) client.note(of, `${deed}: ${held.get(of)}`, is(held.get(of)));
          return;
        }
        case 'readMany':
          return client.ask(async () => {
            const answers = await cache.readMany(keys);
            for (const of of keys) say(answers.get(of)!, of);
          });
        case 'fetch':
          return client.ask(async () => {
            const value = await cache.fetch(key);
            client.note(key, `fetch: ${value}`, is(value));
          });
        default:
          return client.ask(async () => say(await cache[deed](key)));
      }
    },
  );
};

/** One who waits for each answer before going on. */
class Client {
  #called = 0;

  constructor(
    readonly cache: Cache<number>,
    readonly instant: () => number,
    readonly chronicles: Chronicles,
  ) {}

  begin(): void {
    this.#called = this.instant();
  }

  note(key: Key, what: string, after: Call<Value>['after'], returned = this.instant()): void {
    this.chronicles[key].calls.push({ what, called: this.#called, returned, after });
  }

  noteRemoved(key: Key): void {
    this.chronicles[key].removed.push({ called: this.#called, returned: this.instant() });
  }

  /** A question that may find nobody who can say. */
  async ask(work: () => Promise<void>): Promise<void> {
    await work().catch(mustBeAway);
  }

  /** An order that may come to nothing, or be carried out at any time, where it is told that the database is away. */
  async write(key: Key, what: string, value: Value, work: () => Promise<unknown>): Promise<void> {
    const error = await work().then(
      () => undefined,
      (thrown: unknown) => mustBeAway(thrown),
    );
    if (error === undefined) this.note(key, what, () => [value]);
    else this.note(key, what, () => [value], never);
  }
}

function mustBeAway(error: unknown): SourceUnavailableError {
  if (error instanceof SourceUnavailableError) return error;
  throw error;
}

function play<Kind extends string>(
  plan: Plan<Kind>,
  {
    database,
    lastly,
    ...options
  }: Partial<CacheOptions<number>> & {
    readonly database: () => Pick<WholeSource<number>, 'become'> & Source<number>;
    readonly lastly: readonly Kind[];
  },
  act: (client: Client, deed: Kind, key: Key) => Promise<void> | void,
): Promise<Chronicles> {
  return world({ tape: plan.tape, hops: true }, async () => {
    const db = database();
    const cache = defineCache<number>({
      name: 'rows',
      source: farAway(db, plan),
      negativeTtl: 30,
      load: { timeout: 20, softTimeout: 8, concurrency: 2, retries: 1 },
      ...(plan.cramped && { maxEntries: 1 }),
      ...options,
      warm: { ...options.warm, backoff: { min: 5, max: 10 } },
    });
    const runtime = createRuntime({ children: [{ id: 'rows', logic: cache.supervisor }] });
    await runtime.start();
    for (const { at, mode, for: span } of plan.weather) setTimeout(() => db.become(mode, span), at);
    for (const at of plan.crashes) {
      setTimeout(() => {
        const actor = runtime.whereis('rows/cache');
        if (actor !== undefined) exit(actor, { type: 'killed' });
      }, at);
    }
    const chronicles: Chronicles = { a: { calls: [], removed: [] }, b: { calls: [], removed: [] } };
    let instants = 0;
    const newClient = (): Client => new Client(cache, () => ++instants, chronicles);
    await Promise.all(
      plan.clients.map(async (deeds) => {
        const client = newClient();
        for (const { after, do: deed, key } of deeds) {
          await pause(after);
          client.begin();
          await act(client, deed, keys[key % keys.length] as Key);
        }
      }),
    );
    // When all have gone: what memory holds, and then what the database does.
    const last = newClient();
    for (const deed of lastly) {
      for (const key of keys) {
        last.begin();
        await act(last, deed, key);
      }
    }
    await runtime.stop();
    return chronicles;
  });
}

/** The database, behind a connection on which answers take their time, and those to writes may be lost. */
function farAway(
  db: Source<number>,
  { answers, loads }: Pick<Plan<string>, 'answers' | 'loads'>,
): Source<number> {
  let [asked, written] = [0, 0];
  const answered = async (write: Promise<void> | undefined): Promise<void> => {
    await write;
    const answer = answers[written++] ?? 0;
    if (answer === 'lost') throw new SourceUnavailableError('The connection broke before the answer came.');
    await pause(answer);
  };
  return {
    ...db,
    async load(key, context) {
      const row = await db.load(key, context);
      await pause(loads[asked++] ?? 0);
      return row;
    },
    ...(db.save && { save: (row, context) => answered(db.save?.(row, context)) }),
    ...(db.remove && { remove: (key, context) => answered(db.remove?.(key, context)) }),
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
