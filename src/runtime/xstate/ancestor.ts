import type { AnyActorRef } from 'xstate';
import { type InnerActor, type InnerSystem, inner } from './insides.js';

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
