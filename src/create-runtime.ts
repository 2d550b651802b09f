import * as v from 'valibot';
import type { AnyEventObject, EventObject, InspectionEvent, Observer } from 'xstate';
import type { SupervisorOptions } from '../supervisors/options.js';
import { resolveSpec } from '../supervisors/spec.js';
import { type SupervisorLogic, type SupervisorRef, supervisor } from '../supervisors/supervisor.js';
import type { Bus } from './bus/bus.js';
import { StartError, StateError } from './errors.js';
import type { EventOfName, PlainName, RefOfName } from './runtime/actor-name.js';
import { type AskNameOptions, askName } from './runtime/ask-name.js';
import { attribution, unattributed } from './runtime/attribution.js';
import { checkedOptions } from './runtime/checked-options.js';
import type { ExitReason } from './runtime/exit-reason.js';
import { Incarnation } from './runtime/incarnation.js';
import { type Logger, silent } from './runtime/logger.js';
import { post } from './runtime/mailbox.js';
import type { ReplyOf } from './runtime/question.js';
import type { RuntimeEvents } from './runtime/runtime-events.js';
import { RuntimeScope } from './runtime/scope.js';
import { shutDown } from './runtime/shutdown.js';
import { isSupervisorLogic, supervisorHandle, type TreeNode } from './runtime/supervisor-handle.js';
import { witness } from './witness.js';

export interface RuntimeOptions {
  /** Of pino's shape; gets one line per lifecycle event. Default: silent. */
  readonly logger?: Logger;
  /** XState's inspection events of all actors. When it throws, nobody is harmed. */
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void);
  /**
   * Whether an error that an actor's timers and un-awaited promises throw is that actor's crash. Default true. Needs
   * `AsyncLocalStorage`; where there is none (a browser) nothing is attributed. Not attributable is a throw inside
   * `queueMicrotask` on Node 20. Listeners of others for `uncaughtException` and `unhandledRejection` hear of such errors, too.
   */
  readonly attributeAsyncErrors?: boolean;
}

/** An event for whoever bears a name: what that takes is not known to the types. */
export type NamedEvent = EventObject | AnyEventObject;

/** A supervised tree. It runs once: what has stopped is not started again, make a new one. */
export interface Runtime extends AsyncDisposable {
  /**
   * Starts every child, in order. Asked again, it answers the same.
   *
   * @throws StartError when a child could not be started (`childId`, `cause`); what had started has been stopped.
   */
  start(): Promise<this>;
  /** Stops the children in reverse start order, each within its own shutdown time. Never rejects. */
  stop(): Promise<void>;
  /** How the root ended: `shutdown` by order, with a `GaveUpError` or `StartError` as its detail when it was not. */
  readonly exited: Promise<ExitReason>;
  /** What happens to the actors. At most once: no guarantee rests on an event arriving. */
  readonly bus: Bus<RuntimeEvents>;
  readonly root: SupervisorRef;
  /** How many messages had nobody to go to. */
  readonly deadLetters: number;
  /** The current incarnation of whoever bears the name; typed for an `actorName`. */
  whereis<N extends string>(name: N): RefOfName<N> | undefined;
  /** To whoever bears the name now; without one, or when its mailbox is full, it is a dead letter. Never throws for that. */
  send<N extends string>(name: N, event: EventOfName<N, NamedEvent>): void;
  /**
   * As `ask`, of the incarnation that bears the name now; with `acrossRestarts` also of those after it. Event and reply are typed
   * for an `actorName`; for a plain name say what the reply is: `runtime.ask<number>('counter', …)`.
   *
   * @throws NoSuchActorError when nobody bears the name (with `acrossRestarts`: when the runtime has ended); otherwise as `ask`.
   */
  ask<N extends string, const E extends EventOfName<N, NamedEvent>>(
    name: N,
    event: E,
    options?: AskNameOptions,
  ): Promise<ReplyOf<EventOfName<N, NamedEvent>, E>>;
  ask<Reply>(name: PlainName, event: NamedEvent, options?: AskNameOptions): Promise<Reply>;
  /** What runs, as plain data. */
  tree(): TreeNode;
}

/**
 * Makes a runtime around a root supervisor.
 *
 * @throws OptionsError that names the option, what was given and what would do.
 * @example
 * ```ts
 * await using runtime = await createRuntime({ children: [child({ id: 'poller', logic: poller })] }).start();
 * ```
 */
