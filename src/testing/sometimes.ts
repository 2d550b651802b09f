import { InvariantError } from '../errors.js';
import type { Check, Condition } from './simulation/checks.js';

/** How often each thing happened, over all worlds of this process. */
const happened = new Map<string, number>();

/**
 * Says of something interesting that it should happen in some runs, and whether it did now. A suite that never gets there
 * proves less than it seems: `sometimesHappened` tells.
 *
 * @example
 * ```ts
 * sometimes('a stale answer was served', answer.status === 'stale');
 * afterAll(sometimesHappened);
 * ```
 */
export function sometimes(what: string, now: boolean): void;
/** The same of a scenario: it comes about at some moment of some run (see `simTest`). */
export function sometimes<C>(what: string, condition: Condition<C>): Check<C>;
export function sometimes<C>(what: string, now: boolean | Condition<C>): Check<C> | undefined {
  if (typeof now === 'function') return { when: 'sometimes', name: what, holds: now };
  happened.set(what, (happened.get(what) ?? 0) + (now ? 1 : 0));
  return undefined;
}

/**
 * Looks back over the suite, and begins anew.
 * @throws InvariantError that names what never happened.
 */
export function sometimesHappened(): void {
  const never = [...happened].filter(([, times]) => times === 0).map(([what]) => what);
  happened.clear();
  if (never.length > 0) {
    throw new InvariantError(
      `Never happened in this suite: ${never.join('; ')}. Run more cases, or make them likelier.`,
    );
  }
}
