/**
 * The only file that knows XState's insides: that a system registers its actors, that an actor works off its mailbox, how it
 * errors and stops. Everything else uses XState's public API.
 *
 * A supervised child is an XState root with a system of its own, so that its system is exactly its family.
 */
import {
  type AnyActorLogic,
  type AnyActorRef,
  createActor,
  type InspectionEvent,
  type Observer,
} from 'xstate';
import type { ExitReason } from './exit-reason.js';

const stopEvent = 'xstate.stop';
const errorPrefix = 'xstate.error.actor.';

const running = 1;
const stopped = 2;

interface InnerEvent {
  readonly type: string;
  readonly error?: unknown;
}

interface InnerSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly output?: unknown;
  readonly error?: unknown;
  readonly value?: unknown;
  readonly machine?: InnerMachine;
  readonly context?: unknown;
  readonly tags?: ReadonlySet<string>;
  readonly children?: Readonly<Record<string, unknown>>;
  readonly historyValue?: unknown;
}

interface InnerMachine {
  getTransitionData(snapshot: InnerSnapshot, event: InnerEvent): readonly { readonly eventType: string }[];
  resolveState(config: Pick<InnerSnapshot, 'value' | 'context' | 'historyValue'>): InnerSnapshot;
}

interface InnerSystem {
  _register(sessionId: string, actor: InnerActor): string;
  _unregister(actor: InnerActor): void;
  _sendInspectionEvent(event: { readonly type: string; readonly actorRef: InnerActor }): void;
}

type Callback = (value?: unknown) => void;
interface Observing {
  readonly next?: Callback;
  readonly error?: Callback;
  readonly complete?: Callback;
}

interface InnerActor {
  readonly id: string;
  readonly system: InnerSystem;
  readonly _parent?: InnerActor;
  readonly _processingStatus: number;
  _snapshot: InnerSnapshot | undefined;
  readonly mailbox: { _process(event: InnerEvent): void };
  subscribe(next?: Callback | Observing, error?: Callback, complete?: Callback): { unsubscribe(): void };
  on(type: string, handler: Callback): { unsubscribe(): void };
  start(): unknown;
  _stop(): unknown;
  _error(error: unknown): void;
  update(snapshot: InnerSnapshot, event: InnerEvent): void;
}

const inner = (ref: AnyActorRef): InnerActor => ref as unknown as InnerActor;

/** What a root tells whoever owns it. */
export interface RootOwner {
  /** Runs work of the root's family as the owner's. */
  run<R>(work: () => R): R;
  /** A callback of whoever subscribes now, to be called as theirs, wherever it is called from. */
  bind(callback: Callback): Callback;
  /** An actor of the family has errored. `unheard`: whoever would be told is no more. */
  erred(error: unknown, unheard: boolean): void;
  /** An inspector of the system threw. */
  inspectorFailed(error: unknown): void;
}

/** What is the same for all roots of a runtime. Shared, because made per root it costs more than the root. */
export interface RootOptions {
  readonly clock: {
    setTimeout(run: (...args: unknown[]) => void, delay: number): unknown;
    clearTimeout(timer: unknown): void;
  };
  readonly logger: (...args: unknown[]) => void;
  readonly inspect?: Observer<InspectionEvent> | ((event: InspectionEvent) => void);
}

/** An XState root and its family: started, errored and stopped as one. */
export class Root {
  readonly ref: AnyActorRef;
  readonly #actor: InnerActor;
  readonly #owner: RootOwner;
  /** Who runs under whom, in start order. XState's own registry forgets an actor before it is stopped. */
  readonly #children = new Map<InnerActor, Set<InnerActor>>();
  #busy = 0;
  /** How many starts and transitions of descendants are on the stack. */
  #within = 0;
  #ending = false;
  #afterwards: (() => void) | undefined;

  constructor(logic: AnyActorLogic, input: unknown, id: string, options: RootOptions, owner: RootOwner) {
    this.#owner = owner;
    this.ref = createActor(logic, { ...options, id, input });
    this.#actor = inner(this.ref);
    this.#adopt(this.#actor);
    this.#instrument(this.#actor.system);
  }

  get snapshot(): InnerSnapshot {
    return this.#actor._snapshot as InnerSnapshot;
  }

  get isStopped(): boolean {
    return this.#actor._processingStatus === stopped;
  }

  /** Whether the root is starting or in a transition, on this very stack. */
  get isBusy(): boolean {
    return this.#busy > 0;
  }

  /** Whether a transition of the root itself is what runs now. */
  get isInTransition(): boolean {
    return this.#busy > 0 && this.#within === 0;
  }

  start(): void {
    this.#occupied(() => this.#owner.run(() => this.#actor.start()));
  }

