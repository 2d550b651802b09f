import type { ActorRefFrom, AnyActorLogic, AnyActorRef, EventFromLogic } from 'xstate';

declare const borne: unique symbol;

/** A name that knows the logic of whoever bears it. At run time a string. */
export type ActorName<L extends AnyActorLogic> = string & { readonly [borne]: L };

/** A name that knows nothing. */
export type PlainName = string & { readonly [borne]?: never };

/** The reference of whoever bears the name. */
export type RefOfName<N extends string> =
  N extends ActorName<infer L extends AnyActorLogic> ? ActorRefFrom<L> : AnyActorRef;

/** What whoever bears the name takes; `Otherwise` for a plain one. */
export type EventOfName<N extends string, Otherwise> =
  N extends ActorName<infer L extends AnyActorLogic> ? EventFromLogic<L> : Otherwise;

/**
 * A name with the type of the logic that bears it, so that `whereis`, `send`, `ask` and `sendToName` know its events, and
 * `ask` the replies that the event types declare (see `Question`). It is the string that it is given.
 *
 * @example
 * ```ts
 * const warmerName = actorName<typeof warmer>('warmer');
 * child({ id: 'warmer', name: warmerName, logic: warmer });
 * runtime.send(warmerName, { type: 'refresh' }); // an event that it does not take does not compile
 * ```
 */
export const actorName = <L extends AnyActorLogic>(name: string): ActorName<L> => name as ActorName<L>;
