/** The keys whose last row could not be used, and why. Bounded: the oldest are forgotten first. */
export class Quarantine {
  readonly #rows = new Map<string, unknown>();
  readonly #bound: number;

  constructor(bound: number) {
    this.#bound = Math.max(1, bound);
  }

  get size(): number {
    return this.#rows.size;
  }

  has(key: string): boolean {
    return this.#rows.size > 0 && this.#rows.has(key);
  }

  add(key: string, error: unknown): void {
    this.#rows.delete(key);
    this.#rows.set(key, error);
    if (this.#rows.size > this.#bound) {
      const [oldest] = this.#rows.keys();
      if (oldest !== undefined) this.#rows.delete(oldest);
    }
  }

  release(key: string): void {
    if (this.#rows.size > 0) this.#rows.delete(key);
  }

  clear(): void {
    this.#rows.clear();
  }
}
