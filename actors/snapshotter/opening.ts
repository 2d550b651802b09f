import { SnapshotCorruptError } from '../../src/errors.js';
import type { SnapshotOpening, SnapshotStore } from '../../src/snapshot/store.js';
import type { CacheCore } from '../cache/core.js';
import type { Ledger } from '../cache/ledger.js';
import { takeOutbox } from './delivery.js';

/** Opens the store for this incarnation; the last one's is closed by then. */
export async function open<V>(
  core: CacheCore<V>,
  ledger: Ledger,
  life: AbortSignal,
): Promise<{ readonly store: SnapshotStore; readonly opening: SnapshotOpening }> {
  await ledger.closing;
  const store = await ledger.openStore();
  try {
    const opening = await opened(core, ledger, store, life);
    ledger.store = store;
    ledger.closed = false;
    return { store, opening };
  } catch (error) {
    ledger.closing = store.close().catch((closing) => reportClosing(core, closing));
    throw error;
  }
}

/** Opens it and takes on what its outbox holds: of a key whose removal waits there, nothing is restored. */
async function opened<V>(
  core: CacheCore<V>,
  ledger: Ledger,
  store: SnapshotStore,
  life: AbortSignal,
): Promise<SnapshotOpening> {
  for (;;) {
    const opening = await store.open({ cache: core.policy.name, signal: life });
    life.throwIfAborted();
    ledger.shift ??= opening.seq;
    ledger.fullDue ||= !opening.complete;
    if (opening.aside !== undefined) core.setAside(opening.aside);
    try {
      await takeOutbox(core, ledger.outbox, store, life);
      return opening;
    } catch (error) {
      if (!(error instanceof SnapshotCorruptError)) throw error;
      // It was set aside, so the next opening finds an empty one.
      core.setAside(error.aside);
      ledger.fullDue = true;
    }
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
