import type { AnyActorRef } from 'xstate';
import type { ExitReason } from '../exit-reason.js';
import { type InnerActor, type InnerSnapshot, type InnerSystem, inner, stopped } from './insides.js';

/** Whether something is an XState actor. */
export const isActor = (value: object): value is AnyActorRef =>
  'system' in value && 'getSnapshot' in value && 'sessionId' in value;

/** Whether what is sent to the actor now is lost. */
export const isStopped = (ref: AnyActorRef): boolean => inner(ref)._processingStatus === stopped;

/** Whether the actor has ended, be it that its observers have yet to hear of it. */
export const isOver = (ref: AnyActorRef): boolean => {
  const { _processingStatus, _snapshot } = inner(ref);
  return _processingStatus === stopped || (_snapshot !== undefined && _snapshot.status !== 'active');
};

/** How an actor ended that no supervisor knows: whoever stopped it had the right to. */
export function endOf(ref: AnyActorRef): ExitReason {
  const { status, error } = inner(ref)._snapshot as InnerSnapshot;
  if (status === 'error') return { type: 'error', error };
  return { type: status === 'done' ? 'normal' : 'shutdown' };
}

/** Whether the actor's logic is a state machine. */
export const isMachine = (ref: AnyActorRef): boolean => inner(ref)._snapshot?.machine !== undefined;

/** Whether the actor is still being made: its initial snapshot is not there yet. */
export const isBeingMade = (ref: AnyActorRef): boolean => inner(ref)._snapshot === undefined;

/** The root of the XState system that the actor is in. */
export function rootOf(ref: AnyActorRef): AnyActorRef {
  let at = ref;
  while (at._parent !== undefined) at = at._parent;
  return at;
}

/** Ends an actor that is not a root, which XState allows to its parent alone. */
export const stopActor = (ref: AnyActorRef): void => {
  inner(ref)._stop();
};

/**
 * Calls back when an ancestor of the actor errors: XState does not stop an errored actor's children. Returns the way out.
 */
export function onAncestorError(ref: AnyActorRef, callback: () => void): () => void {
  const actor = inner(ref);
  const watchers = errorWatchers(actor.system);
  const watcher = (ended: InnerActor): void => {
    let at = actor._parent;
    while (at !== undefined && at !== ended) at = at._parent;
    if (at !== undefined) callback();
  };
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

type ErrorWatchers = Set<(erred: InnerActor) => void>;
const watched = new WeakMap<InnerSystem, ErrorWatchers>();

function errorWatchers(system: InnerSystem): ErrorWatchers {
  const existing = watched.get(system);
  if (existing !== undefined) return existing;
  const watchers: ErrorWatchers = new Set();
  watched.set(system, watchers);
  const unregister = system._unregister;
  system._unregister = (actor) => {
    unregister(actor);
    if (actor._snapshot?.status !== 'error') return;
    for (const watcher of [...watchers]) watcher(actor);
  };
  return watchers;
}

export const snapshotOf = (ref: AnyActorRef): InnerSnapshot => inner(ref)._snapshot as InnerSnapshot;

/** What of an actor's state can be replaced. */
export interface Changeable {
  /** The state of a machine. */
  readonly value?: unknown;
  readonly context?: unknown;
}

/** Whether an actor has a context, which its transitions make anew. */
export const hasState = (ref: AnyActorRef): boolean => 'context' in snapshotOf(ref);

/** Gives an actor another state, as if a transition without any action had led there. Throws before anything has changed. */
export function replaceSnapshot(ref: AnyActorRef, change: Changeable): void {
  const actor = inner(ref);
  const { _snapshot: before } = actor;
  const { machine, value, context, historyValue, children } = before as InnerSnapshot;
  const next = { value, context, historyValue, ...change };
  const after = machine
    ? { ...machine.resolveState(next), children }
    : { ...(before as InnerSnapshot), context: next.context };
  actor.update(after as InnerSnapshot, { type: 'holdfast.replace-state' });
}

/** XState's words for a `sendParent` of an actor that has no parent. What was thrown may be something that cannot be looked at. */
export function isSendParentError(error: unknown): boolean {
  try {
    return error instanceof Error && error.message.includes("event to actor '#_parent'");
  } catch {
    return false;
  }
}
