import type { Table } from '../../src/table/index.js';

/**
 * From which mutation of the table on the change feed has been read without a gap. What was read of the source before may have
 * changed unnoticed: no later reading of the feed confirms it. Kept for feeds that are complete.
 */
export class Cover {
  /** What was stored earlier is not covered; nor is a load whose lease is older, though it lands later. */
  since = 0;
  /** The same for the leases of rows of a pass or a feed. */
  rows = 0;

  /** A cursor has come: changes are told from here on. `rows`: the lease of rows that came with it and are as new as it is. */
  begin<V>(table: Table<V>, rows?: number): void {
    this.since = table.tick();
    this.rows = rows ?? this.since;
  }
}
