/**
 * What a read of the source holds from before it began until its answer has been stored or dropped. An answer is stored
 * only under an open lease, and only for a key to which nothing happened since.
 */
export interface Lease {
  /** The table's mutation number when the read began. */
  readonly seq: number;
  /**
   * A `'read'` brings answers. A `'pass'` spans many reads, each with a lease of its own, and says in the end which entries
   * none of them saw.
   */
  readonly of: 'read' | 'pass';
  /** Whose it is: `voidLeases(holder)` ends them together. */
  readonly holder: string | undefined;
}

/** The leases that are open. */
export class Leases {
  // Sets keep the order of giving, so the first is the oldest.
  readonly #reads = new Set<Lease>();
  readonly #passes = new Set<Lease>();

  get size(): number {
    return this.#reads.size + this.#passes.size;
  }

  get passes(): number {
    return this.#passes.size;
  }

  give(seq: number, of: Lease['of'], holder: string | undefined): Lease {
    const lease: Lease = { seq, of, holder };
    (of === 'read' ? this.#reads : this.#passes).add(lease);
    return lease;
  }

  isOpen(lease: Lease): boolean {
    return this.#reads.has(lease) || this.#passes.has(lease);
  }

  end(lease: Lease): void {
    this.#reads.delete(lease);
    this.#passes.delete(lease);
  }

  /** Ends a holder's leases, or everybody's. */
  endAll(holder?: string): void {
    for (const set of [this.#reads, this.#passes]) {
      for (const lease of set) if (holder === undefined || lease.holder === holder) set.delete(lease);
    }
  }

  /** The mutation number of the oldest open read; `Infinity` without one. */
  oldestRead(): number {
    return oldest(this.#reads);
  }

  /** The mutation number of the oldest open lease of either sort; `Infinity` without one. */
  oldest(): number {
    return Math.min(oldest(this.#reads), oldest(this.#passes));
  }
}

function oldest(leases: ReadonlySet<Lease>): number {
  for (const lease of leases) return lease.seq;
  return Number.POSITIVE_INFINITY;
}
