import type { AnyActorRef } from 'xstate';
import { NoSuchActorError, StateError } from '../errors.js';
import { supervised } from './exit-signal.js';
import { post } from './mailbox.js';
import { ownerOf } from './owner.js';
import type { RuntimeScope } from './scope.js';

/** Which runtime is meant: the runtime itself, or any actor in it. */
export type InRuntime = AnyActorRef | { readonly root: AnyActorRef };

/**
 * Puts a supervised actor into a group (a key of Elixir's `Registry` with duplicate keys, a group of Erlang's `pg`). A group
 * is there while it has members. Who joins several times is several members. An actor's membership ends with its incarnation: one
 * that is restarted joins again, for example in an entry action.
 *
 * @throws StateError when the actor is not a supervised one itself.
 * @throws NoSuchActorError when it has ended.
 * @example
 * ```ts
 * entry: ({ self }) => join(self, 'room/42')
 * ```
 */
export function join(ref: AnyActorRef, group: string): void {
  const incarnation = supervised(ref, 'join');
  if (incarnation.reason !== undefined) {
    throw new NoSuchActorError(`join: ${incarnation.path} has ended and cannot join '${group}'.`);
  }
  incarnation.scope.groups.join(group, incarnation);
}

/**
 * Takes an actor out of a group, however often it has joined. One that is no member is none afterwards either.
 *
 * @throws StateError when the actor is not a supervised one itself.
 */
export function leave(ref: AnyActorRef, group: string): void {
  const incarnation = supervised(ref, 'leave');
  incarnation.scope.groups.leave(group, incarnation);
}

/**
 * The members of a group that live, each as often as it has joined; none when there is no such group.
 *
 * @throws StateError when the actor belongs to no runtime.
 * @example
 * ```ts
 * for (const ref of members(runtime, 'room/42')) exit(ref, { type: 'shutdown' });
 * ```
 */
export const members = (where: InRuntime, group: string): AnyActorRef[] =>
  scopeOf(where, 'members').groups.members(group);

/**
 * Sends an event to every member of a group, through their mailboxes. To one whose mailbox is full it is a dead letter, and
 * neither the sender nor the others are harmed. Returns to how many it was sent.
 *
 * @throws StateError when the actor belongs to no runtime.
 * @throws OptionsError when the event is not an object with a `type`.
 * @example
 * ```ts
 * dispatch(self, 'room/42', { type: 'said', by, text });
 * ```
 */
export function dispatch(
  where: InRuntime,
  group: string,
  event: { readonly type: string; readonly [field: string]: unknown },
): number {
  const scope = scopeOf(where, 'dispatch');
  const refs = scope.groups.members(group);
  for (const ref of refs) post(ref, event, scope);
  return refs.length;
}

function scopeOf(where: InRuntime, asked: string): RuntimeScope {
  const ref = 'root' in where ? where.root : where;
  const owner = ownerOf(ref);
  if (owner !== undefined) return owner.scope;
  throw new StateError(`${asked}: the actor '${ref.id}' is in no runtime of Holdfast.`);
}
