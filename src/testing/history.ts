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

export type SourceMethod = 'load' | 'scan' | 'changes' | 'missing' | 'save' | 'remove' | 'ping';

/** What happened between a cache, its source, and whoever uses the cache. */
export type Happening<V> =
  /** The database changed, by whoever. */
  | ({ readonly type: 'row' } & Seen<V>)
  /** The source was asked. `call` numbers the question. */
  | { readonly type: 'asked'; readonly call: number; readonly method: SourceMethod; readonly key?: string }
  /** It answered, what it held at `asOf` (an order). A scan answers many times, once for each page. */
  | {
      readonly type: 'answered';
      readonly call: number;
      readonly method: SourceMethod;
      readonly asOf: number;
      readonly rows: readonly Seen<V>[];
      /** Nothing more comes. */
      readonly last: boolean;
    }
  | {
      readonly type: 'rejected';
      readonly call: number;
      readonly method: SourceMethod;
      readonly error: string;
    }
  /** Its signal fired: nobody waits for the answer. */
  | { readonly type: 'abandoned'; readonly call: number; readonly method: SourceMethod }
  | { readonly type: 'put'; readonly key: string; readonly value: V; readonly expiresAt?: number }
  | {
      readonly type: 'gone';
      readonly keys: readonly string[] | 'all';
      readonly by: 'invalidate' | 'revoke' | 'remove' | 'clear';
    }
  /** The cache told what it knows. `began` is the order at which it was asked. */
  | {
      readonly type: 'told';
      readonly key: string;
      readonly by: 'lookup' | 'read';
      readonly began: number;
      readonly wall: number;
      readonly lookup: Lookup<V>;
    }
  | { readonly type: 'failed'; readonly key: string; readonly by: 'read'; readonly error: string }
  | { readonly type: 'fault'; readonly what: string }
  /** The process died without a chance to write; nothing in memory survives. */
  | { readonly type: 'killed' }
  /** A cache began to answer. */
  | { readonly type: 'booted' };

/** A happening with its place: `order` is its index in the history, `at` its virtual time. */
export type Happened<V> = Happening<V> & { readonly order: number; readonly at: Milliseconds };

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
    this.#happened.push({ ...happening, order, at: world?.now ?? performance.now() });
    world?.note(line(happening));
    return order;
  }
}

/** A happening in one line. */
function line<V>({ type, ...rest }: Happening<V>): string {
  return `${type} ${shown(rest)}`;
}
