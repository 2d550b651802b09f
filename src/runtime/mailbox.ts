import type { AnyActorRef } from 'xstate';
import { MailboxFullError, OptionsError } from '../errors.js';
import type { Because } from './dead-letters.js';
import { hand, handOver, isSpent, mayHandOver, type Waiting, wake } from './delivery.js';
import { Fifo } from './fifo.js';
import { defaultMailbox, type MailboxPolicy } from './mailbox-policy.js';
import { ownerOf } from './owner.js';
import { askerOf } from './question.js';
import type { RuntimeScope } from './scope.js';
import { noteSent } from './sent.js';
import { isStopped } from './xstate.js';

/** The event that an actor reference takes. */
export type EventOf<R extends AnyActorRef> = Parameters<R['send']>[0];

type Message = { readonly type: string };

/** What the runtime itself tells an actor. `isWanted` is asked last thing: whoever takes it back does so until then. */
interface SystemMessage {
  readonly event: Message;
  readonly isWanted: () => boolean;
}

/** Where the events of an actor go on to that lives elsewhere, in a thread. */
export interface Outlet {
  /** Throws for an event that cannot go there. */
  check(event: Message): void;
  /** Whether one more may go there now. The runtime's own messages always may. */
  readonly isOpen: boolean;
}

/** So many messages of one mailbox before the next one's turn. */
const batch = 32;

/** What waits to be delivered to one actor, oldest first, the runtime's own messages before all others. */
class Mailbox implements Waiting {
  readonly target: AnyActorRef;
  readonly #events = new Fifo<Message>();
  #system: Fifo<SystemMessage> | undefined;
  #policy: MailboxPolicy | undefined;
  suspended = false;
  isInLine = false;
  outlet: Outlet | undefined;
  /** Events of others that the actor was handed. */
  delivered = 0;

  constructor(target: AnyActorRef) {
    this.target = target;
  }

  get length(): number {
    return this.#events.length;
  }

