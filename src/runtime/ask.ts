import type { AnyActorRef } from 'xstate';
import { ActorDiedError, AskTimeoutError, NoSuchActorError } from '../errors.js';
import { type Duration, milliseconds } from './duration.js';
import type { ExitReason } from './exit-reason.js';
import { Incarnation } from './incarnation.js';
import { type EventOf, send } from './mailbox.js';
import { ownerOf } from './owner.js';
import { askerOf, questionOf } from './question.js';
import { after } from './time.js';
import { isStopped } from './xstate.js';

export interface AskOptions {
  /** How long to wait for the reply. Default `'5s'`. */
  readonly timeout?: Duration;
  /** Gives up earlier: rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Sends an event and waits for the `reply` to it. A reply that comes too late is dropped.
 *
 * @throws AskTimeoutError without a reply in time.
 * @throws ActorDiedError at once when the target ends first; `cause` is the error it ended with.
 * @throws NoSuchActorError when it had ended before.
 * @example
 * ```ts
 * const total = await ask<number>(counter, { type: 'how-many' }, { timeout: '1s' });
 * ```
 */
export function ask<Reply = unknown, R extends AnyActorRef = AnyActorRef>(
  ref: R,
  event: EventOf<R>,
  { timeout = '5s', signal }: AskOptions = {},
): Promise<Reply> {
  return new Promise<Reply>((resolve, reject) => {
    const wait = milliseconds(timeout, 'timeout');
    const sent = event as { readonly type: string };
    signal?.throwIfAborted();
    if (isStopped(ref)) {
      throw new NoSuchActorError(`'${sent.type}' was asked of the actor '${nameOf(ref)}', which has ended.`);
    }
    const undo: (() => void)[] = [];
    let waiting = true;
    const settle = (how: () => void): boolean => {
      if (!waiting) return false;
      waiting = false;
      for (const step of undo) step();
      how();
      return true;
    };
    const fail = (error: unknown): boolean => settle(() => reject(error));

    const timer = after(wait, () =>
      fail(new AskTimeoutError(`'${nameOf(ref)}' did not reply to '${sent.type}' within ${wait} ms.`)),
    );
    undo.push(() => timer.cancel());
    if (signal !== undefined) {
      const abort = (): void => void fail(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      undo.push(() => signal.removeEventListener('abort', abort));
    }
    undo.push(onDeath(ref, (cause) => fail(died(ref, sent, cause))));
    const asker = ownerOf(ref)?.scope.attribution.current();
    // Work of an asker that has ended must not go on for the rest of the timeout.
    if (asker instanceof Incarnation) undo.push(asker.atEnd(() => fail(asker.signal.reason)));

    const answer = (value: unknown): boolean => settle(() => resolve(value as Reply));
    try {
      send(ref, questionOf(sent, { answer, refuse: fail }) as EventOf<R>);
    } catch (error) {
      fail(error);
    }
  });
}

/**
 * Replies to an event that was asked. Once: later replies, and those that nobody waits for any more, are dropped.
 *
 * @returns whether somebody was waiting.
 */
export function reply(event: { readonly type: string }, value: unknown): boolean {
  return askerOf(event)?.answer(value) ?? false;
}

function onDeath(ref: AnyActorRef, callback: (cause: unknown) => void): () => void {
  const owner = ownerOf(ref);
  if (owner?.isMade && owner.ref === ref) {
    return owner.atEnd((reason: ExitReason) => callback(reason.type === 'error' ? reason.error : undefined));
  }
  const life = ref.subscribe({ complete: () => callback(undefined), error: callback });
  return () => life.unsubscribe();
}

const nameOf = (ref: AnyActorRef): string => ownerOf(ref)?.path ?? ref.id;

const died = (ref: AnyActorRef, event: { readonly type: string }, cause: unknown): ActorDiedError =>
  new ActorDiedError(`'${nameOf(ref)}' ended before it replied to '${event.type}'.`, { cause });
