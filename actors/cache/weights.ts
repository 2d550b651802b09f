/** What entries weigh: what was said of the one, or what the user's `weigh` answers. */
export class Weights<V> {
  readonly #weigh: ((value: V, key: string) => number) | undefined;
  readonly #onError: (error: unknown) => void;

  constructor(options: {
    readonly weigh: ((value: V, key: string) => number) | undefined;
    readonly onError: (error: unknown) => void;
  }) {
    this.#weigh = options.weigh;
    this.#onError = options.onError;
  }

  /** Undefined where nobody says: the table then takes it for 1. The key is the table's. */
  of(value: V, key: string, own?: number): number | undefined {
    if (own !== undefined || this.#weigh === undefined) return own;
    try {
      const weight = this.#weigh(value, key);
      if (Number.isFinite(weight) && weight >= 0) return weight;
      throw new TypeError(`weigh answered with ${String(weight)}: a number, 0 or more, would do.`);
    } catch (error) {
      this.#onError(error);
      return 1;
    }
  }
}
