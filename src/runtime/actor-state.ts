import type { AnyActorRef } from 'xstate';
import { NoSuchActorError, OptionsError, StateError } from '../errors.js';
import { isMailboxHeld, mailboxCounts } from './mailbox.js';
import { incarnationOfActor, ownerOf } from './owner.js';
import { plainData } from './plain-data.js';
import { type Changeable, hasState, isOver, replaceSnapshot, snapshotOf } from './xstate.js';

/** An actor as it stands. Plain data: what is not, such as a function, is left out. */
export interface ActorState {
  readonly id: string;
  /** Of a supervised actor, and of what one spawned: the supervised one's. */
  readonly path?: string;
  readonly incarnation?: number;
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  /** A machine's state, a supervisor's phase. */
  readonly value?: unknown;
  readonly context?: unknown;
  readonly tags?: readonly string[];
  readonly output?: unknown;
  readonly error?: unknown;
  /** The ids of what it spawned or invoked. */
  readonly children: readonly string[];
  /** Whether its mailbox is held by `suspend`. */
  readonly suspended: boolean;
  /** How many events wait in its mailbox. */
  readonly mailbox: number;
}

/**
 * The state of any actor, one that has ended included, as plain data (OTP's `sys:get_state`). Looked at where it stands: of an actor
 * in the midst of a transition it is the state before that.
 *
 * @example
 * ```ts
 * console.log(sys.getState(runtime.whereis('sessions/warmer')!).value); // 'backoff'
 * ```
 */
export function getState(ref: AnyActorRef): ActorState {
  const { status, value, context, tags, output, error, children } = snapshotOf(ref);
  const owner = ownerOf(ref);
  const given = { value, context, tags, output, error };
  return {
    id: ref.id,
    ...(owner !== undefined && { path: owner.path, incarnation: owner.number }),
    status,
    ...(plainData(given) as object),
    children: Object.keys(children ?? {}),
    suspended: isMailboxHeld(ref),
    mailbox: mailboxCounts(ref).waiting,
  };
}

/**
 * For tests: replaces an actor's state by what `change` makes of it (OTP's `sys:replace_state`), between two transitions.
 * `change` is given the real `value` (of a machine) and `context`, and returns one or both anew. Nothing is run for it: no entry or exit
 * action, no invocation, no `after`; what the actor spawned goes on. A final state ends the actor.
 *
 * @returns the new state.
 * @throws whatever `change` throws, or OptionsError for what it returns; the state is then unchanged.
 * @throws NoSuchActorError when the actor has ended, StateError when its logic has no state (a callback, a promise, a supervisor).
 * @example
 * ```ts
 * await sys.replaceState(breaker, ({ context }) => ({ value: 'open', context: { ...context, failures: 5 } }));
 * ```
 */
export async function replaceState(
  ref: AnyActorRef,
  change: (state: Changeable) => Changeable,
): Promise<ActorState> {
  // Whatever transition is on this stack is over by then.
  await undefined;
  if (isOver(ref)) throw new NoSuchActorError(`replaceState: the actor '${ref.id}' has ended.`);
  if (!hasState(ref)) {
    throw new StateError(`replaceState: the logic of the actor '${ref.id}' has no state to be replaced.`);
  }
  const { value, context } = snapshotOf(ref);
  const changed: unknown = change(value === undefined ? { context } : { value, context });
  if (!isChangeable(changed)) {
    throw new OptionsError(
      `replaceState: the function must return an object with "value", "context" or both. Given: ${String(changed)}.`,
    );
  }
  const replace = (): void => replaceSnapshot(ref, changed);
  const incarnation = incarnationOfActor(ref);
  if (incarnation === undefined) replace();
  else incarnation.run(replace);
  return getState(ref);
}

const isChangeable = (changed: unknown): changed is Changeable =>
  typeof changed === 'object' && changed !== null && ('value' in changed || 'context' in changed);
