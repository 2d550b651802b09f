/** What a cache's operations on values and times come to, in the simplest words: a Map, and two clocks. */
import { CounterError, type EntryOptions, type Lookup, type Transaction } from 'holdfast';

export type Value = number | string | null | false;

/** The cache's own. */
export const terms = { ttl: 100, staleFor: 200 } as const;

interface Entry {
  value: Value;
  /** When its age began. */
  since: number;
  ttl: number;
  /** When it was last confirmed for, and not a ms longer. */
  end: number;
  expiresAt: number;
  readonly tag: string | undefined;
}

type Record = Entry | { readonly revokedAt: number };

export type Operation =
  | { readonly op: 'put'; readonly key: string; readonly value: Value; readonly entry: Given }
  | {
      readonly op: 'putMany';
      readonly keys: readonly string[];
      readonly value: Value;
      readonly entry: Given;
      readonly bad: boolean;
    }
  | { readonly op: 'update' | 'getAndUpdate'; readonly key: string; readonly next: Value | undefined }
  | {
      readonly op: 'incr' | 'decr';
      readonly key: string;
      readonly by: number;
      readonly ttl: number | undefined;
    }
  | { readonly op: 'getMany'; readonly keys: readonly string[] }
  | { readonly op: 'get' | 'take' | 'revoke' | 'invalidate' | 'ttl' | 'touch'; readonly key: string }
  | { readonly op: 'expire' | 'expireAt'; readonly key: string; readonly in: number };

export interface Given {
  readonly ttl?: number | undefined;
  readonly staleFor?: number | undefined;
  readonly expiresIn?: number | undefined;
  readonly tag?: string | undefined;
}

/** What came of an operation: what it gave, or that it was an error. */
export type Outcome = { readonly gave: unknown } | { readonly error: 'counter' | 'options' };

const optionsOf = ({ ttl, staleFor, expiresIn, tag }: Given, wall: number): EntryOptions => ({
  ...(ttl !== undefined && { ttl }),
  ...(staleFor !== undefined && { staleFor }),
  ...(expiresIn !== undefined && { expiresAt: wall + expiresIn }),
  ...(tag !== undefined && { tags: [tag] }),
});

/** Does it to a cache, or through a transaction. */
export function perform(
  place: Omit<Transaction<Value>, 'signal' | 'fetch'>,
  operation: Operation,
  wall: number,
): unknown {
  switch (operation.op) {
    case 'put':
      return place.put(operation.key, operation.value, optionsOf(operation.entry, wall));
    case 'putMany': {
      const entries = operation.keys.map(
        (key) => [key, operation.value, optionsOf(operation.entry, wall)] as const,
      );
      return place.putMany(operation.bad ? [...entries, ['a', undefined as never]] : entries);
    }
    case 'update':
      return place.update(operation.key, () => operation.next as Value);
    case 'getAndUpdate':
      return place.getAndUpdate(operation.key, () => operation.next);
    case 'getMany':
      return place.getMany(operation.keys);
    case 'incr':
    case 'decr':
      return place[operation.op](operation.key, operation.by, optionsOf({ ttl: operation.ttl }, wall));
    case 'expire':
      return place.expire(operation.key, Math.max(0, operation.in));
    case 'expireAt':
      return place.expireAt(operation.key, wall + operation.in);
    default:
      return place[operation.op](operation.key);
  }
}

export class Model {
  #records: Map<string, Record>;
  now = 0;
  wall = 0;

  constructor(records: Iterable<readonly [string, Record]> = []) {
    this.#records = new Map(records);
  }

