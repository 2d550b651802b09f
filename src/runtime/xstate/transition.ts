import type { AnyActorRef } from 'xstate';
import { type InnerActor, type InnerEvent, type InnerSnapshot, inner } from './insides.js';

const errorPrefix = 'xstate.error.actor.';

/** XState's own path of an error thrown in a transition. */
export function fail(actor: InnerActor, error: unknown): void {
  actor._snapshot = { ...(actor._snapshot as InnerSnapshot), status: 'error', error };
  actor._error(error);
}

/** A child's error that only a `'*'` transition would take, and so hide. */
export function isSwallowedError(actor: InnerActor, event: InnerEvent): boolean {
  if (!event.type.startsWith(errorPrefix)) return false;
  const taken = transitionsFor(actor._snapshot, event);
  return taken.length > 0 && taken.every(({ eventType }) => eventType === '*');
}

type Taken = readonly { readonly eventType: string }[];

const none: Taken = [];

/** A guard that throws counts as no. */
function transitionsFor(snapshot: InnerSnapshot | undefined, event: InnerEvent): Taken {
  if (snapshot?.machine === undefined) return none;
  try {
    return snapshot.machine.getTransitionData(snapshot, event);
  } catch {
    return none;
  }
}

/** Whether an active state takes the event by its name, not by a wildcard. */
export function namesEvent(ref: AnyActorRef, event: { readonly type: string }): boolean {
  return transitionsFor(inner(ref)._snapshot, event).some(({ eventType }) => eventType === event.type);
}
