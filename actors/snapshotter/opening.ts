import type { SnapshotOpening, SnapshotStore } from '../../src/snapshot/store.js';
import type { CacheCore } from '../cache/core.js';
import type { Ledger } from '../cache/ledger.js';

/** Opens the store for this incarnation; the last one's is closed by then. */
export async function open<V>(
  core: CacheCore<V>,
  ledger: Ledger,
  life: AbortSignal,
): Promise<{ readonly store: SnapshotStore; readonly opening: SnapshotOpening }> {
  await ledger.closing;
  const store = await ledger.openStore();
  try {
    const opening = await store.open({ cache: core.policy.name, signal: life });
    life.throwIfAborted();
    ledger.store = store;
    ledger.closed = false;
    ledger.shift ??= opening.seq;
    ledger.fullDue ||= !opening.complete;
    if (opening.aside !== undefined) core.setAside(opening.aside);
    return { store, opening };
  } catch (error) {
    ledger.closing = store.close().catch((closing) => reportClosing(core, closing));
    throw error;
  }
}

/** Closes the store if it is open. The next incarnation waits for it. */
export function close<V>(core: CacheCore<V>, ledger: Ledger): Promise<void> {
  const { store } = ledger;
  if (store === undefined) return ledger.closing;
  ledger.store = undefined;
  ledger.closing = store.close().catch((error) => reportClosing(core, error));
  return ledger.closing;
}

function reportClosing<V>(core: CacheCore<V>, error: unknown): void {
  core.logger.error({ cache: core.policy.name, err: error }, 'the snapshot could not be closed');
  core.bus.publish('snapshot.failed', { error, doing: 'close' });
}
