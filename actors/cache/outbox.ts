import { OutboxFullError } from '../../src/errors.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow, wallNow } from '../../src/runtime/time.js';
import type { OutboxEntry } from '../../src/snapshot/store.js';
import type { Touch } from '../../src/sources/source.js';
import { Bell } from './bell.js';
import { Clearance } from './clearance.js';
import { isSame, lostError, mostAttempts, type Order, refusal } from './order.js';
import type { OutboxReport } from './report.js';
import { Waiters } from './waiters.js';

/**
 * What is ordered of a source that is away, as it stands in the snapshot's file. It outlives every actor, as the table does: the
 * snapshotter writes orders into the file and brings them to the source, oldest first, and for one key never two at a time.
 * A key whose removal waits here is sealed in the table: absent, whatever a read still finds. Of the touches of a key only the last matters,
 * and none once the row is to go or was written anew.
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
  /** On their way into the file. */
  readonly #writing = new Set<Order>();
  /** Done, or dropped: what the file is still to be told. */
  readonly #over = new Set<Order>();
  readonly #written = new Waiters<Order>();
  readonly #clearance = new Clearance((key) => this.#removes(key));
  #touches = 0;

  constructor(options: { readonly limit: number; readonly secret: boolean }) {
    this.#limit = options.limit;
    this.#secret = options.secret;
  }

  get size(): number {
    return this.#orders.size;
  }

  /** Touches among them. */
  get touches(): number {
    return this.#touches;
  }

  /** Whether anything of the key waits here, or is under way, that nothing else must overtake. */
  holds(key: string): boolean {
    return (this.#byKey.get(key) ?? []).some(({ kind, state }) => kind === 'remove' || state === 'trying');
  }

  /** What waits to be told of a row in use, if the source has not refused it. */
  touchOf(key: string): Order | undefined {
    if (this.#touches === 0) return undefined;
    return this.#byKey.get(key)?.findLast(isTouch);
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
      touches: this.#touches,
      apart,
      ...(oldest !== undefined && { oldest: Math.max(0, wallNow() - oldest) }),
    };
  }

  /**
   * Takes a removal. One of the same key that has not been tried yet, or was refused, is enough.
   *
   * @throws OutboxFullError
   */
  remove(key: string, raw: string, cause: unknown): Order {
    const last = this.#byKey.get(key)?.at(-1);
    if (last?.kind === 'remove' && (last.state === 'unwritten' || last.state === 'waiting')) {
      last.attempts = 0;
      last.due = 0;
      this.changed.ring();
      return last;
    }
    if (this.#orders.size - this.#touches >= this.#limit) {
      throw new OutboxFullError(
        `The source is away, and ${this.#limit} orders wait for it already ("snapshot.maxOutbox"): this one was not taken, and nothing was changed here. Try again when it is back.`,
        this.#limit,
        { cause },
      );
    }
    this.dropTouches(key);
    return this.#push({ ...unwritten, key, raw, kind: 'remove', at: wallNow() });
  }

  /**
   * Takes a touch, in the place of an earlier one of the key. Says no where the row is to go, or too many others wait: touches are bounded by
   * themselves, so that no removal is refused for them.
   */
  touch(key: string, raw: string, { expiresAt, at, was }: Touch & Pick<Order, 'was'>): boolean {
    const before = (this.#byKey.get(key) ?? []).filter(({ dropped }) => !dropped);
    const last = before.at(-1);
    if (last === undefined && this.#touches >= this.#limit) return false;
    if (this.#removes(key)) return false;
    // What was known first still holds: the source has heard of none of them.
    const first = before.find(isTouch);
    const touch = {
      expiresAt: Math.max(expiresAt, ...before.map((order) => order.expiresAt)),
      at: Math.min(at, first?.at ?? at),
    };
    if (last?.state === 'unwritten' && !this.#writing.has(last)) Object.assign(last, touch);
    else this.#push({ ...unwritten, key, raw, kind: 'touch', ...touch, was: first?.was ?? was });
    return true;
  }

  /** Of the key's touches nothing is to come any more. */
  dropTouches(key: string, except?: Order): void {
    if (this.#touches === 0) return;
    for (const order of this.#byKey.get(key) ?? []) {
      if (order.kind !== 'touch' || order === except || order.dropped) continue;
      order.dropped = true;
      if (order.id !== undefined) this.#isOver(order);
      else if (!this.#writing.has(order)) this.finish(order);
    }
  }

  get hasUnwritten(): boolean {
    return this.#unwritten.size > 0;
  }

  /** What is not in the file yet, oldest first. */
  unwritten(most: number): readonly Order[] {
    const some = [...this.#unwritten].slice(0, most);
    for (const order of some) this.#writing.add(order);
    return some;
  }

  /** These are in the file, under these numbers. */
  wrote(orders: readonly Order[], ids: readonly number[]): void {
    for (const [nth, order] of orders.entries()) {
      this.#known(order, ids[nth] as number);
      if (order.kind === 'touch' && !order.dropped) this.dropTouches(order.key, order);
    }
    this.changed.ring();
  }

  /** They could not be written. Who waits is told; they are tried again. */
  notWritten(orders: readonly Order[], error: unknown): void {
    for (const order of orders) {
      this.#writing.delete(order);
      this.#written.reject(order, error);
      if (order.dropped) this.finish(order);
    }
  }

  /** Resolves when the file has the order. Rejects when the disk refused it. */
  written(order: Order): Promise<void> {
    if (order.state !== 'unwritten') return Promise.resolve();
    return this.#written.wait(order);
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
        taken.push(this.#push({ ...unwritten, ...entry, key, raw, state: 'waiting' }));
      }
    }
    const missing = [...this.#orders].filter(({ id }) => id !== undefined && !inFile.has(id));
    const over = missing.filter(({ state, dropped }) => state === 'done' || dropped);
    const gone = missing.filter(({ state, dropped }) => state !== 'done' && !dropped);
    for (const order of gone) {
      if (order.raw === undefined) continue;
      order.id = undefined;
      order.state = 'unwritten';
      this.#unwritten.add(order);
    }
    return { taken, over, lost: gone.filter(({ raw }) => raw === undefined) };
  }

  /** What the file is to forget: done by the source, or dropped. */
  over(most: number): readonly Order[] {
    const over: Order[] = [];
    for (const order of this.#over) {
      if (over.length >= most) break;
      if (order.state !== 'trying') over.push(order);
    }
    return over;
  }

  /** The source has confirmed it. */
  done(order: Order): void {
    order.state = 'done';
    this.#isOver(order);
    this.answered();
  }

  /** The order whose turn it is: the oldest that may be tried. */
  next(now: Milliseconds): Order | undefined {
    if (now < this.#notBefore) return undefined;
    for (const order of this.#orders) {
      if (order.state === 'waiting' && order.due <= now && this.#isFree(order)) return order;
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
    const first = this.#byKey.get(key)?.find(({ dropped, state }) => !dropped || state === 'trying');
    return first?.id === id && !this.#clearance.isSaving(key);
  }

  /** The order is over, and nothing of it is in the file any more. */
  finish(order: Order): void {
    if (this.#orders.delete(order) && order.kind === 'touch') this.#touches--;
    this.#unwritten.delete(order);
    this.#writing.delete(order);
    this.#over.delete(order);
    const left = (this.#byKey.get(order.key) ?? []).filter((other) => other !== order);
    if (left.length > 0) this.#byKey.set(order.key, left);
    else this.#byKey.delete(order.key);
    if (!this.#removes(order.key)) this.sealed.delete(order.key);
    this.#written.reject(order, lostError(undefined));
    this.#clearance.look(order.key);
  }

  /** A question of the key has begun; it may have an effect until it has settled, be it given up or not. */
  asking<T>(key: string, work: Promise<T>): Promise<T> {
    return this.#clearance.asking(key, work);
  }

  /** Runs a save of the key: what is ordered meanwhile waits for its end. */
  saving<T>(key: string, save: () => Promise<T>): Promise<T> {
    return this.#clearance.saving(key, save, () => {
      if (this.#byKey.has(key)) this.changed.ring();
    });
  }

  /**
   * Resolves when no removal of the key waits and no order can take effect any more. Rejects when the source refuses one, or is
   * found to be away.
   */
  clearance(key: string): Promise<void> | undefined {
    if (this.#clearance.isClear(key)) return undefined;
    const refused = this.#byKey.get(key)?.find(({ kind, attempts }) => kind === 'remove' && attempts > 0);
    if (refused !== undefined) return Promise.reject(refusal(undefined));
    return this.#clearance.wait(key);
  }

  /** The source refuses an order. */
  refused(order: Order, error: unknown, due: Milliseconds): void {
    order.state = 'waiting';
    order.attempts++;
    order.due = due;
    this.failed++;
    if (order.kind === 'remove') this.#clearance.giveUp(refusal(error), order.key);
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
    this.#clearance.giveUp(error);
  }

  #removes(key: string): boolean {
    return (this.#byKey.get(key) ?? []).some(({ kind }) => kind === 'remove');
  }

  #isOver(order: Order): void {
    this.#over.add(order);
    this.changed.ring();
  }

  #push(order: Order): Order {
    this.#orders.add(order);
    if (order.kind === 'touch') this.#touches++;
    if (order.state === 'unwritten') this.#unwritten.add(order);
    const orders = this.#byKey.get(order.key);
    if (orders === undefined) this.#byKey.set(order.key, [order]);
    else orders.push(order);
    if (order.kind === 'remove' && !this.sealed.has(order.key)) {
      this.sealed.set(order.key, ageNow() - Math.max(0, wallNow() - order.at));
    }
    return order;
  }

  #known(order: Order, id: number): void {
    order.id = id;
    order.state = 'waiting';
    this.#unwritten.delete(order);
    this.#writing.delete(order);
    if (this.#secret) order.raw = undefined;
    this.#written.resolve(order);
    if (order.dropped) this.#isOver(order);
  }
}

const isTouch = ({ kind, dropped, attempts }: Order): boolean =>
  kind === 'touch' && !dropped && attempts === 0;

/** An order as it is given, but for what it is. */
const unwritten = {
  expiresAt: 0,
  was: undefined,
  id: undefined,
  state: 'unwritten',
  dropped: false,
  attempts: 0,
  due: 0,
} as const satisfies Partial<Order>;
