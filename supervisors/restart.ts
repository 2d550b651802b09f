import type { Restart } from '../src/runtime/child-spec.js';
import { type ExitReason, isOrderly } from '../src/runtime/exit-reason.js';

/** What becomes of a child that ended by itself: started again, kept without running, forgotten. */
export type AfterExit = 'restart' | 'keep' | 'forget';

export function afterExit(restart: Restart, reason: ExitReason): AfterExit {
  if (restart === 'permanent') return 'restart';
  if (restart === 'temporary') return 'forget';
  return isOrderly(reason) ? 'keep' : 'restart';
}
