import type { ActionArgs, EventObject, MachineContext } from 'xstate';
import type { EventOfName } from './actor-name.js';
import { post } from './mailbox.js';
import { ownerOf } from './owner.js';

/**
 * XState action: sends an event, through the mailbox, to whoever bears the name when it is carried out. When nobody does, the
 * event is a dead letter, and so it is when the mailbox is full; the sender is not harmed.
 *
 * @param name An `actorName` knows which events will do.
 * @param event The event, or a function of the action's arguments that makes it.
 * @example
 * ```ts
 * entry: sendToName('sessions/warmer', ({ context }) => ({ type: 'refresh', key: context.key }))
 * ```
 */
export function sendToName<
  TContext extends MachineContext,
  TExpressionEvent extends EventObject,
  TEvent extends EventObject,
  N extends string,
  const Sent extends EventOfName<N, EventObject>,
>(
  name: N,
  event: Sent | ((args: ActionArgs<TContext, TExpressionEvent, TEvent>) => Sent),
): (args: ActionArgs<TContext, TExpressionEvent, TEvent>) => void {
  return (args) => {
    const message =
      typeof event === 'function' ? (event as (given: typeof args) => EventObject)(args) : event;
    const scope = ownerOf(args.self)?.scope;
    const target = scope?.names.whereis(name);
    if (target !== undefined) post(target, message);
    else scope?.deadLetter(name, message, 'nobody');
  };
}
