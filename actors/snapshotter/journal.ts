import type { SnapshotStore } from '../../src/snapshot/store.js';
import type { CacheCore } from '../cache/core.js';
import type { Ledger } from '../cache/ledger.js';
import { written } from '../cache/order.js';

/** Orders in one transaction. */
const ordersAtOnce = 1000;

/**
 * Writes what must not wait, ahead of the pages: orders for the source, then tombstones. What the store refuses comes first
 * the next time.
 */
export async function writeJournal<V>(
  core: CacheCore<V>,
  ledger: Ledger,
  store: SnapshotStore,
): Promise<void> {
  const { outbox } = ledger;
  while (outbox.hasUnwritten || ledger.hasPending) {
    if (outbox.hasUnwritten) await writeOrders(core, ledger, store);
    const taken = ledger.take();
    if (taken.length === 0) continue;
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

async function writeOrders<V>(core: CacheCore<V>, ledger: Ledger, store: SnapshotStore): Promise<void> {
  const { outbox } = ledger;
  const orders = outbox.unwritten(ordersAtOnce);
  try {
    const ids = await store.enqueue(orders.map(written));
    outbox.wrote(orders, ids);
    ledger.progress++;
  } catch (error) {
    outbox.notWritten(orders, error);
    throw error;
  }
  for (const { key, kind } of orders) {
    core.bus.publish('outbox.queued', { key, order: kind, waiting: outbox.size });
  }
}
