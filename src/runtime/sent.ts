import type { AnyActorRef } from 'xstate';
import { attribution } from './attribution.js';

type Event = { readonly type: string };

/** Listens to what an actor sends. */
export interface SentListener {
  /** Told before it is delivered. */
  sent(to: AnyActorRef, event: Event): void;
  /** To an event that was asked, and somebody waited for it. */
  replied(event: Event, value: unknown): void;
}

/** Who is listened to; empty unless somebody looks, so that a send costs one comparison more. */
const listeners = new Map<object | undefined, Set<SentListener>>();

/** Listens to what an incarnation and its family send through Holdfast. Returns the way out. */
export function onSent(sender: object, listener: SentListener): () => void {
  const own = listeners.get(sender) ?? new Set();
  listeners.set(sender, own);
  own.add(listener);
  return () => {
    own.delete(listener);
    if (own.size === 0 && listeners.get(sender) === own) listeners.delete(sender);
  };
}

export function noteSent(to: AnyActorRef, event: Event): void {
  if (listeners.size === 0) return;
  for (const listener of current()) listener.sent(to, event);
}

export function noteReplied(event: Event, value: unknown): void {
  if (listeners.size === 0) return;
  for (const listener of current()) listener.replied(event, value);
}

/** Those who listen to whoever's work runs now. */
const current = (): Iterable<SentListener> => listeners.get(attribution().current()) ?? [];
