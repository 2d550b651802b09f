import type { AnyActorRef } from 'xstate';
import { StateError } from '../errors.js';
import type { AsyncOwner } from './attribution.js';
import { Chain, type Link } from './chain.js';
import type { Milliseconds } from './duration.js';
import type { Eventual } from './eventual.js';
import type { ExitReason } from './exit-reason.js';
import { IGNORE } from './ignore.js';
import { LifeReport } from './life-report.js';
import type { LifeSpec, StartOutcome } from './life-spec.js';
import { doneTooSoon, errorOf, explained, notReadyInTime, obituary } from './obituary.js';
import type { RuntimeScope } from './scope.js';
import { isSupervisorLogic, supervisorHandle } from './supervisor-handle.js';
import { after, type Timer } from './time.js';
import { Root, type RootOwner } from './xstate.js';

interface Order {
  readonly reason: ExitReason;
  /** Part of a shutdown: nobody's crash. */
  readonly shutdown: boolean;
}

/** Told once of an incarnation's end. */
export interface EndWatcher {
  ended(reason: ExitReason, who: Incarnation): void;
}

/** Whoever keeps an incarnation, and is told when it ends after it was ready. */
export interface Keeper {
  exited(incarnation: Incarnation, reason: ExitReason): void;
}

export type Phase = 'starting' | 'running' | 'stopping' | 'dead';

/**
 * One life of an actor, from its start to its exit. It ends once, for the first reason given, and takes with it whatever it
 * began: its family of XState actors, its timers, its name, what waits for it.
 */
export class Incarnation implements AsyncOwner, RootOwner {
  readonly scope: RuntimeScope;
  readonly spec: LifeSpec;
  readonly path: string;
  readonly number: number;
  readonly keeper: Keeper | undefined;
  #phase: Phase = 'starting';
  #root: Root | undefined;
  /** Its start has returned: what it invokes at once has begun, or has failed. */
  #begun = false;
  #outcome: StartOutcome | undefined;
  #settle: ((outcome: StartOutcome) => void) | undefined;
  #startTimer: Timer | undefined;
  /** The reason it was told to end with, before it has. */
  #ordered: Order | undefined;
  /** The reason it was asked to stop with, should it do so by itself. */
  #asked: ExitReason | undefined;
  #reason: ExitReason | undefined;
  #abort: AbortController | undefined;
  #watchers: Chain<EndWatcher> | undefined;
  #seen: WeakSet<object> | undefined;
  /** Links and monitors, once there are any. Told last of its end. */
  ties: { end(reason: ExitReason): void } | undefined;

