import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow, wallNow } from '../../src/runtime/time.js';
import type { Touch } from '../../src/sources/source.js';
import { Bell } from './bell.js';
import { Tally } from './tally.js';

/** What the source is to be told of a row that is in use. */
export interface PendingTouch extends Touch {
  /** As the table has it. */
  readonly key: string;
  /** As the source has it. */
  readonly raw: string;
  /** When it expires in the source, as far as that is known here. */
  readonly was: Milliseconds;
}

/** So many may wait for a source that is away and nowhere else. */
const mostWaiting = 10_000;

/**
 * What the source is still to be told of rows in use: of each key the last, and that once in so long a time. It outlives the actor that tells
 * it.
 */
export class Touches {
  /** Rung when there is something to tell, or something may go on. */
  readonly changed = new Bell();
  told = 0;
  failed = 0;
  /** Those given up: too many waited, or their keys may not be kept. */
  dropped = 0;
  readonly #every: Milliseconds;
  /** A key may not be kept for longer than it takes to tell it. */
  readonly #secret: boolean;
  /** To be told as soon as may be; the oldest first. */
  readonly #ready = new Map<string, PendingTouch>();
  /** Until when a key that was told is not told again, ms of ages, and what is to be told then; the first to end first. */
  readonly #resting = new Map<string, { readonly until: Milliseconds; touch: PendingTouch | undefined }>();
  /** Keys of which nothing is told now, because something is under way. */
  readonly #busy = new Tally<string>();
  readonly #sending = new Map<
    string,
    { readonly touch: PendingTouch; sent: Promise<void>; wanted: boolean }
  >();
  /** Touches that rest. */
  #later = 0;

  constructor(options: { readonly every: Milliseconds; readonly secret: boolean }) {
    this.#every = options.every;
    this.#secret = options.secret;
  }

  /** How many wait. */
  get size(): number {
    return this.#ready.size + this.#later;
  }

  /** The row is in use until `expiresAt`; it was to be over at `was`. */
  add(key: string, raw: string, { expiresAt, was }: Pick<PendingTouch, 'expiresAt' | 'was'>): void {
    this.#rested(ageNow());
    // What the source knows is older than this by no more than the time between two touches.
    this.#wait({ key, raw, expiresAt, was, at: wallNow() - this.#every });
    this.changed.ring();
  }

  /** Whether what is being told of the key is still to be told, should it fail. */
  isWanted(key: string): boolean {
    return this.#sending.get(key)?.wanted !== false;
  }

  /** It could not be told, and is to be once more: not before `due`, ms of ages. */
  again(touch: PendingTouch, due: Milliseconds = Number.NEGATIVE_INFINITY): void {
    const later = this.#waiting(touch.key);
    this.#forget(touch.key);
    this.#rest(touch.key, due);
    this.#wait(touch);
    if (later !== undefined) this.#wait(later);
  }

  /** What waits to be told of the key, or is being told. */
  of(key: string): PendingTouch | undefined {
    if (this.size + this.#sending.size === 0) return undefined;
    return this.#waiting(key) ?? this.#sending.get(key)?.touch;
  }

  /** All that wait, which then wait no longer. */
  takeAll(): readonly PendingTouch[] {
    const all = [...this.#ready.values(), ...[...this.#resting.values()].flatMap(({ touch }) => touch ?? [])];
    for (const { key } of all) this.#forget(key);
    return all;
  }

  /** Nothing is to be told of the key any more. */
  forget(key: string): void {
    this.#forget(key);
    const sending = this.#sending.get(key);
    if (sending !== undefined) sending.wanted = false;
  }

  /** The source knows when the key is to expire: it is not told again for a while. */
  known(key: string): void {
    this.forget(key);
    this.#rest(key, ageNow() + this.#every);
  }

  #forget(key: string): void {
    this.#ready.delete(key);
    this.#unrest(key);
  }

  /** The next that may be told now. */
  next(): PendingTouch | undefined {
    this.#rested(ageNow());
    for (const touch of this.#ready.values()) if (!this.#busy.has(touch.key)) return touch;
    return undefined;
  }

  /** When the next will be, ms of ages; Infinity when none will be before something else happens. */
  get nextDue(): Milliseconds {
    const [first] = this.#resting.values();
    return this.#later === 0 || first === undefined ? Number.POSITIVE_INFINITY : first.until;
  }

  /** Tells a touch by `send`, which must not reject. */
  async sending(touch: PendingTouch, send: () => Promise<void>): Promise<void> {
    const { key } = touch;
    this.known(key);
    this.#busy.add(key);
    const sending = { touch, sent: Promise.resolve(), wanted: true };
    this.#sending.set(key, sending);
    sending.sent = send();
    await sending.sent;
    this.#sending.delete(key);
    this.#busy.remove(key);
    this.changed.ring();
  }

  /** Runs what the source does to a key's row: no touch is told meanwhile, and one that is under way comes before it. */
  async outOfTheWay<T>(key: string, work: () => Promise<T>): Promise<T> {
    this.#busy.add(key);
    try {
      const before = this.#sending.get(key);
      if (before !== undefined) await before.sent;
      return await work();
    } finally {
      this.#busy.remove(key);
      if (this.#waiting(key) !== undefined) this.changed.ring();
    }
  }

  #waiting(key: string): PendingTouch | undefined {
    return this.#ready.get(key) ?? this.#resting.get(key)?.touch;
  }

  #wait(touch: PendingTouch): void {
    const { key } = touch;
    const before = this.#waiting(key);
    const last =
      before === undefined
        ? touch
        : {
            ...touch,
            expiresAt: Math.max(touch.expiresAt, before.expiresAt),
            at: Math.min(touch.at, before.at),
            was: Math.min(touch.was, before.was),
          };
    const resting = this.#resting.get(key);
    if (resting === undefined) this.#readied(last);
    else if (this.#secret) this.dropped++;
    else {
      if (resting.touch === undefined) this.#later++;
      resting.touch = last;
    }
  }

  #readied(touch: PendingTouch): void {
    this.#ready.set(touch.key, touch);
    if (this.#ready.size <= mostWaiting) return;
    const [oldest] = this.#ready.keys();
    this.#ready.delete(oldest as string);
    this.dropped++;
  }

  #rest(key: string, until: Milliseconds): void {
    this.#unrest(key);
    if (until > ageNow()) this.#resting.set(key, { until, touch: undefined });
  }

  #unrest(key: string): void {
    if (this.#resting.get(key)?.touch !== undefined) this.#later--;
    this.#resting.delete(key);
  }

  /** Who has rested long enough may go on. */
  #rested(now: Milliseconds): void {
    for (const [key, { until, touch }] of this.#resting) {
      if (until > now) return;
      this.#unrest(key);
      if (touch !== undefined) this.#readied(touch);
    }
  }
}
