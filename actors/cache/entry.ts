import type { EntryOptions, Table } from '../../src/table/index.js';

/** All that goes with the value in a slot of the table. */
export const entryAt = <V>(table: Table<V>, slot: number): EntryOptions => ({
  confirmedAt: table.confirmedAt(slot),
  ttl: table.ttlOf(slot),
  staleFor: table.staleForOf(slot),
  expiresAt: table.expiresAt(slot),
  version: table.versionOf(slot),
  tags: table.tagsOf(slot),
  weight: table.weightOf(slot),
  flags: table.flagsOf(slot),
});
