import type { AnyActorRef } from 'xstate';
import { ActorDiedError, AskTimeoutError, NoSuchActorError } from '../errors.js';
import { type AskOptions, ask, currentAsker } from './ask.js';
import { type Milliseconds, milliseconds } from './duration.js';
import type { Names } from './names.js';
import { incarnationOfActor } from './owner.js';
import type { RuntimeScope } from './scope.js';
import { isGone } from './ties.js';
import { monotonicNow } from './time.js';
import { type Limits, Wait } from './wait.js';

export interface AskNameOptions extends AskOptions {
  /**
   * Whether the question goes on to the next incarnation when the one that was asked ends, and waits while nobody who is ready bears
   * the name, all within `timeout`. An event may then be handled more than once: ask so for what may be. Default false: the
   * incarnation that bears the name now is asked, and its end rejects.
   */
  readonly acrossRestarts?: boolean;
}

type Event = { readonly type: string };

/** @throws NoSuchActorError when nobody bears the name, or with `acrossRestarts` nobody ever will; otherwise as `ask`. */
export async function askName(
  scope: RuntimeScope,
  name: string,
  event: Event,
  { acrossRestarts = false, ...options }: AskNameOptions = {},
): Promise<unknown> {
  if (acrossRestarts) return persist(scope, name, event, options);
  const target = scope.names.whereis(name);
  if (target === undefined) throw new NoSuchActorError(`Nobody bears the name '${name}' now.`);
  return ask<unknown>(target, event, options);
}

async function persist(
  scope: RuntimeScope,
  name: string,
  event: Event,
  { timeout = '5s', signal }: AskOptions,
): Promise<unknown> {
  const wait = milliseconds(timeout, 'timeout');
  const until = monotonicNow() + wait;
  const asker = currentAsker();
  const late = (): Error =>
    new AskTimeoutError(`Nobody who bore the name '${name}' replied to '${event.type}' within ${wait} ms.`);
  const { deadlines } = scope;
  for (;;) {
    const left: Milliseconds = Math.max(0, Math.ceil(until - monotonicNow()));
    const target = await readyBearer(scope, name, { wait: left, deadlines, signal, asker }, late);
    const rest = Math.max(0, Math.ceil(until - monotonicNow()));
    try {
      return await ask<unknown>(target, event, { timeout: rest, ...(signal && { signal }) });
    } catch (error) {
      if (error instanceof AskTimeoutError) throw late();
      if (!isOf(error) || !isGone(target) || asker?.reason !== undefined) throw error;
    }
  }
}

const isOf = (error: unknown): boolean =>
  error instanceof ActorDiedError || error instanceof NoSuchActorError;

function readyBearer(
  { names }: RuntimeScope,
  name: string,
  limits: Limits,
  late: () => Error,
): Promise<AnyActorRef> {
  const target = names.whereis(name);
  if (target !== undefined && incarnationOfActor(target)?.phase === 'running') return Promise.resolve(target);
  return new PendingBearer(names, name, limits, late).begin();
}

/** Waits until somebody who is ready bears a name. */
class PendingBearer extends Wait<AnyActorRef> {
  readonly #names: Names;
  readonly #name: string;
  readonly #late: () => Error;
  #leave: (() => void) | undefined;

  constructor(names: Names, name: string, limits: Limits, late: () => Error) {
    super(limits);
    this.#names = names;
    this.#name = name;
    this.#late = late;
  }

  protected hold(): void {
    this.#leave = this.#names.whenReady(this.#name, (ref) => {
      if (ref !== undefined) this.answer(ref);
      else
        this.refuse(
          new NoSuchActorError(`Nobody bears the name '${this.#name}', and nobody will: the tree has ended.`),
        );
    });
  }

  protected late(): Error {
    return this.#late();
  }

  protected release(): void {
    this.#leave?.();
  }
}
