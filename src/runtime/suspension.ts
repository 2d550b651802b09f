import type { AnyActorRef } from 'xstate';
import { NoSuchActorError } from '../errors.js';
import { holdMailbox, isMailboxHeld } from './mailbox.js';
import { supervisorHandle } from './supervisor-handle.js';
import { isGone, onEnd } from './ties.js';

/** What is to be undone when a suspended actor is resumed. */
const ends = new WeakMap<AnyActorRef, () => void>();

/**
 * Suspends an actor (OTP's `sys:suspend`): what waits in its mailbox stays there, in order, `holdfast.down` and
 * `holdfast.exit` included, until `resume`. Orders to stop, kills and exit signals that are not trapped are obeyed all the same, and it can be looked at and
 * have its state replaced. A bound of its mailbox holds as ever. One that ends takes its suspension with it. Suspended
 * twice is suspended.
 *
 * Held is what goes through Holdfast's mailboxes (`send`, `ask`, names, groups, buses). A raw `ref.send`, a timer of the
 * machine's own and what its children send it are XState's, and are not held.
 *
 * Resolves when it has come to that: at once, but of a supervisor, which suspends in its turn and then serves no exit and no
 * call.
 *
 * @throws NoSuchActorError when it has ended.
 * @example
 * ```ts
 * await sys.suspend(worker);
 * // look at it, mend what it works with
 * sys.resume(worker);
 * ```
 */
export async function suspend(ref: AnyActorRef): Promise<void> {
  if (isGone(ref)) throw new NoSuchActorError(`suspend: the actor '${ref.id}' has ended.`);
  const supervisor = supervisorHandle(ref);
  if (supervisor !== undefined) return supervisor.suspend();
  if (isMailboxHeld(ref)) return;
  holdMailbox(ref, true);
  ends.set(
    ref,
    onEnd(ref, () => resume(ref)),
  );
}

/** Lets a suspended actor go on, with what has waited first. Of one that is not suspended nothing changes. */
export function resume(ref: AnyActorRef): void {
  const supervisor = supervisorHandle(ref);
  supervisor?.resume();
  ends.get(ref)?.();
  ends.delete(ref);
  holdMailbox(ref, false);
}
