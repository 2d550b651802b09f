import { ActorDiedError, StartTimeoutError, StateError } from '../errors.js';
import type { Milliseconds } from './duration.js';
import type { ExitReason } from './exit-reason.js';
import { isSendParentError } from './xstate.js';

/** Whose end is told. */
interface Deceased {
  readonly path: string;
  readonly number: number;
}

export const errorOf = (reason: ExitReason): unknown => (reason.type === 'error' ? reason.error : undefined);

/** What whoever waited for the actor gets, and the work that it began. */
export const obituary = ({ path, number }: Deceased, reason: ExitReason): ActorDiedError =>
  new ActorDiedError(
    `${path} (incarnation ${number}) has ended: ${reason.type}.`,
    { cause: errorOf(reason) },
    reason,
  );

export const doneTooSoon = ({ path }: Deceased): StateError =>
  new StateError(
    `${path} was done before it was ready: a failed start. If it is not to be started at all, its output must be IGNORE; if it is ready at once, it must not be tagged 'starting'.`,
  );

export const notReadyInTime = ({ path }: Deceased, startTimeout: Milliseconds): StartTimeoutError =>
  new StartTimeoutError(
    `${path} was not ready within ${startTimeout} ms (its "startTimeout"). Leave the state tagged 'starting' earlier, or give it more time.`,
  );

/** The error, or in its place one that says what to do. */
export const explained = ({ path }: Deceased, error: unknown): unknown =>
  isSendParentError(error)
    ? new StateError(
        `${path} used sendParent, but a supervised actor is a root of its own and has no XState parent. Use sendToName(name, event).`,
        { cause: error },
      )
    : error;
