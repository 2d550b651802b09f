import type { AnyActorRef } from 'xstate';
import { StateError } from '../errors.js';
import { type Incarnation, incarnationBeingMade, incarnationOfSystem } from './incarnation.js';
import type { Logger } from './logger.js';
import { isBeingMade, rootOf } from './xstate.js';

/** The incarnation that an actor belongs to: its own if it is supervised, else that of the supervised actor it descends from. */
export function ownerOf(ref: AnyActorRef): Incarnation | undefined {
  const owner = incarnationOfSystem(ref.system);
  if (owner !== undefined) return owner;
  return isBeingMade(rootOf(ref)) ? incarnationBeingMade() : undefined;
}

/** The incarnation of a supervised actor itself. */
export function incarnationOfActor(ref: AnyActorRef): Incarnation | undefined {
  const owner = ownerOf(ref);
  if (owner === undefined) return undefined;
  // Its context is made before the incarnation knows its actor: that is then the one without a parent.
  return (owner.isMade ? owner.ref : rootOf(ref)) === ref ? owner : undefined;
}

/** What an actor is called in messages: its path, where it has one. */
export const nameOf = (ref: AnyActorRef): string => ownerOf(ref)?.path ?? ref.id;

function owned(ref: AnyActorRef, asked: string): Incarnation {
  const owner = ownerOf(ref);
  if (owner !== undefined) return owner;
  throw new StateError(
    `${asked}: the actor '${ref.id}' is not under a supervisor of Holdfast, and neither is an ancestor of it. Put it into a supervisor's "children".`,
  );
}

/**
 * The signal of an actor's incarnation: it fires when that ends, whatever the reason. Give it to every asynchronous piece of
 * work; its reason is an `ActorDiedError`. For what an actor spawned or invoked it is the signal of the supervised actor.
 *
 * @throws StateError when no supervisor of Holdfast is above the actor.
 * @example
 * ```ts
 * invoke: { src: fromPromise(({ self }) => fetch(url, { signal: signalOf(self) })) }
 * ```
 */
export const signalOf = (ref: AnyActorRef): AbortSignal => owned(ref, 'signalOf').signal;

/**
 * Which start of its path an actor lives by, counted from 1. What a dead incarnation still delivers carries a lower number.
 *
 * @throws StateError when no supervisor of Holdfast is above the actor.
 */
export const incarnationOf = (ref: AnyActorRef): number => owned(ref, 'incarnationOf').number;

/**
 * Resolves when the tree that an actor lives in has been started: after `start()` of its runtime (embedded: of the
 * supervisor) has resolved. At once for whoever is started later. Never, when the tree could not be started.
 *
 * @throws StateError when no supervisor of Holdfast is above the actor.
 */
export const whenStarted = (ref: AnyActorRef): Promise<void> => owned(ref, 'whenStarted').scope.started;

/**
 * The runtime's logger; every line carries the actor's `path` and `incarnation`.
 *
 * @throws StateError when no supervisor of Holdfast is above the actor.
 */
export function loggerOf(ref: AnyActorRef): Logger {
  const { scope, path, number: incarnation } = owned(ref, 'loggerOf');
  const at =
    (level: keyof Logger) =>
    (fields: object, message: string): void =>
      scope.log(level, { path, incarnation, ...fields }, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
