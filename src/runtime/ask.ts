import type { AnyActorRef } from 'xstate';
import { CallingSelfError, NoSuchActorError } from '../errors.js';
import { attribution } from './attribution.js';
import { Deadlines } from './deadlines.js';
import { type Duration, type Milliseconds, milliseconds } from './duration.js';
import { Incarnation } from './incarnation.js';
import { type EventOf, sendAtOnce } from './mailbox.js';
import { incarnationOfActor, nameOf, ownerOf } from './owner.js';
import { PendingReply } from './pending-reply.js';
import { askerOf, questionOf, type ReplyOf, type ReplyTo } from './question.js';
import { noteReplied } from './sent.js';
import { isStopped } from './xstate.js';

const defaultTimeout: Milliseconds = 5000;

export interface AskOptions {
  /** How long to wait for the reply. Default `'5s'`. */
  readonly timeout?: Duration;
  /** Gives up earlier: rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Sends an event and waits for the `reply` to it. A reply that comes too late is dropped, and never given to a later question.
 * Asked from outside of any actor's transition, while no other message is on its way, the actor handles it before `ask` returns;
 * else in its turn.
 * It asks one incarnation: if that ends first, it rejects at once, and the next one is not asked (a name can be, see
 * `Runtime.ask`). When the asker, an actor, ends itself, it rejects, too.
 *
 * Its reply is typed by the event, where the actor's events are declared by `Question`; else say what it is: `ask<number>(…)`.
 *
 * @throws AskTimeoutError without a reply in time.
 * @throws ActorDiedError at once when the target ends first; `reason` is its exit reason, `cause` the error it ended with.
 * @throws NoSuchActorError when it had ended before.
 * @throws MailboxFullError when there is no room for the event, or it had to make room for another.
 * @throws CallingSelfError when an actor asks itself within its own transition (OTP's `calling_self`).
 * @example
 * ```ts
 * const total = await ask<number>(counter, { type: 'how-many' }, { timeout: '1s' });
 * ```
 */
export function ask<R extends AnyActorRef, const E extends EventOf<R>>(
  ref: R,
  event: E,
  options?: AskOptions,
): Promise<ReplyOf<EventOf<R>, E>>;
export function ask<Reply, R extends AnyActorRef = AnyActorRef>(
  ref: R,
  event: EventOf<R>,
  options?: AskOptions,
): Promise<Reply>;
export function ask(
  ref: AnyActorRef,
  event: EventOf<AnyActorRef>,
  { timeout = defaultTimeout, signal }: AskOptions = {},
): Promise<never> {
  // Not async: that would cost every question a promise more.
  try {
    const wait = milliseconds(timeout, 'timeout');
    const asker = currentAsker();
    refuseInVain(ref, event, asker);
    const pending = new PendingReply(ref, event, { wait, deadlines: deadlinesOf(ref), signal, asker });
    sendFor(pending, ref, event);
    return pending.begin() as Promise<never>;
  } catch (error) {
    return Promise.reject(error);
  }
}

/** Those of the runtime that the actor lives in. */
const deadlinesOf = (ref: AnyActorRef): Deadlines => ownerOf(ref)?.scope.deadlines ?? new Deadlines();

function sendFor(pending: PendingReply, ref: AnyActorRef, event: EventOf<AnyActorRef>): void {
  try {
    sendAtOnce(ref, questionOf(event, pending));
  } catch (error) {
    pending.refuse(error);
  }
}

/** @throws NoSuchActorError, CallingSelfError where nobody can answer. */
function refuseInVain(
  ref: AnyActorRef,
  event: { readonly type: string },
  asker: Incarnation | undefined,
): void {
  if (isStopped(ref)) {
    throw new NoSuchActorError(`'${event.type}' was asked of the actor '${nameOf(ref)}', which has ended.`);
  }
  if (asker?.isInTransition && incarnationOfActor(ref) === asker) {
    throw new CallingSelfError(
      `'${nameOf(ref)}' asked itself '${event.type}' within its own transition. Raise the event, or call what answers it.`,
    );
  }
}

/**
 * Replies to an event that was asked. Once: later replies, and those that nobody waits for any more, are dropped.
 *
 * @returns whether somebody was waiting.
 * @example
 * ```ts
 * on: { 'how-many': { actions: ({ event, context }) => void reply(event, context.count) } }
 * ```
 */
export function reply<E extends { readonly type: string }>(event: E, value: ReplyTo<E>): boolean {
  const waited = askerOf(event)?.answer(value) ?? false;
  if (waited) noteReplied(event, value);
  return waited;
}

/** @internal Whose work asks; undefined when it is no actor's. */
export function currentAsker(): Incarnation | undefined {
  const asker = attribution().current();
  return asker instanceof Incarnation ? asker : undefined;
}
