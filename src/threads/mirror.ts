import type { MessagePort } from 'node:worker_threads';
import type { AnyActorRef } from 'xstate';
import type { Milliseconds } from '../runtime/duration.js';
import { mailboxCounts } from '../runtime/mailbox.js';
import { plainData } from '../runtime/plain-data.js';
import { after } from '../runtime/time.js';
import { snapshotOf } from '../runtime/xstate.js';
import type { ActorMirror, FromActor } from './actor-wire.js';

/** How soon one looks again at events that the actor has not been handed. */
const patience: Milliseconds = 5;

/**
 * Tells where the thread's actor stands, and how many of the events that were sent to it it has dealt with: at most once in a turn of
 * the event loop, and not again before the last report has been read. Its leaving of the state `'starting'` is told at once.
 */
export class Mirror {
  readonly #port: MessagePort;
  readonly #ref: AnyActorRef;
  #received = 0;
  #taken = 0;
  #changed = false;
  #starting: boolean | undefined;
  #unread = false;
  #scheduled = false;

  constructor(port: MessagePort, ref: AnyActorRef) {
    this.#port = port;
    this.#ref = ref;
  }

  /** The actor has made a transition. */
  changed(): void {
    const { status, tags } = snapshotOf(this.#ref);
    if (status !== 'active') return;
    this.#changed = true;
    if (this.#starting === (tags?.has('starting') === true)) this.#schedule();
    else this.#report();
  }

  /** An event has come for it. */
  received(): void {
    this.#received++;
    this.#schedule();
  }

  /** The last report has been read. */
  seen(): void {
    this.#unread = false;
    this.#schedule();
  }

  /** The last report: what has changed since the one before is told now. */
  close(): void {
    if (this.#changed) this.#report();
    this.#scheduled = true;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#look());
  }

  #look(): void {
    this.#scheduled = false;
    if (this.#unread) return;
    if (this.#changed || this.#newlyTaken() > 0) {
      this.#report();
    } else if (this.#taken < this.#received) {
      this.#scheduled = true;
      after(patience, () => this.#look(), { background: true });
    }
  }

  /** Whatever waits in the mailbox may be of those that came from outside. */
  #newlyTaken(): number {
    return this.#received - mailboxCounts(this.#ref).waiting - this.#taken;
  }

  #report(): void {
    this.#taken += Math.max(0, this.#newlyTaken());
    this.#unread = true;
    const taken = this.#taken;
    if (this.#changed) {
      this.#changed = false;
      const state = mirrorOf(this.#ref);
      this.#starting = state.tags.includes('starting');
      this.#post({ type: 'report', state, taken });
    } else {
      this.#post({ type: 'report', taken });
    }
  }

  #post(report: FromActor): void {
    this.#port.postMessage(report);
  }
}

/** Where an actor stands, of things that can be cloned. */
export function mirrorOf(ref: AnyActorRef): ActorMirror {
  const { value, context, tags } = snapshotOf(ref);
  return {
    value: isCloneable(value) ? value : plainData(value),
    context: isCloneable(context) ? context : undefined,
    tags: [...(tags ?? [])],
  };
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
