import type { AnyActorRef } from 'xstate';
import { type Bus, type BusEvent, createBus, type Subscriber } from '../bus/bus.js';
import type { AsyncOwner, Attribution } from './attribution.js';
import { type Because, type DeadLetter, DeadLetters } from './dead-letters.js';
import { Deadlines } from './deadlines.js';
import { Groups } from './groups.js';
import { type Logger, silent } from './logger.js';
import { Names } from './names.js';
import type { RuntimeEvents } from './runtime-events.js';
import { Starts } from './starts.js';
import { after, monotonicNow, type Timer, wallNow } from './time.js';
import { isStopped, type RootOptions } from './xstate.js';

export interface ScopeOptions {
  readonly logger: Logger;
  readonly attribution: Attribution;
  readonly inspect?: RootOptions['inspect'];
  /** How what is published on the bus reaches an actor. */
  readonly deliver: (ref: AnyActorRef, event: { readonly type: string }, scope: RuntimeScope) => void;
}

type Level = keyof Logger;
type BusListener = (event: BusEvent<RuntimeEvents>) => void;

/** What the actors of one runtime share. */
export class RuntimeScope {
  readonly names = new Names();
  readonly groups = new Groups();
  /** Of questions to its actors. */
  readonly deadlines = new Deadlines();
  readonly bus: Bus<RuntimeEvents>;
  readonly logger: Logger;
  readonly attribution: Attribution;
  readonly rootOptions: RootOptions;
  /** Resolves when the whole tree has been started for the first time; never, when it could not be. */
  readonly started: Promise<void>;
  readonly markStarted: () => void;
  readonly #hears: (topic: keyof RuntimeEvents) => boolean;
  readonly #deadLetters = new DeadLetters((letter, suppressed) => this.#tellLost(letter, suppressed));
  #floodEnd: Timer | undefined;
  #closed = false;
  readonly #starts = new Starts();

  constructor({ logger, attribution, inspect, deliver }: ScopeOptions) {
    this.logger = logger;
    this.attribution = attribution;
    let markStarted = (): void => {};
    this.started = new Promise((resolve) => {
      markStarted = resolve;
    });
    this.markStarted = markStarted;
    const bus = createBus<RuntimeEvents>({
      onListenerError: (error, topic) => this.listenerFailed(`bus: ${topic}`, error),
      deliver: (actor, event) => {
        const ref = actor as AnyActorRef;
        // A subscription ends with its actor: what is published about that very end is no dead letter.
        if (isStopped(ref)) return;
        // It is no message of whoever's work it is told of.
        attribution.run(undefined, () => deliver(ref, event, this));
      },
    });
    this.#hears = bus.hears;
    this.bus = {
      publish: bus.publish,
      subscribe: (topic: '*', listener: BusListener | Subscriber) =>
        bus.subscribe(topic, typeof listener === 'function' ? this.bind(listener) : listener),
    };
    this.rootOptions = {
      clock,
      logger: (...args) => this.log('info', { event: 'actor.log', args }, args.map(String).join(' ')),
      ...(inspect && { inspect: this.#guarded(inspect) }),
    };
  }

  /** Counts the starts of a path from 1. */
  nextIncarnation(path: string): number {
    return this.#starts.next(path);
  }

  /** No actor of that path is started any more, and none below it. */
  forget(path: string): void {
    this.#starts.forget(path);
  }

  /** Whether anybody listens to the topic, or reads the log. */
  isHeard(topic: keyof RuntimeEvents): boolean {
    return this.logger !== silent || this.#hears(topic);
  }

  publish<Topic extends keyof RuntimeEvents>(topic: Topic, payload: RuntimeEvents[Topic]): void {
    this.bus.publish(topic, payload);
  }

  /** A logger that throws harms nobody; there is nowhere left to say so. */
  log(level: Level, fields: object, message: string): void {
    try {
      this.attribution.run(undefined, () => this.logger[level](fields, message));
    } catch {}
  }

  /** How many messages reached nobody. */
  get deadLetters(): number {
    return this.#deadLetters.count;
  }

  deadLetter(to: string, event: DeadLetter['event'], because: Because): void {
    const floods = this.#deadLetters.add({ to, event, because }, monotonicNow());
    if (floods === undefined || this.#closed) return;
    this.#floodEnd?.cancel();
    this.#floodEnd = after(floods, () => this.#deadLetters.flush(monotonicNow()), { background: true });
  }

  #tellLost({ to, event, because }: DeadLetter, suppressed: number): void {
    const { count } = this.#deadLetters;
    const fields = { event: 'dead-letter', to, type: event.type, because, count, suppressed };
    this.log('debug', fields, `dead letter for ${to}: ${because}`);
    this.publish('dead-letter', { to, event, because, count, suppressed, at: wallNow() });
  }

  /** The runtime has ended: nobody will bear a name any more, and what is still to be told is told now. */
  close(): void {
    this.#closed = true;
    this.#floodEnd?.cancel();
    this.#deadLetters.flush(monotonicNow());
    this.names.close();
    this.deadlines.tidy();
  }

  listenerFailed(listener: string, error: unknown): void {
    this.log('error', { event: 'listener.failed', listener, error }, `a listener threw (${listener})`);
    if (listener !== 'bus: listener.failed') {
      this.publish('listener.failed', { listener, error, at: wallNow() });
    }
  }

  /** The callback of whoever runs now: called later, from anywhere, it works as theirs. */
  bind<A>(callback: (argument: A) => void): (argument: A) => void {
    const owner: AsyncOwner | undefined = this.attribution.current();
    return (argument) => this.attribution.run(owner, () => callback(argument));
  }

  #guarded(inspect: NonNullable<RootOptions['inspect']>): NonNullable<RootOptions['inspect']> {
    const next = typeof inspect === 'function' ? inspect : inspect.next?.bind(inspect);
    return (event) => {
      try {
        this.attribution.run(undefined, () => next?.(event));
      } catch (error) {
        this.listenerFailed('inspect', error);
      }
    };
  }
}

/** XState's timers, of any length. One object for all actors. */
const clock: RootOptions['clock'] = {
  setTimeout: (run, delay) => after(delay, run),
  clearTimeout: (timer) => (timer as Timer).cancel(),
};
