import { OutboxFullError, SnapshotError, SourceUnavailableError, StateError } from '../../src/errors.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow, wallNow } from '../../src/runtime/time.js';
import type { OutboxEntry, OutboxOrder } from '../../src/snapshot/store.js';
import { Bell } from './bell.js';
import type { OutboxReport } from './report.js';

/** One order that the source has not taken yet. The file has it too, or is to get it. */
export interface Order {
  /** As the table has it. */
  readonly key: string;
  /** As the source has it, where that may be kept: of a secret key it is in the sealed file only, once it is there. */
  raw: string | undefined;
  readonly kind: OutboxOrder['kind'];
  /** Wall-clock ms when it was given. */
  readonly at: Milliseconds;
  /** In the file; undefined before it is there. */
  id: number | undefined;
  /** `'done'`: the source has confirmed it, and the file does not know yet. */
  state: 'unwritten' | 'waiting' | 'trying' | 'done';
  /** Errors of the source's own, in a row. */
  attempts: number;
  /** Not before this; ms of ages. */
  due: Milliseconds;
}

/** So often the source may refuse an order before it counts as set apart. */
export const mostAttempts = 10;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * What is ordered of a source that is away, as it stands in the snapshot's file. It outlives every actor, as the table does: the
 * snapshotter writes orders into the file and brings them to the source, oldest first, and for one key never two at a time.
 * What waits here is sealed in the table: absent, whatever a read still finds.
 */
export class Outbox {
  /** Rung when an order has come into the file, and when one may go on. */
  readonly changed = new Bell();
  /** The keys that are absent because their removal waits, by since when; ms of ages. */
  readonly sealed = new Map<string, Milliseconds>();
  delivered = 0;
  /** Refusals by the source, every attempt counted. */
  failed = 0;
  /** Orders that a damaged file has lost. */
  lost = 0;
  #unanswered = 0;
  #notBefore: Milliseconds = 0;
  readonly #limit: number;
  readonly #secret: boolean;
  /** Oldest first. */
  readonly #orders = new Set<Order>();
  readonly #byKey = new Map<string, Order[]>();
  readonly #unwritten = new Set<Order>();
  readonly #written = new Map<Order, Waiter[]>();
  readonly #clearance = new Map<string, Waiter[]>();
  /** Questions of a key that the source has not settled, whether or not anybody still waits. */
  readonly #unsettled = new Map<string, number>();
  /** Saves of a key under way. */
  readonly #saving = new Map<string, number>();

  constructor(options: { readonly limit: number; readonly secret: boolean }) {
    this.#limit = options.limit;
    this.#secret = options.secret;
  }

  get size(): number {
    return this.#orders.size;
  }

  /** Whether anything of the key waits here. */
  holds(key: string): boolean {
    return this.#byKey.has(key);
  }

  report(): OutboxReport {
    let apart = 0;
    let oldest: Milliseconds | undefined;
    for (const { attempts, at } of this.#orders) {
      if (attempts >= mostAttempts) apart++;
      oldest = Math.min(oldest ?? at, at);
    }
    return {
      waiting: this.#orders.size,
      apart,
      ...(oldest !== undefined && { oldest: Math.max(0, wallNow() - oldest) }),
    };
  }

  /**
   * Takes an order. One for the same key that has not been tried yet, or was refused, is enough.
   *
   * @throws OutboxFullError
   */
  add(key: string, raw: string, kind: Order['kind'], cause: unknown): Order {
    const last = this.#byKey.get(key)?.at(-1);
    if (last?.kind === kind && (last.state === 'unwritten' || last.state === 'waiting')) {
      last.attempts = 0;
      last.due = 0;
      this.changed.ring();
      return last;
    }
    if (this.#orders.size >= this.#limit) {
      throw new OutboxFullError(
        `The source is away, and ${this.#limit} orders wait for it already ("snapshot.maxOutbox"): this one was not taken, and nothing was changed here. Try again when it is back.`,
        this.#limit,
        { cause },
      );
    }
    return this.#push({ key, raw, kind, at: wallNow(), id: undefined, state: 'unwritten' });
  }

  get hasUnwritten(): boolean {
    return this.#unwritten.size > 0;
  }