export function createRuntime(
  root: SupervisorOptions | SupervisorLogic,
  options: RuntimeOptions = {},
): Runtime {
  checkedOptions(optionsSchema, options, { of: 'createRuntime' });
  const logic =
    'transition' in root && isSupervisorLogic(root) ? root : supervisor(root as SupervisorOptions);
  return new SupervisedRuntime(logic, options);
}

class SupervisedRuntime implements Runtime {
  readonly exited: Promise<ExitReason>;
  readonly root: SupervisorRef;
  readonly #scope: RuntimeScope;
  readonly #life: Incarnation;
  #started: Promise<this> | undefined;
  #stopped: Promise<void> | undefined;
  #end: (reason: ExitReason) => void = () => {};
  #release: () => void = () => {};

  constructor(
    logic: SupervisorLogic,
    { logger = silent, inspect, attributeAsyncErrors = true }: RuntimeOptions,
  ) {
    this.#scope = new RuntimeScope({
      logger,
      attribution: attributeAsyncErrors ? attribution() : unattributed,
      ...(inspect && { inspect }),
      deliver: post,
    });
    this.exited = new Promise((resolve) => {
      this.#end = (reason) => {
        this.#scope.close();
        resolve(reason);
      };
    });
    this.#life = new Incarnation(this.#scope, resolveSpec({ id: 'root', logic }, 'root'), 'root');
    this.#life.make();
    this.root = this.#life.ref as SupervisorRef;
    // From here on: it can be killed before it is started.
    this.#life.atEnd((reason) => {
      this.#release();
      for (const each of supervisorHandle(this.root)?.aftermath ?? []) each();
      this.#end(reason);
    });
    witness()?.made?.(this);
  }

  get bus(): Bus<RuntimeEvents> {
    return this.#scope.bus;
  }

  get deadLetters(): number {
    return this.#scope.deadLetters;
  }

  start(): Promise<this> {
    if (this.#started === undefined) {
      this.#started = this.#start();
      this.#started.then(this.#scope.markStarted, () => {});
    }
    return this.#started;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  whereis<N extends string>(name: N): RefOfName<N> | undefined {
    return this.#scope.names.whereis(name) as RefOfName<N> | undefined;
  }

  send(name: string, event: NamedEvent): void {
    const target = this.#scope.names.whereis(name);
    if (target !== undefined) post(target, event);
    else this.#scope.deadLetter(name, event, 'nobody');
  }

  ask<Reply>(name: string, event: NamedEvent, options?: AskNameOptions): Promise<Reply> {
    return askName(this.#scope, name, event, options) as Promise<Reply>;
  }

  tree(): TreeNode {
    const life = this.#life;
    const { phase } = life;
    const stopped = this.#started === undefined || phase === 'dead';
    return {
      id: life.spec.id,
      type: 'supervisor',
      status: stopped ? 'stopped' : phase,
      state: stopped ? undefined : life.state,
      incarnation: stopped && life.reason === undefined ? 0 : life.number,
      restarts: 0,
      children: supervisorHandle(this.root)?.tree() ?? [],
    };
  }

  async #start(): Promise<this> {
    if (this.#stopped !== undefined) {
      throw new StateError('This runtime has been stopped and cannot be started. Make a new one.');
    }
    if (this.#life.phase !== 'dead') this.#release = this.#scope.attribution.hold();
    const outcome = await this.#life.start();
    if (outcome.type === 'ready') return this;
    const reason = outcome.type === 'failed' ? outcome.reason : undefined;
    const detail = reason?.type === 'shutdown' ? reason.detail : undefined;
    if (detail instanceof StartError) throw detail;
    throw new StartError('The runtime was stopped before it had started.', undefined, {
      cause: reason?.type === 'error' ? reason.error : detail,
    });
  }

  async #stop(): Promise<void> {
    if (this.#started === undefined) return this.#end({ type: 'shutdown' });
    await shutDown(this.#life, { type: 'shutdown' });
  }
}

const optionsSchema = v.strictObject({
  logger: v.optional(
    v.custom<Logger>(
      (value) => ['debug', 'info', 'warn', 'error'].every((level) => isMethod(value, level)),
      'must have the methods debug, info, warn and error, as pino has',
    ),
  ),
  inspect: v.optional(
    v.custom<NonNullable<RuntimeOptions['inspect']>>(
      (value) => typeof value === 'function' || isMethod(value, 'next'),
      'must be a function or an observer',
    ),
  ),
  attributeAsyncErrors: v.optional(v.boolean('must be true or false')),
});

const isMethod = (value: unknown, name: string): boolean =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Record<string, unknown>)[name] === 'function';
