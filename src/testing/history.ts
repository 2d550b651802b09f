import type { Lookup } from '../../actors/cache/lookup.js';
import type { Milliseconds } from '../runtime/duration.js';
import { shown } from './shown.js';
import { currentWorld } from './world.js';

/** A row as the database held it, or as it was answered. No value: there was no such row. */
export interface Seen<V> {
  readonly key: string;
  readonly state: 'present' | 'absent' | 'corrupt';
  readonly value?: V;
  readonly expiresAt?: number;
}

export type SourceMethod =
  | 'load'
  | 'loadMany'
  | 'scan'
  | 'changes'
  | 'missing'
  | 'save'
  | 'remove'
  | 'touch'
  | 'ping'
  | 'subscribe';

/** What happened between a cache, its source, and whoever uses the cache. */
export type Happening<V> =
  /** The database changed, by whoever. */
  | ({ readonly type: 'row' } & Seen<V>)
  /** The source was asked. `call` numbers the question. */
  | {
      readonly type: 'asked';
      readonly call: number;
      readonly method: SourceMethod;
      readonly key?: string;
      /** Of a `loadMany`. */
      readonly keys?: readonly string[];
    }
  /**
   * It answered to what it was asked at `began`, what it held at `asOf` (orders). A scan answers many times, once for each
   * page.
   */
  | {
      readonly type: 'answered';
      readonly call: number;
      readonly method: SourceMethod;
      readonly began: number;
      readonly asOf: number;
      readonly rows: readonly Seen<V>[];
      /** Nothing more comes. */
      readonly last: boolean;
      /** What was handed over was not these rows: it was nonsense. */
      readonly garbled?: true;
    }
  | {
      readonly type: 'rejected';
      readonly call: number;
      readonly method: SourceMethod;
      readonly error: string;
    }
  /** Its signal fired: nobody waits for the answer. */
  | { readonly type: 'abandoned'; readonly call: number; readonly method: SourceMethod }
  /** A removal that was queued has been done, and gone from the outbox. */
  | { readonly type: 'struck'; readonly key: string }
  | { readonly type: 'put'; readonly key: string; readonly value: V; readonly expiresAt?: number }
  /** Who listens to the source was told that the row was written, by whoever. */
  | { readonly type: 'noticed'; readonly key: string }
  /** The cache was told that a row is in use until then. */
  | { readonly type: 'touched'; readonly key: string; readonly expiresAt: number }
  | {
      readonly type: 'gone';
      readonly keys: readonly string[] | 'all';
      readonly by: 'invalidate' | 'revoke' | 'remove' | 'clear';
      /** Of a removal: the source was away, and is to be told when it is back. */
      readonly queued?: true;
    }
  /** A removal was ordered. What came of it: `gone`, or nothing. */
  | { readonly type: 'removal'; readonly key: string }
  /** The cache told what it knows. `began` is the order at which it was asked. */
  | {
      readonly type: 'told';
      readonly key: string;
      readonly by: 'lookup' | 'read';
      readonly began: number;
      readonly lookup: Lookup<V>;
    }
  | { readonly type: 'failed'; readonly key: string; readonly by: 'read'; readonly error: string }
  /** The cache found the source to be away, or back. */
  | { readonly type: 'source'; readonly status: 'down' | 'up' }
  /** A pass was ordered: `warm()`. */
  | { readonly type: 'ordered' }
  /** The cache told that a pass is complete. */
  | { readonly type: 'passed' }
  | { readonly type: 'fault'; readonly what: string }
  /** The process died without a chance to write; nothing in memory survives. */
  | { readonly type: 'killed' }
  /** A cache began to answer. */
  | { readonly type: 'booted' }
  /** The wall clock has jumped, or the process begins to stand still for so many ms. */
  | { readonly type: 'jumped' }
  | { readonly type: 'paused'; readonly ms: number };

/** A happening with its place. */
export type Happened<V> = Happening<V> & {
  /** Its index in the history. */
  readonly order: number;
  /** Its virtual time, ms. */
  readonly at: Milliseconds;
  /** What the wall clock said, ms since the epoch. */
  readonly wall: Milliseconds;
};

/** Everything that happened, in order. Times alone cannot tell what came first at one instant. */
export class History<V> {
  readonly #happened: Happened<V>[] = [];
  #calls = 0;

  get all(): readonly Happened<V>[] {
    return this.#happened;
  }

  /** The order of the next happening. */
  get next(): number {
    return this.#happened.length;
  }

  /** A number for a new question to the source. */
  newCall(): number {
    return ++this.#calls;
  }

  /** Notes what happens now, here and in the world's trace. Returns its order. */
  add(happening: Happening<V>): number {
    const order = this.#happened.length;
    const world = currentWorld();
    const at = world === undefined ? performance.now() : world.now;
    this.#happened.push(placed(happening, order, at, Date.now()));
    world?.note(written(happening));
    return order;
  }
}

/** The two that are by far the most have their members named: a copy of what may have any members costs five times as much. */
function placed<V>(
  happening: Happening<V>,
  order: number,
  at: Milliseconds,
  wall: Milliseconds,
): Happened<V> {
  if (happening.type === 'asked' && happening.key === undefined && happening.keys === undefined) {
    const { type, call, method } = happening;
    return { type, call, method, order, at, wall };
  }
  if (happening.type === 'answered' && happening.garbled === undefined) {
    const { type, call, method, began, asOf, rows, last } = happening;
    return { type, call, method, began, asOf, rows, last, order, at, wall };
  }
  return { ...happening, order, at, wall };
}

/** Its type, and all else as JSON, which is written ten times as fast as what `inspect` writes, where it can be. */
function written<V>(happening: Happening<V>): string {
  const { type } = happening;
  try {
    const json = JSON.stringify(happening);
    const begin = `{"type":"${type}"`;
    // Taken out of what was written: a copy without the type costs more than the writing.
    if (json.startsWith(begin))
      return `${type} {${json.slice(begin.length + (json[begin.length] === ',' ? 1 : 0))}`;
    const { type: _, ...others } = happening;
    return `${type} ${JSON.stringify(others)}`;
  } catch {
    const { type: _, ...others } = happening;
    return `${type} ${shown(others)}`;
  }
}

/** A happening in one line. */
export function line<V>({ type, order, at, wall: _, ...others }: Happened<V>): string {
  return `#${order} ${at} ms ${type} ${shown(others)}`;
}