  /** What is not in the file yet, oldest first. */
  unwritten(most: number): readonly Order[] {
    return [...this.#unwritten].slice(0, most);
  }

  /** These are in the file, under these numbers. */
  wrote(orders: readonly Order[], ids: readonly number[]): void {
    for (const [nth, order] of orders.entries()) this.#known(order, ids[nth] as number);
    this.changed.ring();
  }

  /** They could not be written. Who waits is told; they are tried again. */
  notWritten(orders: readonly Order[], error: unknown): void {
    for (const order of orders) {
      const waiters = this.#written.get(order) ?? [];
      this.#written.delete(order);
      for (const { reject } of waiters) reject(error);
    }
  }

  /** Resolves when the file has the order. Rejects when the disk refused it. */
  written(order: Order): Promise<void> {
    if (order.state !== 'unwritten') return Promise.resolve();
    return new Promise((resolve, reject) => listed(this.#written, order).push({ resolve, reject }));
  }

  /**
   * What the file holds, after it was opened: what is new here is taken on, and told; what the file should have and has not is
   * to be written again. Of a secret key that is not possible: such orders are returned as lost.
   */
  reconcile(
    entries: readonly OutboxEntry[],
    stored: (raw: string) => string,
  ): { readonly taken: readonly Order[]; readonly over: readonly Order[]; readonly lost: readonly Order[] } {
    const byId = new Map([...this.#orders].map((order) => [order.id, order]));
    const inFile = new Set(entries.map(({ id }) => id));
    const taken: Order[] = [];
    for (const entry of entries) {
      if (byId.has(entry.id)) continue;
      const key = stored(entry.key);
      const written = this.#byKey.get(key)?.find((order) => isSame(order, entry));
      if (written !== undefined) this.#known(written, entry.id);
      else {
        const raw = this.#secret ? undefined : entry.key;
        taken.push(this.#push({ key, raw, kind: entry.kind, at: entry.at, id: entry.id, state: 'waiting' }));
      }
    }
    const missing = [...this.#orders].filter(({ id }) => id !== undefined && !inFile.has(id));
    const over = missing.filter(({ state }) => state === 'done');
    const gone = missing.filter(({ state }) => state !== 'done');
    for (const order of gone) {
      if (order.raw === undefined) continue;
      order.id = undefined;
      order.state = 'unwritten';
      this.#unwritten.add(order);
    }
    return { taken, over, lost: gone.filter(({ raw }) => raw === undefined) };
  }

  /** The order whose turn it is: the oldest that may be tried. */
  next(now: Milliseconds): Order | undefined {
    for (const order of this.#orders) {
      if (order.state === 'done') return order;
      if (now < this.#notBefore || order.state !== 'waiting' || order.due > now) continue;
      if (this.#isFree(order)) return order;
    }
    return undefined;
  }

  /** When the next one may be tried, ms of ages; Infinity when none will be before something else happens. */
  get nextDue(): Milliseconds {
    let due = Number.POSITIVE_INFINITY;
    for (const order of this.#orders) {
      if (order.state === 'waiting' && this.#isFree(order)) due = Math.min(due, order.due);
    }
    return Math.max(due, this.#notBefore);
  }

  /** One order of a key at a time, and none beside a save of it. */
  #isFree({ key, id }: Order): boolean {
    return this.#byKey.get(key)?.[0]?.id === id && !this.#saving.has(key);
  }

  /** The order is over, and nothing of it is in the file any more. */
  finish(order: Order): void {
    this.#orders.delete(order);
    this.#unwritten.delete(order);
    const left = (this.#byKey.get(order.key) ?? []).filter((other) => other !== order);
    if (left.length > 0) this.#byKey.set(order.key, left);
    else {
      this.#byKey.delete(order.key);
      this.sealed.delete(order.key);
    }
    this.notWritten([order], lostError(undefined));
    this.#clear(order.key);
  }

  /** A question of the key has begun; it may have an effect until it has settled, be it given up or not. */
  asking<T>(key: string, work: Promise<T>): Promise<T> {
    this.#unsettled.set(key, (this.#unsettled.get(key) ?? 0) + 1);
    const settled = (): void => {
      countDown(this.#unsettled, key);
      this.#clear(key);
    };
    work.then(settled, settled);
    return work;
  }

  /** Runs a save of the key: what is ordered meanwhile waits for its end. */
  async saving<T>(key: string, save: () => Promise<T>): Promise<T> {
    this.#saving.set(key, (this.#saving.get(key) ?? 0) + 1);
    try {
      return await save();
    } finally {
      countDown(this.#saving, key);
      if (this.#byKey.has(key)) this.changed.ring();
    }
  }

  /**
   * Resolves when no order of the key waits and none can take effect any more. Rejects when the source refuses one, or is
   * found to be away.
   */
  clearance(key: string): Promise<void> | undefined {
    if (this.#isClear(key)) return undefined;
    const refused = this.#byKey.get(key)?.find(({ attempts }) => attempts > 0);
    if (refused !== undefined) return Promise.reject(refusal(undefined));
    return new Promise((resolve, reject) => listed(this.#clearance, key).push({ resolve, reject }));
  }

  /** The source refuses an order. */
  refused(order: Order, error: unknown, due: Milliseconds): void {
    order.state = 'waiting';
    order.attempts++;
    order.due = due;
    this.failed++;
    this.#giveUp(order.key, refusal(error));
  }

  /** The source answered, somebody: whatever is due may be tried. */
  answered(): void {
    this.#unanswered = 0;
    this.#notBefore = 0;
  }

  /** The source did not answer. Nothing is tried for a while, which grows, and who waits to save need not. */
  away(error: unknown, delay: (attempt: number) => Milliseconds): void {
    this.#unanswered++;
    this.#notBefore = ageNow() + delay(this.#unanswered);
    for (const key of [...this.#clearance.keys()]) this.#giveUp(key, error);
  }

  #giveUp(key: string, error: unknown): void {
    const waiters = this.#clearance.get(key) ?? [];
    this.#clearance.delete(key);
    for (const { reject } of waiters) reject(error);
  }

  #isClear(key: string): boolean {
    return !this.#byKey.has(key) && !this.#unsettled.has(key);
  }

  #clear(key: string): void {
    if (!this.#isClear(key)) return;
    const waiters = this.#clearance.get(key) ?? [];
    this.#clearance.delete(key);
    for (const { resolve } of waiters) resolve();
  }

  #push(given: Omit<Order, 'attempts' | 'due'>): Order {
    const order: Order = { ...given, attempts: 0, due: 0 };
    this.#orders.add(order);
    if (order.state === 'unwritten') this.#unwritten.add(order);
    listed(this.#byKey, order.key).push(order);
    if (!this.sealed.has(order.key)) {
      this.sealed.set(order.key, ageNow() - Math.max(0, wallNow() - order.at));
    }
    return order;
  }

  #known(order: Order, id: number): void {
    order.id = id;
    order.state = 'waiting';
    this.#unwritten.delete(order);
    if (this.#secret) order.raw = undefined;
    const waiters = this.#written.get(order) ?? [];
    this.#written.delete(order);
    for (const { resolve } of waiters) resolve();
  }
}

const isSame = (order: Order, entry: OutboxEntry): boolean =>
  order.state === 'unwritten' && order.kind === entry.kind && order.at === entry.at;

const refusal = (cause: unknown): StateError =>
  new StateError(
    'A removal of this key was ordered before, and the source refuses it: what is saved now might be removed later. See the event outbox.failed.',
    { cause },
  );

/** The error of an order that is in no file any more. */
export const lostError = (cause: unknown): SnapshotError =>
  new SnapshotError(
    "The snapshot's file was set aside, and with it the outbox: the order is in the file that was moved away, and not done.",
    { cause },
  );

/** The error of who wanted to save while a removal of the same key could not be brought to its end. */
export const notCleared = (cause: unknown): SourceUnavailableError =>
  new SourceUnavailableError(
    'A removal of this key, ordered before, has not reached the source yet: what is saved now might be removed by it. Nothing was saved. Try again.',
    { cause },
  );

function listed<K, T>(map: Map<K, T[]>, key: K): T[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}

function countDown(map: Map<string, number>, key: string): void {
  const left = (map.get(key) ?? 1) - 1;
  if (left > 0) map.set(key, left);
  else map.delete(key);
}
