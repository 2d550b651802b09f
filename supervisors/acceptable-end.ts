import { GaveUpError } from '../src/errors.js';
import type { Restart } from '../src/runtime/child-spec.js';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import type { LifeSpec } from '../src/runtime/life-spec.js';

/** Whether a child that was told to stop ended as it was told to; otherwise it is a shutdown error. */
export function isAcceptableEnd(
  { restart, shutdown }: { readonly restart: Restart; readonly shutdown: LifeSpec['shutdown'] },
  reason: ExitReason,
): boolean {
  if (reason.type === 'error') return false;
  if (reason.type === 'killed') return shutdown === 'brutal';
  if (restart !== 'permanent') return true;
  return reason.type === 'shutdown' && shutdown !== 'brutal' && isPlain(reason);
}

/** A supervisor's giving up is OTP's plain `shutdown`: the detail tells people why. */
const isPlain = ({ detail }: { readonly detail?: unknown }): boolean =>
  detail === undefined || detail instanceof GaveUpError;
