import type { AnyActorRef } from 'xstate';
import { StateError } from '../errors.js';
import type { ExitReason } from './exit-reason.js';
import { incarnationOfActor, ownerOf } from './owner.js';
import { supervisorHandle } from './supervisor-handle.js';

/**
 * Ends a supervised actor at once with the given reason; its supervisor then does what its spec says. `killed` cannot be
 * handled by anybody. A supervisor takes no other reason from outside (OTP's trap_exit): `stop` asks one to end.
 * `normal` ends nobody but the actor that gives it to itself, as in OTP.
 *
 * @throws StateError when the target is not a supervised actor (what an actor spawned or invoked is not).
 * @example
 * ```ts
 * exit(runtime.whereis('sessions/warmer')!, { type: 'killed' });
 * ```
 */
export function exit(target: AnyActorRef, reason: ExitReason): void {
  const incarnation = incarnationOfActor(target);
  if (incarnation === undefined) {
    const owner = ownerOf(target);
    throw new StateError(
      owner === undefined
        ? `exit: the actor '${target.id}' is not supervised by Holdfast.`
        : `exit: the actor '${target.id}' is not supervised itself, it belongs to ${owner.path}. Exit that one.`,
    );
  }
  if (reason.type !== 'killed' && supervisorHandle(target) !== undefined) {
    incarnation.scope.log(
      'debug',
      { event: 'exit.ignored', path: incarnation.path, reason },
      `${incarnation.path} is a supervisor and ignores the exit: ${reason.type}`,
    );
    return;
  }
  const bySelf = incarnation.isBusy || incarnation.scope.attribution.current() === incarnation;
  if (reason.type === 'normal' && !bySelf) return;
  incarnation.end(reason);
}
