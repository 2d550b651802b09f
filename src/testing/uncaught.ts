import { attribution } from '../runtime/attribution.js';
import type { Milliseconds } from '../runtime/duration.js';

/** An error of the run that nobody caught: outside a world it would have ended the process. */
export interface Uncaught {
  /** ms since the world began. */
  readonly at: Milliseconds;
  readonly kind: 'exception' | 'rejection';
  readonly error: unknown;
}

type Listener = (...args: never[]) => void;
const topics = ['uncaughtException', 'unhandledRejection'] as const;

/** Whose error it is: an actor's own errors are its crash, and its supervisor's to handle. */
const ownedByAnActor = (): boolean => attribution().current() !== undefined;

/**
 * Takes the process's uncaught errors for the run. Listeners that were there before (a test runner's) hear nothing of
 * them until the returned function is called; those that the code under test adds do.
 *
 * @param thrown told of every exception that nobody caught, an actor's own too, before anybody else is.
 */
export function catchUncaught(
  record: (kind: Uncaught['kind'], error: unknown) => void,
  thrown: () => void,
): () => void {
  const before = topics.map((topic) => process.rawListeners(topic) as Listener[]);
  const ours: Listener[] = [
    (error: unknown) => ownedByAnActor() || record('exception', error),
    (error: unknown) => ownedByAnActor() || record('rejection', error),
  ];
  const on = process.on.bind(process) as (topic: string, listener: Listener) => unknown;
  const off = process.off.bind(process) as (topic: string, listener: Listener) => unknown;
  const prepend = process.prependListener.bind(process) as (topic: string, listener: Listener) => unknown;

  prepend('uncaughtExceptionMonitor', thrown);
  topics.forEach((topic, i) => {
    // Ours first: between the two steps an error would have no listener at all.
    on(topic, ours[i]!);
    for (const listener of before[i]!) off(topic, listener);
  });
  return () => {
    off('uncaughtExceptionMonitor', thrown);
    topics.forEach((topic, i) => {
      for (const listener of [...before[i]!].reverse()) prepend(topic, listener);
      off(topic, ours[i]!);
    });
  };
}
