/** Random programs of transactions and plain operations, what they did, and whether one after another could have done it. */
import {
  type Cache,
  DeadlockError,
  defineCache,
  StateError,
  type Transaction,
  TransactionConflictError,
} from 'holdfast';
import { world } from 'holdfast/testing';

export const keys = ['a', 'b'] as const;
export type Key = (typeof keys)[number];

/** `'end'` sets an expiry that has passed, `'prolong'` one that is far away. */
type Plain = 'put' | 'incr' | 'take' | 'revoke' | 'touch' | 'prolong' | 'end';

export type Action =
  | { readonly do: Plain | 'get'; readonly key: number }
  | { readonly do: 'pause'; readonly ms: number }
  | { readonly do: 'nest'; readonly part: Part; readonly caught: boolean }
  /** The same, begun and not awaited before the end. */
  | { readonly do: 'fork'; readonly part: Part }
  | { readonly do: 'throw' };

/** A transaction on some keys of one of the caches. */
export interface Part {
  readonly cache: number;
  readonly keys: readonly Key[];
  readonly actions: readonly Action[];
}

export type Program =
  | { readonly at: number; readonly part: Part }
  | {
      readonly at: number;
      readonly plain: Plain;
      readonly cache: number;
      readonly key: Key;
    };

/** What was done in effect, in its order. */
type Done =
  | { readonly got: string; readonly value: number | undefined }
  | { readonly held: string; readonly value: boolean }
  | { readonly set: string; readonly value: number | undefined };

export interface Played {
  /** Of every program that came about. */
  readonly traces: readonly (readonly Done[])[];
  readonly outcomes: readonly ('done' | ReturnType<typeof expected>)[];
  readonly final: ReadonlyMap<string, number>;
  /** Virtual ms until all had ended. */
  readonly took: number;
}

class Planned extends Error {}

/**
 * How it ended, where that is an end it may come to. A key that a fork works on is not its outer
 * one's to use, and what goes on inside one that has failed can do nothing more.
 */
function expected(error: unknown): 'thrown' | 'conflict' | 'deadlock' | 'not now' {
  if (error instanceof Planned) return 'thrown';
  if (error instanceof TransactionConflictError) return 'conflict';
  if (error instanceof DeadlockError) return 'deadlock';
  if (error instanceof StateError) return 'not now';
  throw error;
}

export const play = (programs: readonly Program[], tape: readonly number[]): Promise<Played> =>
  world({ tape, hops: true }, async (w) => {
    const caches = [0, 1].map((at) => defineCache<number>({ name: `c${at}`, source: async () => undefined }));
    for (const cache of caches) cache.putMany(keys.map((key, at) => [key, at]));
    const traces: Done[][] = [];
    const outcomes = await Promise.all(
      programs.map(async (program, id): Promise<Played['outcomes'][number]> => {
        await pause(program.at);
        const trace: Done[] = [];
        try {
          if ('part' in program) await run(caches, program.part, trace, id);
          else doOne(caches[program.cache]!, program.cache, program.plain, program.key, trace, 1000 + id);
        } catch (error) {
          return expected(error);
        }
        traces.push(trace);
        return 'done';
      }),
    );
    const took = w.now;
    // Nothing is locked any more.
    for (const cache of caches) await cache.transaction(keys, (tx) => tx.getMany(keys), { timeout: 1 });
    const final = new Map<string, number>();
    caches.forEach((cache, at) => {
      for (const [key, value] of cache.getMany(keys)) final.set(`${at}${key}`, value);
    });
    return { traces, outcomes, final, took };
  });

async function run(
  caches: readonly Cache<number>[],
  { cache, keys, actions }: Part,
  trace: Done[],
  id: number,
): Promise<void> {
  const inside: Done[] = [];
  await caches[cache]!.transaction(
    keys,
    async (tx) => {
      const forks: Promise<unknown>[] = [];
      for (const action of actions) {
        if (action.do === 'pause') await pause(action.ms);
        else if (action.do === 'throw') throw new Planned();
        else if (action.do === 'fork') {
          const forked = run(caches, action.part, inside, id * 10 + 2);
          // It fails with what is around it, too.
          forks.push(forked.catch(expected));
        } else if (action.do === 'nest') {
          const nested = run(caches, action.part, inside, id * 10 + 1);
          await (action.caught ? nested.catch(expected) : nested);
        } else {
          const key = keys[action.key % keys.length];
          if (key !== undefined) doOne(tx, cache, action.do, key, inside, id);
        }
      }
      await Promise.all(forks);
    },
    { timeout: '1h' },
  );
  trace.push(...inside);
}

function doOne(
  place: Omit<Transaction<number>, 'signal' | 'fetch'>,
  cache: number,
  what: Plain | 'get',
  key: Key,
  trace: Done[],
  id: number,
): void {
  const at = `${cache}${key}`;
  const set = (value: number | undefined) => trace.push({ set: at, value });
  if (what === 'get') trace.push({ got: at, value: place.get(key) });
  if (what === 'put') {
    // What was read decides what is written: a lost update shows.
    const value = trace.reduce((sum, done) => sum + ('got' in done ? (done.value ?? 50) : 0), id * 100);
    place.put(key, value);
    set(value);
  }
  if (what === 'incr') {
    const value = place.incr(key);
    trace.push({ got: at, value: value === 1 ? undefined : value - 1 });
    set(value);
  }
  if (what === 'take') {
    trace.push({ got: at, value: place.take(key) });
    set(undefined);
  }
  if (what === 'revoke') {
    place.revoke(key);
    set(undefined);
  }
  if (what === 'touch') trace.push({ held: at, value: place.touch(key) });
  if (what === 'prolong') trace.push({ held: at, value: place.expire(key, '1h') });
  if (what === 'end') {
    trace.push({ held: at, value: place.expireAt(key, 0) });
    set(undefined);
  }
}

/** Whether some order of the traces, one whole after another, gives every read what it got, and ends in what was left. */
export function isSerial({ traces, final }: Played): boolean {
  const begin = new Map<string, number>();
  for (const cache of [0, 1]) for (const [at, key] of keys.entries()) begin.set(`${cache}${key}`, at);
  const search = (left: readonly (readonly Done[])[], state: ReadonlyMap<string, number>): boolean => {
    if (left.length === 0)
      return state.size === final.size && [...state].every(([key, value]) => final.get(key) === value);
    return left.some((trace, at) => {
      const next = replayed(trace, state);
      return next !== undefined && search([...left.slice(0, at), ...left.slice(at + 1)], next);
    });
  };
  return search(traces, begin);
}

function replayed(
  trace: readonly Done[],
  state: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> | undefined {
  const next = new Map(state);
  for (const done of trace) {
    if ('got' in done) {
      // A count that stood at 0 and one that was not there look the same from outside.
      if (next.get(done.got) !== done.value && (next.get(done.got) ?? 0) !== (done.value ?? 0))
        return undefined;
    } else if ('held' in done) {
      if (next.has(done.held) !== done.value) return undefined;
    } else if (done.value === undefined) next.delete(done.set);
    else next.set(done.set, done.value);
  }
  return next;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