  /** As it stands, to be tried on. */
  copy(): Model {
    const copy = new Model([...this.#records].map(([key, record]) => [key, { ...record }]));
    copy.now = this.now;
    copy.wall = this.wall;
    return copy;
  }

  #held(key: string): Entry | undefined {
    const entry = this.#records.get(key);
    if (entry === undefined || 'revokedAt' in entry) return undefined;
    // Once seen to be over it stays so, whatever the wall clock says later.
    if (this.wall >= entry.expiresAt) entry.expiresAt = Number.NEGATIVE_INFINITY;
    return this.#isServed(entry) ? entry : undefined;
  }

  readonly #isServed = (record: Record): record is Entry =>
    !('revokedAt' in record) && this.wall < record.expiresAt && this.now < record.end;

  /** What may be served, as whoever walks through all of it finds it. */
  served(): [key: string, value: Value][] {
    return [...this.#records].flatMap(([key, record]) =>
      this.#isServed(record) ? [[key, record.value] satisfies [string, Value]] : [],
    );
  }

  /** Which keys are known to be removed. */
  removed(): string[] {
    return [...this.#records].flatMap(([key, record]) => ('revokedAt' in record ? [key] : []));
  }

  /** The tag's entries go. Says how many of them might have been served. */
  invalidateTag(tag: string): number {
    let count = 0;
    for (const [key, record] of this.#records) {
      if ('revokedAt' in record || record.tag !== tag) continue;
      if (this.#isServed(record)) count += 1;
      this.#records.delete(key);
    }
    return count;
  }

  /** Evicts. */
  evict(key: string): void {
    this.#records.delete(key);
  }

  #put(
    key: string,
    value: Value,
    { ttl = terms.ttl, staleFor = terms.staleFor, expiresIn, tag }: Given = {},
  ): void {
    const expiresAt = expiresIn === undefined ? Number.POSITIVE_INFINITY : this.wall + expiresIn;
    this.#records.set(key, { value, since: this.now, ttl, end: this.now + ttl + staleFor, expiresAt, tag });
  }

  does(operation: Operation): Outcome {
    if (operation.op === 'putMany') {
      if (operation.bad) return { error: 'options' };
      for (const key of operation.keys) this.#put(key, operation.value, operation.entry);
      return { gave: undefined };
    }
    if (operation.op === 'getMany') {
      const held = operation.keys.flatMap((key) => {
        const entry = this.#held(key);
        return entry === undefined ? [] : [[key, entry.value] as const];
      });
      return { gave: new Map(held) };
    }
    const { key } = operation;
    if (operation.op === 'put') {
      this.#put(key, operation.value, operation.entry);
      return { gave: undefined };
    }
    if (operation.op === 'revoke') {
      this.#records.set(key, { revokedAt: this.now });
      return { gave: undefined };
    }
    if (operation.op === 'invalidate') {
      this.#records.delete(key);
      return { gave: undefined };
    }
    if (operation.op === 'expire') return { gave: this.expireAt(key, this.wall + Math.max(0, operation.in)) };
    if (operation.op === 'expireAt') return { gave: this.expireAt(key, this.wall + operation.in) };
    if (operation.op === 'touch') return { gave: this.touch(key) };
    if (operation.op === 'ttl') return { gave: this.ttl(key) };
    const held = this.#held(key);
    switch (operation.op) {
      case 'get':
        return { gave: held?.value };
      case 'take':
        if (held !== undefined) this.#records.delete(key);
        return { gave: held?.value };
      case 'update':
      case 'getAndUpdate': {
        const { op, next } = operation;
        if (held === undefined) {
          if (op === 'getAndUpdate' && next !== undefined) this.#put(key, next);
          return { gave: undefined };
        }
        if (next === undefined) return { error: 'options' };
        const before = held.value;
        held.value = next;
        return { gave: op === 'update' ? next : before };
      }
      case 'incr':
      case 'decr': {
        const by = operation.op === 'incr' ? operation.by : 0 - operation.by;
        if (held === undefined || this.now - held.since >= held.ttl) {
          this.#put(key, by, { ttl: operation.ttl });
          return { gave: by };
        }
        if (typeof held.value !== 'number') return { error: 'counter' };
        held.value += by;
        return { gave: held.value };
      }
    }
  }

  ttl(key: string): number | undefined {
    const held = this.#held(key);
    if (held === undefined) return undefined;
    return Math.max(0, Math.min(held.since + held.ttl - this.now, held.expiresAt - this.wall));
  }

  expireAt(key: string, at: number): boolean {
    const held = this.#held(key);
    if (held === undefined) return false;
    held.expiresAt = at <= this.wall ? Number.NEGATIVE_INFINITY : at;
    return true;
  }

  touch(key: string): boolean {
    const held = this.#held(key);
    if (held === undefined) return false;
    held.since = this.now;
    held.ttl = Math.min(held.ttl, held.end - this.now);
    return true;
  }

  lookup(key: string): Lookup<Value> {
    const held = this.#held(key);
    const record = this.#records.get(key);
    if (held === undefined) {
      return record !== undefined && 'revokedAt' in record
        ? { status: 'absent', age: this.now - record.revokedAt, because: 'removed' }
        : { status: 'unknown', because: 'not-loaded' };
    }
    const age = this.now - held.since;
    const told = {
      value: held.value,
      age,
      ...(Number.isFinite(held.expiresAt) && { expiresAt: held.expiresAt }),
    };
    return age < held.ttl ? { status: 'fresh', ...told } : { status: 'stale', ...told, because: 'ttl' };
  }
}

export const outcomeOf = (work: () => unknown): Outcome => {
  try {
    return { gave: work() };
  } catch (error) {
    if (error instanceof CounterError) return { error: 'counter' };
    if (error instanceof Error && 'code' in error && error.code === 'HOLDFAST_OPTIONS')
      return { error: 'options' };
    throw error;
  }
};
