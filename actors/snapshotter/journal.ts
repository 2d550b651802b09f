import type { SnapshotStore } from '../../src/snapshot/store.js';
import type { Ledger } from '../cache/ledger.js';

/** Writes the tombstones that wait, ahead of the pages. What the store refuses comes first the next time. */
export async function writeJournal(ledger: Ledger, store: SnapshotStore): Promise<void> {
  while (ledger.hasPending) {
    const taken = ledger.take();
    const shift = ledger.shift ?? 0;
    try {
      await store.journal(taken.map((tombstone) => ({ ...tombstone, seq: tombstone.seq + shift })));
    } catch (error) {
      ledger.putBack(taken, error);
      throw error;
    }
    ledger.settle(taken);
  }
}
