import type { AnyActorRef } from 'xstate';
import { ActorDiedError, AskTimeoutError } from '../errors.js';
import type { Link } from './chain.js';
import type { ExitReason } from './exit-reason.js';
import type { EndWatcher, Incarnation } from './incarnation.js';
import { incarnationOfActor, nameOf } from './owner.js';
import type { Asker } from './question.js';
import { onEnd } from './ties.js';
import { type Limits, Wait } from './wait.js';
import { endOf, isOver } from './xstate.js';

type Event = { readonly type: string };

/** Waits for the reply to one event, at most as long as whoever was asked lives. */
export class PendingReply extends Wait<unknown> implements Asker {
  readonly #target: AnyActorRef;
  readonly #type: string;
  /** Its place among those who watch the target, where that is a supervised actor itself. */
  #watch: Link<EndWatcher> | undefined;
  #leave: (() => void) | undefined;

  constructor(target: AnyActorRef, event: Event, limits: Limits) {
    super(limits);
    this.#target = target;
    this.#type = event.type;
  }

  protected hold(): void {
    const target = this.#target;
    const life = incarnationOfActor(target);
    if (life?.reason !== undefined) this.refuse(this.#died(life.reason));
    else if (life !== undefined) this.#watch = life.watch(this);
    else if (isOver(target)) this.refuse(this.#died(endOf(target)));
    else this.#leave = onEnd(target, (reason) => this.refuse(this.#died(reason)));
  }

  override ended(reason: ExitReason, who: Incarnation): void {
    if (who === this.limits.asker) super.ended(reason, who);
    else this.refuse(this.#died(reason));
  }

  protected late(): Error {
    return new AskTimeoutError(
      `'${nameOf(this.#target)}' did not reply to '${this.#type}' within ${this.limits.wait} ms.`,
    );
  }

  protected release(): void {
    this.#watch?.leave();
    this.#leave?.();
  }

  #died(reason: ExitReason): ActorDiedError {
    const options = reason.type === 'error' ? { cause: reason.error } : {};
    return new ActorDiedError(
      `'${nameOf(this.#target)}' ended before it replied to '${this.#type}': ${reason.type}.`,
      options,
      reason,
    );
  }
}
