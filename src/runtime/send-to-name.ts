import type { ActionArgs, EventObject, MachineContext } from 'xstate';
import { post } from './mailbox.js';
import { ownerOf } from './owner.js';

/**
 * XState action: sends an event, through the mailbox, to whoever bears the name when it is carried out. When nobody does, the
 * event is a dead letter.
 *
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
>(
  name: string,
  event: EventObject | ((args: ActionArgs<TContext, TExpressionEvent, TEvent>) => EventObject),
): (args: ActionArgs<TContext, TExpressionEvent, TEvent>) => void {
  return (args) => {
    const message = typeof event === 'function' ? event(args) : event;
    const scope = ownerOf(args.self)?.scope;
    const target = scope?.names.whereis(name);
    if (target !== undefined) post(target, message);
    else scope?.deadLetter(name, message, 'nobody');
  };
}
