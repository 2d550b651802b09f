import type { AnyActorRef } from 'xstate';
import { NoSuchActorError, StateError } from '../errors.js';
import type { ExitReason } from './exit-reason.js';
import type { Incarnation } from './incarnation.js';
import { tell } from './mailbox.js';
import { incarnationOfActor, ownerOf } from './owner.js';

/** An exit signal, as an actor with `trapExit` gets it. */
export interface ExitEvent {
  readonly type: 'holdfast.exit';
  /** Who ended, or gave the signal by `exit`; undefined when no actor did. */
  readonly from: AnyActorRef | undefined;
  readonly reason: ExitReason;
}

/**
 * An exit signal arrives: one that traps exits is told by an event, any other ends for the same reason, unless that is `normal`.
 * A supervisor traps exits and minds its children's only. Returns whether there is an event that waits to be delivered.
 */
export function signalExit(
  target: AnyActorRef,
  to: Incarnation,
  from: AnyActorRef | undefined,
  reason: ExitReason,
  isWanted?: () => boolean,
): boolean {
  const { spec, path, scope } = to;
  if (to.isSupervisor) {
    const fields = { event: 'exit.ignored', path, reason };
    scope.log('debug', fields, `${path} is a supervisor and ignores the exit: ${reason.type}`);
  } else if (spec.trapExit === true) {
    tell(target, { type: 'holdfast.exit', from, reason } as ExitEvent, isWanted);
    return true;
  } else if (reason.type !== 'normal') {
    to.end(reason);
  }
  return false;
}

/** OTP's `noproc`: there was nobody to link to or to monitor any more. */
export const noSuchActor = (ref: AnyActorRef): ExitReason => ({
  type: 'error',
  error: new NoSuchActorError(`The actor '${ownerOf(ref)?.path ?? ref.id}' had ended before.`),
});

/** @throws StateError when the actor is not a supervised one itself. */
export function supervised(ref: AnyActorRef, asked: string): Incarnation {
  const incarnation = incarnationOfActor(ref);
  if (incarnation !== undefined) return incarnation;
  const owner = ownerOf(ref);
  throw new StateError(
    owner === undefined
      ? `${asked}: the actor '${ref.id}' is not supervised by Holdfast.`
      : `${asked}: the actor '${ref.id}' is not supervised itself, it belongs to ${owner.path}. Use that one.`,
  );
}
