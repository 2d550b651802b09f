import { type Bus, type BusOptions, createBus as createPlainBus, type OwnBus } from '../bus/bus.js';
import { post, send } from './mailbox.js';
import { ownerOf } from './owner.js';
import { isActor, isStopped } from './xstate.js';

/**
 * Makes a bus. Events reach subscribed actors through their mailboxes; one that is full loses them, as dead letters of its
 * runtime (without a runtime `onListenerError` is told), and the publisher is not harmed.
 *
 * @example
 * ```ts
 * const bus = createBus<{ tick: { n: number } }>();
 * const off = bus.subscribe('tick', ({ n }) => console.log(n));
 * ```
 */
export function createBus<Events>(options: BusOptions = {}): Bus<Events> {
  return createOwnBus(options);
}

/** @internal The same, as its owner has it. */
export function createOwnBus<Events>(options: BusOptions = {}): OwnBus<Events> {
  return createPlainBus<Events>({
    deliver: (actor, event) => {
      const target: object = actor;
      if (!isActor(target)) actor.send(event);
      // A subscription ends with its actor: what is published about that very end is no dead letter.
      else if (isStopped(target)) return;
      // Without a runtime nobody counts dead letters: a full mailbox is then the listener's error.
      else if (ownerOf(target) === undefined) send(target, event);
      else post(target, event);
    },
    ...options,
  });
}