  /** Stops the family, depth first and in reverse start order. In the midst of a transition of the root: right after it. */
  stop(): void {
    this.#end(() => {
      this.stopFamily();
      this.#actor._stop();
    });
  }

  /** Makes the root error, as if its transition had thrown; its family is stopped. */
  crash(error: unknown): void {
    this.#end(() => {
      this.stopFamily();
      fail(this.#actor, error);
    });
  }

  /** Stops whoever of the family still runs, but the root. */
  stopFamily(): void {
    this.#stopDescendants(this.#actor);
  }

  #end(perform: () => void): void {
    if (this.#ending) return;
    this.#ending = true;
    const unlessStopped = (): void => {
      if (!this.isStopped) perform();
    };
    if (this.#busy > 0) this.#afterwards = unlessStopped;
    else this.#owner.run(unlessStopped);
  }

  #occupied(work: () => void): void {
    this.#busy++;
    try {
      work();
    } finally {
      this.#busy--;
      if (this.#busy === 0 && this.#afterwards !== undefined) {
        const perform = this.#afterwards;
        this.#afterwards = undefined;
        this.#owner.run(perform);
      }
    }
  }

  #inFamily<R>(work: () => R): R {
    this.#within++;
    try {
      return work();
    } finally {
      this.#within--;
    }
  }

  #instrument(system: InnerSystem): void {
    const { _register: register, _unregister: unregister, _sendInspectionEvent: inspect } = system;
    system._register = (sessionId, actor) => {
      this.#adopt(actor);
      if (actor._parent !== undefined) this.#childrenOf(actor._parent).add(actor);
      return register(sessionId, actor);
    };
    system._unregister = (actor) => {
      unregister(actor);
      if (actor._processingStatus !== stopped) return;
      if (actor._parent !== undefined) this.#children.get(actor._parent)?.delete(actor);
      if (actor._snapshot?.status === 'error') {
        this.#owner.erred(actor._snapshot.error, this.#isUnheard(actor._parent));
      }
      this.#stopDescendants(actor);
    };
    system._sendInspectionEvent = (event) => {
      if (event.type === '@xstate.actor') this.#adopt(event.actorRef);
      try {
        inspect(event);
      } catch (error) {
        this.#owner.inspectorFailed(error);
      }
    };
  }

  #isUnheard(parent: InnerActor | undefined): boolean {
    if (parent === undefined) return false;
    return parent._processingStatus === stopped || (this.#ending && parent === this.#actor);
  }

  /** Makes an actor of the family work in the owner's context, and call back its observers in theirs. */
  #adopt(actor: InnerActor): void {
    if (Object.hasOwn(actor, 'subscribe')) return;
    const { mailbox } = actor;
    const process = mailbox._process;
    const isRoot = actor === this.#actor;
    const work = (event: InnerEvent): void =>
      this.#owner.run(() => {
        if (isSwallowedError(actor, event)) fail(actor, event.error);
        else process(event);
      });
    mailbox._process = (event) => {
      // What a family that is being stopped sends its root must not start anything new.
      if (this.#ending && isRoot && event.type !== stopEvent) return;
      if (isRoot) this.#occupied(() => work(event));
      else this.#inFamily(() => work(event));
    };
    if (!isRoot) {
      const start = actor.start.bind(actor);
      actor.start = () => this.#inFamily(start);
    }

    const subscribe = actor.subscribe.bind(actor);
    actor.subscribe = (next, error, complete) => {
      const observer = typeof next === 'object' ? next : { next, error, complete };
      const bound = (name: 'next' | 'error' | 'complete'): Callback | undefined => {
        const callback = observer[name]?.bind(observer);
        return callback && this.#owner.bind(callback);
      };
      // Without an error callback XState throws an error again, from a timer, that a supervisor has already dealt with.
      return subscribe(bound('next'), bound('error') ?? (() => {}), bound('complete'));
    };
    const on = actor.on.bind(actor);
    actor.on = (type, handler) => on(type, this.#owner.bind(handler));
  }

  #childrenOf(parent: InnerActor): Set<InnerActor> {
    let children = this.#children.get(parent);
    if (children === undefined) {
      children = new Set();
      this.#children.set(parent, children);
    }
    return children;
  }

  #stopDescendants(ancestor: InnerActor): void {
    const children = this.#children.get(ancestor);
    if (children === undefined) return;
    this.#children.delete(ancestor);
    for (const child of [...children].reverse()) {
      this.#stopDescendants(child);
      child._stop();
    }
  }
}

/** XState's own path of an error thrown in a transition. */
function fail(actor: InnerActor, error: unknown): void {
  actor._snapshot = { ...(actor._snapshot as InnerSnapshot), status: 'error', error };
  actor._error(error);
}

/** A child's error that only a `'*'` transition would take, and so hide. */
function isSwallowedError(actor: InnerActor, event: InnerEvent): boolean {
  if (!event.type.startsWith(errorPrefix)) return false;
  const taken = transitionsFor(actor._snapshot, event);
  return taken.length > 0 && taken.every(({ eventType }) => eventType === '*');
}

