/** What becomes of one event too many: its sender is told, or the oldest or the newest event is a dead letter. */
export type Overflow = 'reject' | 'drop-oldest' | 'drop-newest';

/** How many events may wait for an actor, and what becomes of one more. */
export interface MailboxPolicy {
  /** Events. What the runtime itself tells an actor (`holdfast.*`) does not count. */
  readonly bound: number;
  readonly overflow: Overflow;
}

/**
 * 10,000 waiting events are about 100 ms of a statechart's work and 1 MB: more than any burst that an actor will still catch up
 * with, and few enough that an actor which never will is noticed before memory is. Rejected, because nothing is to be lost silently.
 */
export const defaultMailbox: MailboxPolicy = { bound: 10_000, overflow: 'reject' };
