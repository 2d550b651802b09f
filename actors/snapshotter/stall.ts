import { fromCallback } from 'xstate';
import { SnapshotError } from '../../src/errors.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { after, monotonicNow, type Timer } from '../../src/runtime/time.js';
import type { Ledger } from '../cache/ledger.js';

/** A stop waits for the last writing, however long that takes, unless nothing of it has been written for so long. */
const patience: Milliseconds = 30_000;
const interval: Milliseconds = 1_000;

/** Looks whether the last writing goes on; rings when it does not. */
export const stallLogic = fromCallback<{ readonly type: 'stalled' }, { readonly ledger: Ledger }>(
  ({ input: { ledger }, sendBack }) => {
    let timer: Timer;
    let seen = ledger.progress;
    let since = monotonicNow();
    const look = (): void => {
      if (ledger.progress !== seen) {
        seen = ledger.progress;
        since = monotonicNow();
      }
      if (monotonicNow() - since >= patience) sendBack({ type: 'stalled' });
      else timer = after(interval, look);
    };
    timer = after(interval, look);
    return () => timer.cancel();
  },
);

export const stalledError = (): SnapshotError =>
  new SnapshotError(
    `The last snapshot was not completed: its store has written nothing for ${patience / 1000} s. What had been written before is kept, and the next boot finds that; look at the disk.`,
  );