  get policy(): MailboxPolicy {
    if (this.#policy !== undefined) return this.#policy;
    const owner = ownerOf(this.target);
    // In the midst of being made an actor cannot be told from its family.
    if (owner?.isMade === false) return defaultMailbox;
    this.#policy = (owner?.ref === this.target ? owner.spec.mailbox : undefined) ?? defaultMailbox;
    return this.#policy;
  }

  /** Whether what comes now would be the next to leave. */
  get isClear(): boolean {
    return this.#events.length === 0 && !this.suspended && this.outlet === undefined && !this.#system?.length;
  }

  get hasWork(): boolean {
    if (this.suspended) return false;
    return (this.#events.length > 0 && this.outlet?.isOpen !== false) || (this.#system?.length ?? 0) > 0;
  }

  /** Returns what there was no room for: nothing, the event itself, or the oldest one. */
  add(event: Message): Message | undefined {
    const { policy } = this;
    if (this.#events.length < policy.bound) {
      this.#events.push(event);
      return undefined;
    }
    if (policy.overflow !== 'drop-oldest') return event;
    const oldest = this.#events.shift();
    this.#events.push(event);
    return oldest;
  }

  addSystem(message: SystemMessage): void {
    this.#system ??= new Fifo();
    this.#system.push(message);
  }

  /** A batch, or less when the stretch of time is over. */
  deliverBatch(): void {
    for (let n = 0; n < batch && !this.suspended; n++) {
      if (n > 0 && isSpent()) return;
      const own = this.#system?.shift();
      if (own !== undefined) {
        if (own.isWanted() && !isStopped(this.target)) hand(this.target, own.event);
        continue;
      }
      if (this.outlet?.isOpen === false) return;
      const event = this.#events.shift();
      if (event === undefined) return;
      if (isStopped(this.target)) {
        lose(this.target, event, 'dead');
      } else {
        this.delivered++;
        hand(this.target, event);
      }
    }
  }
}

const mailboxes = new WeakMap<AnyActorRef, Mailbox>();

/**
 * Sends an event through the target's mailbox: it is delivered after the current work, never within it, so that chains of any
 * length do not nest. What is sent to an actor that is no more is a dead letter, counted and published.
 *
 * At most `mailbox.bound` events wait for an actor (of its child spec; default 10,000, which is also the bound for what an actor
 * spawned and for actors that no supervisor knows). One more is, by `mailbox.overflow`, refused with an error (`'reject'`, the
 * default), or it is a dead letter (`'drop-newest'`), or the oldest one is (`'drop-oldest'`).
 *
 * @throws OptionsError when the event is not an object with a `type`.
 * @throws DataCloneError when the actor lives in a thread and the event cannot be cloned. Nothing was sent.
 * @throws MailboxFullError when the mailbox is full and its overflow is `'reject'`. Nothing was sent.
 * @example
 * ```ts
 * send(counter, { type: 'inc' });
 * ```
 */
export function send<R extends AnyActorRef>(ref: R, event: EventOf<R>): void {
  const message = checked(event);
  checkCrossing(ref, message);
  const refused = accept(ref, message);
  if (refused !== undefined) {
    const { bound, overflow } = mailboxOf(ref).policy;
    if (overflow === 'reject') throw fullError(ref, message, bound);
    lose(ref, refused, 'mailbox-full');
  }
  noteSent(ref, message);
}

/**
 * The same as `send`, and where nothing stands in the way the event has been handed over when it returns: who waits for what comes
 * of it need not wait for a turn.
 */
export function sendAtOnce(ref: AnyActorRef, event: Message): void {
  const mailbox = mailboxOf(ref);
  if (mailbox.isClear && !isStopped(ref) && mayHandOver()) {
    noteSent(ref, checked(event));
    mailbox.delivered++;
    handOver(ref, event);
  } else {
    send(ref, event);
  }
}

/**
 * The same where a full mailbox must not harm the sender (names, groups, buses): what there is no room for, or cannot go to a
 * thread, is a dead letter of the target's runtime, or of `scope` where it has none.
 */
export function post(ref: AnyActorRef, event: Message, scope?: RuntimeScope): void {
  const message = checked(event);
  if (canCross(ref, message)) {
    const refused = accept(ref, message, scope);
    if (refused !== undefined) lose(ref, refused, 'mailbox-full', scope);
  } else {
    lose(ref, message, 'not-cloneable', scope);
  }
  noteSent(ref, event);
}

/** Tells an actor something that no bound drops, before all that others sent. To one that is no more: nothing. */
export function tell(ref: AnyActorRef, event: Message, isWanted: () => boolean = () => true): void {
  if (isStopped(ref)) return;
  const mailbox = mailboxOf(ref);
  mailbox.addSystem({ event, isWanted });
  wake(mailbox);
}

/** How many events of others wait for an actor, and how many it was handed. */
export function mailboxCounts(ref: AnyActorRef): { readonly waiting: number; readonly delivered: number } {
  const mailbox = mailboxes.get(ref);
  return { waiting: mailbox?.length ?? 0, delivered: mailbox?.delivered ?? 0 };
}

/** What the mailbox of an actor hands it goes on elsewhere. Returns what is to be called whenever that takes more again. */
export function setOutlet(ref: AnyActorRef, outlet: Outlet): () => void {
  const mailbox = mailboxOf(ref);
  mailbox.outlet = outlet;
  return () => wake(mailbox);
}

/** While it is held, nothing leaves an actor's mailbox. */
export function holdMailbox(ref: AnyActorRef, held: boolean): void {
  const mailbox = held ? mailboxOf(ref) : mailboxes.get(ref);
  if (mailbox === undefined) return;
  mailbox.suspended = held;
  wake(mailbox);
}

export const isMailboxHeld = (ref: AnyActorRef): boolean => mailboxes.get(ref)?.suspended === true;

function mailboxOf(ref: AnyActorRef): Mailbox {
  let mailbox = mailboxes.get(ref);
  if (mailbox === undefined) {
    mailbox = new Mailbox(ref);
    mailboxes.set(ref, mailbox);
  }
  return mailbox;
}

/** @throws what the actor's outlet throws of an event that cannot go through it. */
function checkCrossing(ref: AnyActorRef, message: Message): void {
  if (!isStopped(ref)) mailboxes.get(ref)?.outlet?.check(message);
}

function canCross(ref: AnyActorRef, message: Message): boolean {
  try {
    checkCrossing(ref, message);
    return true;
  } catch {
    return false;
  }
}

/** Returns what there was no room for. */
function accept(ref: AnyActorRef, message: Message, scope?: RuntimeScope): Message | undefined {
  if (isStopped(ref)) {
    lose(ref, message, 'dead', scope);
    return undefined;
  }
  const mailbox = mailboxOf(ref);
  const refused = mailbox.add(message);
  wake(mailbox);
  return refused;
}

/** Whoever asked it need not wait for an answer. */
function lose(ref: AnyActorRef, event: Message, because: Because, scope?: RuntimeScope): void {
  const owner = ownerOf(ref);
  const path = owner?.isMade && owner.ref === ref ? owner.path : owner && `${owner.path}/${ref.id}`;
  (owner?.scope ?? scope)?.deadLetter(path ?? ref.id, event, because);
  if (because === 'mailbox-full') askerOf(event)?.refuse(fullError(ref, event, mailboxOf(ref).policy.bound));
}

function fullError(ref: AnyActorRef, event: Message, bound: number): MailboxFullError {
  const path = ownerOf(ref)?.path ?? ref.id;
  return new MailboxFullError(
    `The mailbox of '${path}' is full: ${bound} events wait for it already, and there is no room for '${event.type}'. Send less, or wait for replies; or give its child spec another "mailbox" (bound, overflow).`,
    bound,
  );
}

function checked(event: unknown): Message {
  if (isEvent(event)) return event;
  throw new OptionsError(
    `An event must be an object with a "type", such as { type: 'refresh' }. Given: ${String(event)}.`,
  );
}

const isEvent = (value: unknown): value is Message =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