/** A guard that throws counts as no. */
function transitionsFor(
  snapshot: InnerSnapshot | undefined,
  event: InnerEvent,
): readonly { readonly eventType: string }[] {
  if (snapshot?.machine === undefined) return [];
  try {
    return snapshot.machine.getTransitionData(snapshot, event);
  } catch {
    return [];
  }
}

/** Whether an active state takes the event by its name, not by a wildcard. */
export function namesEvent(ref: AnyActorRef, event: { readonly type: string }): boolean {
  const actor = inner(ref);
  if (actor._processingStatus !== running || actor._snapshot?.status !== 'active') return false;
  return transitionsFor(actor._snapshot, event).some(({ eventType }) => eventType === event.type);
}

/** Whether something is an XState actor. */
export const isActor = (value: object): value is AnyActorRef =>
  'system' in value && 'getSnapshot' in value && 'sessionId' in value;

/** Whether what is sent to the actor now is lost. */
export const isStopped = (ref: AnyActorRef): boolean => inner(ref)._processingStatus === stopped;

/** Whether the actor has ended, be it that its observers have yet to hear of it. */
export const isOver = (ref: AnyActorRef): boolean => {
  const { _processingStatus, _snapshot } = inner(ref);
  return _processingStatus === stopped || (_snapshot !== undefined && _snapshot.status !== 'active');
};

/** How an actor ended that no supervisor knows: whoever stopped it had the right to. */
export function endOf(ref: AnyActorRef): ExitReason {
  const { status, error } = inner(ref)._snapshot as InnerSnapshot;
  if (status === 'error') return { type: 'error', error };
  return { type: status === 'done' ? 'normal' : 'shutdown' };
}

/** Whether the actor's logic is a state machine. */
export const isMachine = (ref: AnyActorRef): boolean => inner(ref)._snapshot?.machine !== undefined;

/** Whether the actor is still being made: its initial snapshot is not there yet. */
export const isBeingMade = (ref: AnyActorRef): boolean => inner(ref)._snapshot === undefined;

/** The root of the XState system that the actor is in. */
export function rootOf(ref: AnyActorRef): AnyActorRef {
  let at = ref;
  while (at._parent !== undefined) at = at._parent;
  return at;
}

/** Ends an actor that is not a root, which XState allows to its parent alone. */
export const stopActor = (ref: AnyActorRef): void => {
  inner(ref)._stop();
};

/**
 * Calls back when an ancestor of the actor errors: XState does not stop an errored actor's children. Returns the way out.
 */
export function onAncestorError(ref: AnyActorRef, callback: () => void): () => void {
  const actor = inner(ref);
  const watchers = errorWatchers(actor.system);
  const watcher = (ended: InnerActor): void => {
    let at = actor._parent;
    while (at !== undefined && at !== ended) at = at._parent;
    if (at !== undefined) callback();
  };
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

type ErrorWatchers = Set<(erred: InnerActor) => void>;
const watched = new WeakMap<InnerSystem, ErrorWatchers>();

function errorWatchers(system: InnerSystem): ErrorWatchers {
  const existing = watched.get(system);
  if (existing !== undefined) return existing;
  const watchers: ErrorWatchers = new Set();
  watched.set(system, watchers);
  const unregister = system._unregister;
  system._unregister = (actor) => {
    unregister(actor);
    if (actor._processingStatus !== stopped || actor._snapshot?.status !== 'error') return;
    for (const watcher of [...watchers]) watcher(actor);
  };
  return watchers;
}

export const snapshotOf = (ref: AnyActorRef): InnerSnapshot => inner(ref)._snapshot as InnerSnapshot;

/** What of an actor's state can be replaced. */
export interface Changeable {
  /** The state of a machine. */
  readonly value?: unknown;
  readonly context?: unknown;
}

/** Whether an actor has a context, which its transitions make anew. */
export const hasState = (ref: AnyActorRef): boolean => 'context' in snapshotOf(ref);

/** Gives an actor another state, as if a transition without any action had led there. Throws before anything has changed. */
export function replaceSnapshot(ref: AnyActorRef, change: Changeable): void {
  const actor = inner(ref);
  const { _snapshot: before } = actor;
  const { machine, value, context, historyValue, children } = before as InnerSnapshot;
  const next = { value, context, historyValue, ...change };
  const after = machine
    ? { ...machine.resolveState(next), children }
    : { ...(before as InnerSnapshot), context: next.context };
  actor.update(after as InnerSnapshot, { type: 'holdfast.replace-state' });
}

/** XState's words for a `sendParent` of an actor that has no parent. */
export const isSendParentError = (error: unknown): boolean =>
  error instanceof Error && error.message.includes("event to actor '#_parent'");
