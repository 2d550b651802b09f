import type { AnyActorRef } from 'xstate';
import { OptionsError } from '../errors.js';
import { attribution } from './attribution.js';
import { ownerOf } from './owner.js';
import { after, slice, yieldToLoop } from './time.js';
import { isStopped } from './xstate.js';

/** The event that an actor reference takes. */
export type EventOf<R extends AnyActorRef> = Parameters<R['send']>[0];

/** So many messages of one mailbox before the next one's turn. */
const batch = 32;

/** What waits to be delivered to one actor, oldest first. A bound and what happens at it have their place in `add`. */
class Mailbox {
  readonly #target: AnyActorRef;
  #waiting: { readonly type: string }[] = [];
  #next = 0;

  constructor(target: AnyActorRef) {
    this.#target = target;
  }

  get isEmpty(): boolean {
    return this.#next === this.#waiting.length;
  }

  add(event: { readonly type: string }): void {
    this.#waiting.push(event);
  }

  deliverBatch(): void {
    const end = Math.min(this.#waiting.length, this.#next + batch);
    while (this.#next < end) {
      const event = this.#waiting[this.#next++] as { readonly type: string };
      if (isStopped(this.#target)) deadLetter(this.#target, event);
      else deliverOne(this.#target, event);
    }
    if (this.isEmpty) {
      this.#waiting = [];
      this.#next = 0;
    } else if (this.#next > 1024 && this.#next * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
  }
}

const mailboxes = new WeakMap<AnyActorRef, Mailbox>();
/** Mailboxes with something in them, in the order of their turns. */
const turns = new Set<Mailbox>();
let delivering = false;

/**
 * Sends an event through the target's mailbox: it is delivered after the current work, never within it, so that chains of any
 * length do not nest. What is sent to an actor that is no more is a dead letter, counted and published.
 *
 * @throws OptionsError when the event is not an object with a `type`.
 */
export function send<R extends AnyActorRef>(ref: R, event: EventOf<R>): void {
  const message: unknown = event;
  if (!isEvent(message)) {
    throw new OptionsError(
      `An event must be an object with a "type", such as { type: 'refresh' }. Given: ${String(message)}.`,
    );
  }
  if (isStopped(ref)) deadLetter(ref, message);
  else enqueue(ref, message);
}

function enqueue(ref: AnyActorRef, message: { readonly type: string }): void {
  let mailbox = mailboxes.get(ref);
  if (mailbox === undefined) {
    mailbox = new Mailbox(ref);
    mailboxes.set(ref, mailbox);
  }
  mailbox.add(message);
  turns.add(mailbox);
  if (delivering) return;
  delivering = true;
  attribution().run(undefined, () => void deliver());
}

async function deliver(): Promise<void> {
  await undefined;
  const stretch = slice();
  while (turns.size > 0) {
    for (const mailbox of turns) {
      turns.delete(mailbox);
      mailbox.deliverBatch();
      if (!mailbox.isEmpty) turns.add(mailbox);
      if (!stretch.spent()) continue;
      await yieldToLoop();
      stretch.renew();
    }
  }
  delivering = false;
}

/** An unsupervised target's inspector may throw into its sender. Nobody else's messages wait for that. */
function deliverOne(target: AnyActorRef, event: { readonly type: string }): void {
  try {
    target.send(event);
  } catch (error) {
    after(0, () => {
      throw error;
    });
  }
}

function deadLetter(ref: AnyActorRef, event: { readonly type: string }): void {
  const owner = ownerOf(ref);
  owner?.scope.deadLetter(owner.isMade && owner.ref === ref ? owner.path : `${owner.path}/${ref.id}`, event);
}

const isEvent = (value: unknown): value is { readonly type: string } =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
