import type { Row } from '../../src/sources/source.js';

/** What came of one load, for all who waited for it. */
export type Landing<V> =
  | { readonly type: 'row'; readonly row: Row<V> & { readonly value: V }; readonly stored: boolean }
  | { readonly type: 'none'; readonly stored: boolean }
  | { readonly type: 'quarantined'; readonly error: unknown }
  | { readonly type: 'failed'; readonly error: unknown; readonly unavailable: boolean }
  /** The key was written, invalidated or cleared meanwhile, or the cache actor died: ask again. */
  | { readonly type: 'aborted' };

/** One load of one key, queued or under way. */
export class Flight<V> {
  /** Always fulfilled, and once only. */
  readonly landing: Promise<Landing<V>>;
  /** The question that it is part of; undefined while it waits for its turn. */
  batch: Batch<V> | undefined;
  /** How many wait for it. What nobody waits for is a load in the background. */
  waiting = 0;
  #land!: (landing: Landing<V>) => void;
  #over = false;

  constructor(
    /** As the table has it. */
    readonly key: string,
    /** As the source has it. */
    readonly asked: string,
  ) {
    this.landing = new Promise((resolve) => {
      this.#land = resolve;
    });
  }

  /** It has landed. */
  get over(): boolean {
    return this.#over;
  }

  land(landing: Landing<V>): void {
    this.#over = true;
    this.#land(landing);
  }

  /** Its answer is not wanted any more, whatever it will be. */
  abort(): void {
    if (this.#over) return;
    this.land({ type: 'aborted' });
    this.batch?.dropped();
  }
}

/** One question to the source: for one flight, or for as many as one `loadMany` answers. */
export class Batch<V> {
  /** Counted from 1, in the order in which they were asked. */
  readonly number: number;
  readonly flights: readonly Flight<V>[];
  #giveUp: (() => void) | undefined;
  /** How many of its flights are wanted. */
  #wanted: number;
  /** Flights that the code of its load waits for. */
  #awaited: Set<Flight<V>> | undefined;

  constructor(number: number, flights: readonly Flight<V>[]) {
    this.number = number;
    this.flights = flights;
    this.#wanted = flights.length;
    for (const flight of flights) flight.batch = this;
  }

  /** It has been asked. The source's own code, called with it, may have aborted its flights already. */
  isUnderWay(giveUp: () => void): void {
    this.#giveUp = giveUp;
    if (this.#wanted === 0) giveUp();
  }

  /** One of its flights was aborted. When nobody needs the rest, the question is given up. */
  dropped(): void {
    this.#wanted--;
    if (this.#wanted === 0) this.#giveUp?.();
  }

  /** The code of its load waits for that flight. */
  awaits(flight: Flight<V>): void {
    this.#awaited ??= new Set();
    this.#awaited.add(flight);
  }

  /** It was told that it cannot have it. */
  awaitsNot(flight: Flight<V>): void {
    this.#awaited?.delete(flight);
  }

  /** Whether it cannot end before that other one has. */
  hangsOn(other: Batch<V>): boolean {
    const met = new Set<Batch<V>>([this]);
    for (const batch of met) {
      if (batch === other) return true;
      for (const next of batch.#ahead()) if (next.batch !== undefined) met.add(next.batch);
    }
    return false;
  }

  /** Whether it cannot end before a flight that waits for a place in line, through others or by itself. */
  get starves(): boolean {
    const met = new Set<Batch<V>>([this]);
    for (const batch of met) {
      for (const next of batch.#ahead()) {
        if (next.batch === undefined) return true;
        met.add(next.batch);
      }
    }
    return false;
  }

  /** What it waits for and has not got. */
  *#ahead(): Generator<Flight<V>, void, void> {
    for (const flight of this.#awaited ?? []) if (!flight.over) yield flight;
  }
}
