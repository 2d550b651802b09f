import type { AnyActorRef } from 'xstate';
import type { Milliseconds } from '../src/runtime/duration.js';
import type { Incarnation } from '../src/runtime/incarnation.js';
import { incarnationOfActor } from '../src/runtime/owner.js';
import type { RuntimeScope } from '../src/runtime/scope.js';
import { after, monotonicNow, type Timer } from '../src/runtime/time.js';

/** What a service's `start` can tell later. */
export interface ServiceContext {
  /** What was started has failed: that is the service's crash. Once it is being stopped, or has ended, it is ignored. */
  fail(error: unknown): void;
}

/** How to start and to stop what a service consists of. */
export interface ServicePlan<R> {
  start(signal: AbortSignal, context: ServiceContext): R | PromiseLike<R>;
  stop?(resource: R, signal: AbortSignal): unknown;
}

/** @internal An event that only says: look at the life again. */
export const moved = { type: 'holdfast.service.moved' } as const;

/** Of services that were killed or have crashed: what they held is being stopped. By runtime and path; the next incarnation waits for it. */
const legacies = new WeakMap<RuntimeScope, Map<string, Promise<void>>>();

/** One life of a service: what `start` brought, and that it is stopped exactly once, however the life ends. */
export class ServiceLife<R> {
  readonly #plan: ServicePlan<R>;
  #self!: AnyActorRef;
  #life!: Incarnation;
  #held: { readonly resource: R } | undefined;
  #released = false;
  /** Boxed: what was thrown may be undefined. */
  failure: { readonly error: unknown } | undefined;

  constructor(plan: ServicePlan<R>) {
    this.#plan = plan;
  }

  get isStarted(): boolean {
    return this.#held !== undefined;
  }

  get hasStop(): boolean {
    return this.#plan.stop !== undefined;
  }

  get resource(): R | undefined {
    return this.#held?.resource;
  }

  begin(self: AnyActorRef): void {
    this.#self = self;
    this.#life = incarnationOfActor(self) as Incarnation;
    this.#life.signal.addEventListener('abort', () => this.#abandon(), { once: true });
    void this.#tell(this.#start());
  }

  /** In order: it has the shutdown time of the service, then the signal fires. */
  release(): void {
    this.#released = true;
    const { signal } = this.#life;
    const time = new AbortController();
    const began = monotonicNow();
    const ended = (): void => {
      time.abort(signal.reason);
      // Killed, or crashed, before its time was over.
      this.#bequeath(stopped, granted(this.#life) - (monotonicNow() - began));
    };
    signal.addEventListener('abort', ended, { once: true });
    const stopped = this.#stop((this.#held as { readonly resource: R }).resource, time.signal);
    void this.#tell(stopped.finally(() => signal.removeEventListener('abort', ended)));
  }

  async #start(): Promise<void> {
    await legacyOf(this.#life);
    const { signal } = this.#life;
    if (signal.aborted) return;
    const fail = (error: unknown): void => {
      if (this.#life.phase === 'starting' || this.#life.phase === 'running') {
        this.#life.end({ type: 'error', error });
      }
    };
    const resource = await this.#plan.start(signal, { fail });
    this.#held = { resource };
    // Too late: nobody will ever ask for it.
    if (signal.aborted) this.#abandon();
  }

  async #stop(resource: R, signal: AbortSignal): Promise<void> {
    await this.#plan.stop?.(resource, signal);
  }

  async #tell(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.failure = { error };
    }
    if (!this.#life.signal.aborted) this.#self.send(moved);
    else if (this.failure !== undefined) this.#late(this.failure.error);
  }

  /** It was killed, or has crashed: what it holds is stopped all the same. */
  #abandon(): void {
    if (this.#held === undefined || this.#released || !this.hasStop) return;
    const time = new AbortController();
    const stopped = this.#stop(this.#held.resource, time.signal).catch((error: unknown) => this.#late(error));
    this.#bequeath(stopped, granted(this.#life), () => time.abort(this.#life.signal.reason));
  }

  /** The next incarnation waits for it, as long as there is time left. */
  #bequeath(stopped: Promise<void>, left: Milliseconds, overrun = (): void => {}): void {
    if (left <= 0) {
      overrun();
      return;
    }
    let timer: Timer | undefined;
    const over = new Promise<void>((resolve) => {
      if (left === Number.POSITIVE_INFINITY) return;
      timer = after(left, () => {
        overrun();
        resolve();
      });
    });
    const done = stopped.catch(() => {}).finally(() => timer?.cancel());
    leave(this.#life, Promise.race([done, over]));
  }

  /** Told as an error of one that has ended, unless it says no more than that. */
  #late(error: unknown): void {
    if (!(error instanceof Error && error.name === 'AbortError')) this.#life.asyncError(error);
  }
}

const granted = ({ spec: { shutdown } }: Incarnation): Milliseconds =>
  shutdown === 'brutal' ? 0 : shutdown === 'infinity' ? Number.POSITIVE_INFINITY : shutdown;

const legacyOf = ({ scope, path }: Incarnation): Promise<void> | undefined => legacies.get(scope)?.get(path);

function leave({ scope, path }: Incarnation, stopped: Promise<void>): void {
  const byPath = legacies.get(scope) ?? new Map<string, Promise<void>>();
  legacies.set(scope, byPath);
  byPath.set(path, stopped);
  void stopped.then(() => {
    if (byPath.get(path) === stopped) byPath.delete(path);
  });
}
