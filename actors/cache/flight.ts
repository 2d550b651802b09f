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

  constructor(
    /** As the table has it. */
    readonly key: string,
    /** As the source has it. */
    readonly asked: string,
    /** The keys inside whose loads it was asked for. */
    readonly chain: readonly string[] = [],
  ) {
    this.landing = new Promise((resolve) => {
      this.#land = resolve;
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  land(landing: Landing<V>): void {
    this.#land(landing);
  }

  /** Its answer is not wanted any more, whatever it will be. */
  abort(): void {
    this.#controller.abort();
    this.#land({ type: 'aborted' });
  }
}
