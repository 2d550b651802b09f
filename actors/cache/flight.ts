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
  readonly #controller = new AbortController();
  #land!: (landing: Landing<V>) => void;
  /** It has landed. */
  #over = false;
  /** Flights that the code of this one's load waits for. */
  #awaited: Set<Flight<V>> | undefined;

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

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The code of this one's load waits for that other one. */
  awaits(other: Flight<V>): void {
    this.#awaited ??= new Set();
    this.#awaited.add(other);
  }

  /** Whether it cannot land before that other one has. */
  hangsOn(other: Flight<V>): boolean {
    const met = new Set<Flight<V>>([this]);
    for (const flight of met) {
      if (flight.#over) continue;
      if (flight === other) return true;
      for (const next of flight.#awaited ?? []) met.add(next);
    }
    return false;
  }

  land(landing: Landing<V>): void {
    this.#over = true;
    this.#land(landing);
  }

  /** Its answer is not wanted any more, whatever it will be. */
  abort(): void {
    this.#controller.abort();
    this.land({ type: 'aborted' });
  }
}
