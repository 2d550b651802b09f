import type { Duration } from '../../runtime/duration.js';

/** Whether it holds: not when it answers false, or throws. */
export type Condition<C> = (context: C) => unknown;

/** Something that must hold. */
export interface Check<C> {
  /**
   * - `always`: whenever the world is quiet after an event.
   * - `eventually`: within a time after the last fault and the last command.
   * - `end`: then, once, before everything is stopped.
   * - `sometimes`: at some moment of some run of the suite.
   */
  readonly when: 'always' | 'eventually' | 'end' | 'sometimes';
  readonly name: string;
  readonly holds: Condition<C>;
  /** Of `eventually`. */
  readonly within?: Duration;
}

/** It holds whenever the world is quiet after an event. Not looked at while the process is down, or being set up. */
export const always = <C>(name: string, holds: Condition<C>): Check<C> => ({ when: 'always', name, holds });

/** It comes about within a time after the last fault and the last command: faults stop, and the system must converge. */
export const eventually = <C>(name: string, within: Duration, holds: Condition<C>): Check<C> => ({
  when: 'eventually',
  name,
  within,
  holds,
});

/** It holds at the end, once all that must come about has: for a history, a model, a count. */
export const atEnd = <C>(name: string, holds: Condition<C>): Check<C> => ({ when: 'end', name, holds });
