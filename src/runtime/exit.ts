import type { AnyActorRef } from 'xstate';
import type { ExitReason } from './exit-reason.js';
import { signalExit, supervised } from './exit-signal.js';
import { Incarnation } from './incarnation.js';

/**
 * Gives a supervised actor an exit signal; if it ends, its supervisor then does what its spec says.
 *
 * - `killed` cannot be handled by anybody. Whoever is linked to the victim gets it as any other reason.
 * - An actor with `trapExit` gets any other reason as the event `holdfast.exit`, and lives on.
 * - `normal` is ignored by an actor that does not trap exits; any other reason ends it at once.
 * - A supervisor ignores all but `killed` (OTP's trap_exit): `stop` asks one to end.
 * - An actor that exits itself ends for just that reason, trapping exits or not, asked to stop or not (OTP's `exit/1`).
 *
 * @throws StateError when the target is not a supervised actor (what an actor spawned or invoked is not).
 * @example
 * ```ts
 * exit(runtime.whereis('sessions/warmer')!, { type: 'killed' });
 * ```
 */
export function exit(target: AnyActorRef, reason: ExitReason): void {
  const incarnation = supervised(target, 'exit');
  const sender = incarnation.scope.attribution.current();
  const bySelf = sender === undefined ? incarnation.isBusy : sender === incarnation;
  const from = sender instanceof Incarnation && sender.isMade ? sender.ref : undefined;
  if (reason.type === 'killed' || (bySelf && !incarnation.isSupervisor)) incarnation.end(reason);
  else signalExit(target, incarnation, from, reason);
}
