import type { AnyActorRef } from 'xstate';
import { witness } from '../witness.js';
import { attribution, isWorkOnStack } from './attribution.js';
import { Fifo } from './fifo.js';
import { Stretch } from './stretch.js';
import { after, yieldToLoop } from './time.js';

/** Somewhere messages wait until it is their turn. */
export interface Waiting {
  /** It has its place among the turns. Delivery's own. */
  isInLine: boolean;
  readonly hasWork: boolean;
  /** Hands over some of what waits; less when `isSpent()` says so. */
  deliverBatch(): void;
}

/** Where something waits, in the order of the turns. */
const turns = new Fifo<Waiting>();
let delivering = false;
const stretch = new Stretch();

/** Whether the stretch of time that delivering may take is over. Asked after each message. */
export const isSpent = (): boolean => stretch.isSpent();

/** What waits there is delivered after the current work. */
export function wake(waiting: Waiting): void {
  if (!waiting.hasWork) return;
  queue(waiting);
  if (delivering) return;
  delivering = true;
  attribution().run(undefined, begin);
}

/**
 * Whether a message may be handed over on the caller's stack: nothing is on its way that would be overtaken, no actor's work would
 * be nested within, nobody decides whose turn it is, and this turn of the loop has not had its share.
 */
export const mayHandOver = (): boolean =>
  !delivering && !isWorkOnStack() && witness()?.turn === undefined && stretch.begin();

/** Hands a message over now, where that may be. What its receiver sends waits until it is done. */
export function handOver(target: AnyActorRef, event: { readonly type: string }): void {
  delivering = true;
  hand(target, event);
  if (turns.length > 0) attribution().run(undefined, begin);
  else delivering = false;
}

/** An unsupervised target's inspector may throw into its sender. Nobody else's messages wait for that. */
export function hand(target: AnyActorRef, event: { readonly type: string }): void {
  try {
    target.send(event);
  } catch (error) {
    after(0, () => {
      throw error;
    });
  }
}

function queue(waiting: Waiting): void {
  if (waiting.isInLine) return;
  waiting.isInLine = true;
  turns.push(waiting);
}

const resolved = Promise.resolve();

/** After the current work: as a microtask. `queueMicrotask` and an async function cost more. */
function begin(): void {
  const onlooker = witness();
  if (onlooker?.turn !== undefined) onlooker.turn('delivery', resume);
  else void resolved.then(resume);
}

/** Goes on where the turn of the loop has not had its share yet; else in a later one. */
const resume = (): unknown => (stretch.begin() ? deliver() : yieldToLoop().then(deliverAnew));

function deliverAnew(): unknown {
  stretch.renew();
  return deliver();
}

function deliver(): unknown {
  for (let next = turns.shift(); next !== undefined; next = turns.shift()) {
    next.isInLine = false;
    next.deliverBatch();
    if (next.hasWork) queue(next);
    if (turns.length > 0 && stretch.isSpent()) return yieldToLoop().then(deliverAnew);
  }
  delivering = false;
  return undefined;
}
