import type { AnyActorRef } from 'xstate';
import { StateError } from '../src/errors.js';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import { incarnationOfActor } from '../src/runtime/owner.js';
import { shutDown } from '../src/runtime/shutdown.js';
import { processOf } from './supervisor.js';

/**
 * Ends an actor in order, for the given reason (default `normal`), and resolves when it is dead: a supervisor stops its
 * children in reverse start order, each within its own shutdown time; a machine gets `holdfast.shutdown` if it names it. Its supervisor
 * then does what its spec says: a permanent child is started again. It never rejects for how the actor ended.
 *
 * @throws StateError when the actor is neither supervised nor a supervisor.
 * @example
 * ```ts
 * const tree = createActor(supervisor({ children })).start();
 * await stop(tree);
 * ```
 */
export async function stop(ref: AnyActorRef, reason: ExitReason = { type: 'normal' }): Promise<void> {
  const incarnation = incarnationOfActor(ref);
  const process = processOf(ref);
  if (incarnation !== undefined) {
    // A supervisor is waited for as long as its children need, whatever its own supervisor would grant it (OTP's supervisor:stop).
    await shutDown(incarnation, reason, process === undefined ? incarnation.spec.shutdown : 'infinity');
    return;
  }
  if (process === undefined) {
    throw new StateError(`stop: the actor '${ref.id}' is neither supervised nor a supervisor of Holdfast.`);
  }
  process.stop(reason);
  await process.ended;
}
