import type { AnyActorRef } from 'xstate';
import type { Milliseconds } from './duration.js';
import { mailboxCounts } from './mailbox.js';
import { incarnationOfActor } from './owner.js';
import { onSent } from './sent.js';
import { onEnd } from './ties.js';
import { wallNow } from './time.js';

/** The traffic of one actor. */
export interface Statistics {
  /** Since when is counted: wall-clock ms. */
  readonly since: Milliseconds;
  /** Events that Holdfast's mailbox has handed it. What the runtime itself tells it does not count. */
  readonly messagesIn: number;
  /** Events and replies that it, or what it spawned, sent through Holdfast. 0 of an actor that is not supervised itself. */
  readonly messagesOut: number;
  /** How many wait in its mailbox now. */
  readonly mailbox: number;
}

interface Count {
  readonly since: Milliseconds;
  readonly before: number;
  out: number;
  stop: () => void;
}

const counts = new WeakMap<AnyActorRef, Count>();

/**
 * Counts the messages of an actor (OTP's `sys:statistics`). The first call begins to count, later ones tell; `'off'` tells for a last
 * time and counts no more. Counting ends with the actor. One that is not counted pays nothing.
 *
 * @example
 * ```ts
 * sys.statistics(worker);
 * setInterval(() => console.log(sys.statistics(worker).mailbox), 1000);
 * ```
 */
export function statistics(ref: AnyActorRef, counting: 'on' | 'off' = 'on'): Statistics {
  const { waiting, delivered } = mailboxCounts(ref);
  const count = counts.get(ref) ?? begin(ref, delivered);
  if (counting === 'off') count.stop();
  return {
    since: count.since,
    messagesIn: delivered - count.before,
    messagesOut: count.out,
    mailbox: waiting,
  };
}

function begin(ref: AnyActorRef, before: number): Count {
  const count: Count = { since: wallNow(), before, out: 0, stop: () => {} };
  const incarnation = incarnationOfActor(ref);
  const more = (): void => void count.out++;
  const sent = incarnation && onSent(incarnation, { sent: more, replied: more });
  const live = onEnd(ref, () => sent?.());
  count.stop = () => {
    sent?.();
    live();
    counts.delete(ref);
  };
  counts.set(ref, count);
  return count;
}
