import type { AnyActorRef } from 'xstate';
import { attribution } from './attribution.js';

/** Told of an event that its actor sends, before it is sent. */
export type SentListener = (to: AnyActorRef, event: { readonly type: string }) => void;

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

export function noteSent(to: AnyActorRef, event: { readonly type: string }): void {
  if (listeners.size === 0) return;
  for (const listener of listeners.get(attribution().current()) ?? []) listener(to, event);
}