  constructor(
    scope: RuntimeScope,
    spec: LifeSpec,
    path: string,
    keeper?: Keeper,
    number = scope.nextIncarnation(path),
  ) {
    this.scope = scope;
    this.spec = spec;
    this.path = path;
    this.number = number;
    this.keeper = keeper;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Why it ended; undefined while it lives. */
  get reason(): ExitReason | undefined {
    return this.#reason;
  }

  /** The actor. */
  get ref(): AnyActorRef {
    if (this.#root === undefined) throw new StateError(`${this.path} has not been made yet.`);
    return this.#root.ref;
  }

  get isSupervisor(): boolean {
    return isSupervisorLogic(this.spec.logic);
  }

  get isMade(): boolean {
    return this.#root !== undefined;
  }

  get report(): LifeReport {
    return new LifeReport(this.scope, this);
  }

  /** Fires when the incarnation ends, whatever the reason. Made when first asked for. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#reason !== undefined) this.#abort.abort(obituary(this, this.#reason));
    }
    return this.#abort.signal;
  }

  /**
   * Makes the actor, without starting it. `start` does so itself where it has not been done.
   *
   * @throws whatever its input, or the making of its first snapshot, throws; StateError when its name is taken.
   */
  make(): void {
    if (this.#root !== undefined) return;
    const { spec, scope } = this;
    const input = typeof spec.input === 'function' ? (spec.input as () => unknown)() : spec.input;
    const root = making(this, () => new Root(spec.logic, input, spec.id, scope.rootOptions, this));
    (root.ref.system as Owned)[owner] = this;
    this.#root = root;
    if (spec.name !== undefined) scope.names.claim(spec.name, this);
  }

  /** Starts it. Its outcome, once it is ready, ignored, or has failed: often at once. Never rejects. */
  start(): Eventual<StartOutcome> {
    this.run(() => this.#begin());
    return (
      this.#outcome ??
      new Promise((resolve) => {
        this.#settle = resolve;
      })
    );
  }

  /**
   * Ends it at once: an error makes it error, anything else stops it. Within its own transition: right after that.
   * `shutdown`: it ends because what it belongs to does, which is no crash.
   */
  end(reason: ExitReason, { shutdown = false } = {}): void {
    if (!this.#alive || this.#ordered !== undefined) return;
    this.#ordered = { reason, shutdown };
    const root = this.#root;
    if (root === undefined) return;
    if (reason.type === 'error') root.crash(reason.error);
    else root.stop();
    // An actor that had not begun tells nobody of its end.
    if (root.isStopped && this.#alive) this.#finish(reason);
  }

  /** It was asked to stop: when it now ends by itself, it does so for this reason. */
  askedToStop(reason: ExitReason): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'stopping';
    this.#asked = reason;
  }

  /** Calls back when it ends. Returns the way out. */
  atEnd(callback: (reason: ExitReason) => void): () => void {
    const place = this.watch({ ended: callback });
    return () => place.leave();
  }

  /** Tells it when this ends. Returns the way out. */
  watch(watcher: EndWatcher): Link<EndWatcher> {
    this.#watchers ??= new Chain();
    return this.#watchers.add(watcher);
  }

  run<R>(work: () => R): R;
  run<A, B, R>(work: (a: A, b: B) => R, a: A, b: B): R;
  run<A, B, R>(work: (a: A, b: B) => R, a?: A, b?: B): R {
    return this.scope.attribution.run(this, work, a as A, b as B);
  }

  bind(callback: (value?: unknown) => void): (value?: unknown) => void {
    const owner = this.scope.attribution.current();
    const { attribution } = this.scope;
    return (value) =>
      attribution.run(owner, () => {
        try {
          callback(value);
        } catch (error) {
          // From here XState would throw it in this actor's context, and it is not this actor's.
          after(0, () => {
            throw error;
          });
        }
      });
  }

  changed(): void {
    if (this.#phase === 'starting' && this.#begun) this.#checkReady();
  }

  errored(error: unknown): void {
    this.#finish(this.#endOf(this.#root as Root, { error }), { error });
  }

  completed(): void {
    this.#finish(this.#endOf(this.#root as Root));
  }

  erred(error: unknown, unheard: boolean): void {
    if (unheard) this.report.lateError(error);
    if (typeof error !== 'object' || error === null) return;
    this.#seen ??= new WeakSet();
    this.#seen.add(error);
  }

  inspectorFailed(error: unknown): void {
    this.scope.listenerFailed('inspect', error);
  }

  asyncError(error: unknown): void {
    // XState throws an error that was handled once more, from a timer.
    if (this.#seen?.has(error as object)) return;
    if (this.#alive && this.#ordered === undefined) {
      this.end({ type: 'error', error });
      return;
    }
    if (this.#reason?.type === 'error' && this.#reason.error === error) return;
    if (this.#abort?.signal.reason === error) return;
    this.report.lateError(error);
  }

  /** Whether a transition of its own is on the stack. */
  get isBusy(): boolean {
    return this.#root?.isBusy === true;
  }

  /** Whether its own transition is what runs, and not something of its family's within it. */
  get isInTransition(): boolean {
    return this.#root?.isInTransition === true;
  }

  /** What its snapshot says: the state's value of a machine, else the status. */
  get state(): unknown {
    const snapshot = this.#root?.snapshot;
    return snapshot?.value ?? snapshot?.status;
  }

  get #alive(): boolean {
    return this.#phase !== 'dead';
  }

  #begin(): void {
    try {
      this.make();
    } catch (error) {
      this.#finish({ type: 'error', error });
      return;
    }
    if (this.#ordered !== undefined) {
      this.#finish(this.#ordered.reason);
      return;
    }
    const root = this.#root as Root;
    this.report.started();
    // Whoever heard of it may have ended it.
    if (!this.#alive) return;
    root.start();
    if (this.#phase !== 'starting') return;
    this.#begun = true;
    this.#checkReady();
    const { startTimeout } = this.spec;
    if (this.#phase === 'starting' && startTimeout !== 'infinity') this.#armStartTimer(startTimeout);
  }

  #armStartTimer(startTimeout: Milliseconds): void {
    this.#startTimer = after(startTimeout, () =>
      this.end({ type: 'error', error: notReadyInTime(this, startTimeout) }),
    );
  }

  #endOf(root: Root, thrown?: Thrown): ExitReason {
    if (this.#ordered !== undefined) return this.#ordered.reason;
    const own = supervisorHandle(root.ref)?.reason;
    if (own !== undefined) return own;
    if (thrown !== undefined) return { type: 'error', error: explained(this, thrown.error) };
    return root.snapshot.status === 'done' ? (this.#asked ?? { type: 'normal' }) : { type: 'killed' };
  }

  #checkReady(): void {
    const root = this.#root as Root;
    if (root.snapshot.status !== 'active') return;
    let info: unknown;
    try {
      if (!this.spec.ready(root.snapshot)) return;
      info = this.spec.startInfo?.(root.snapshot);
    } catch (error) {
      this.end({ type: 'error', error });
      return;
    }
    // What was asked may have ended it.
    if (this.#phase !== 'starting') return;
    this.#phase = 'running';
    this.#startTimer?.cancel();
    this.report.ready();
    if (this.spec.name !== undefined) this.scope.names.ready(this.spec.name, this);
    this.#settled(info === undefined ? ready : { type: 'ready', info });
  }

  #settled(outcome: StartOutcome): void {
    const settle = this.#settle;
    this.#settle = undefined;
    if (settle === undefined) this.#outcome = outcome;
    else settle(outcome);
  }

  #finish(given: ExitReason, thrown?: Thrown): void {
    if (!this.#alive) return;
    const starting = this.#phase === 'starting';
    const tooSoon = starting && given.type === 'normal';
    const ignored = tooSoon && this.#root?.snapshot.output === IGNORE;
    const reason: ExitReason = tooSoon && !ignored ? { type: 'error', error: doneTooSoon(this) } : given;
    this.#phase = 'dead';
    this.#reason = reason;
    this.#startTimer?.cancel();
    if (this.spec.name !== undefined) this.scope.names.release(this.spec.name, this);
    this.scope.groups.forget(this);
    this.#endFamily();
    this.run(() => this.#abort?.abort(obituary(this, reason)));
    for (let next = this.#watchers?.shift(); next !== undefined; next = this.#watchers?.shift()) {
      next.ended(reason, this);
    }
    this.report.ended(reason, { starting, ignored, shutdown: this.#ordered?.shutdown === true });
    if (
      thrown !== undefined &&
      this.#ordered !== undefined &&
      errorOf(this.#ordered.reason) !== thrown.error
    ) {
      this.report.lateError(thrown.error);
    }
    if (!starting) this.keeper?.exited(this, reason);
    else this.#settled(ignored ? { type: 'ignored' } : { type: 'failed', reason });
    this.ties?.end(reason);
  }

  /** What an XState actor does not do for itself when it errors. */
  #endFamily(): void {
    if (this.#root === undefined) return;
    supervisorHandle(this.#root.ref)?.kill();
    this.#root.stopFamily();
  }
}

/** Most have nothing to tell, and each keeps its outcome. */
const ready: StartOutcome = { type: 'ready', info: undefined };

/** Boxed: what is thrown may be undefined. */
interface Thrown {
  readonly error: unknown;
}

/** Whose family runs in an XState system. On the system itself: a weak map of a hundred thousand is dear to the collector. */
const owner = Symbol('holdfast.incarnation');

interface Owned {
  [owner]?: Incarnation;
}

let beingMade: Incarnation | undefined;

function making<R>(incarnation: Incarnation, make: () => R): R {
  const before = beingMade;
  beingMade = incarnation;
  try {
    return make();
  } finally {
    beingMade = before;
  }
}

/** @internal The incarnation whose family runs in an XState system; `beingMade` while its root is constructed. */
export const incarnationOfSystem = (system: object): Incarnation | undefined => (system as Owned)[owner];

/** @internal */
export const incarnationBeingMade = (): Incarnation | undefined => beingMade;
