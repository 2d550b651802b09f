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
  [ruling]?: Root;
  _register(sessionId: string, actor: InnerActor): string;
  _unregister(actor: InnerActor): void;
  _sendInspectionEvent(event: { readonly type: string; readonly actorRef: InnerActor }): void;
}

/** The root of a system. */
const ruling = Symbol('holdfast.root');

type Callback = (value?: unknown) => void;
interface Observing {
  readonly next?: Callback;
  readonly error?: Callback;
  readonly complete?: Callback;
}

interface InnerMailbox {
  _process(event: InnerEvent): void;
  [adopted]?: Adopted;
}

/** What an actor of a root's family needs to know, and its mailbox. */
interface Adopted {
  readonly root: Root;
  readonly actor: InnerActor;
}

const adopted = Symbol('holdfast.adopted');

interface InnerActor {
  readonly id: string;
  readonly system: InnerSystem;
  readonly _parent?: InnerActor;
  readonly _processingStatus: number;
  _snapshot: InnerSnapshot | undefined;
  readonly mailbox: InnerMailbox;
  readonly observers: Set<Observing>;
  [adopted]?: Adopted;
  subscribe(next?: Callback | Observing, error?: Callback, complete?: Callback): { unsubscribe(): void };
  on(type: string, handler: Callback): { unsubscribe(): void };
  start(): unknown;
  _process(event: InnerEvent): void;
  _stop(): unknown;
  _error(error: unknown): void;
  update(snapshot: InnerSnapshot, event: InnerEvent): void;
}

const inner = (ref: AnyActorRef): InnerActor => ref as unknown as InnerActor;

/** What a root tells whoever owns it. */
export interface RootOwner {
  /** Runs work of the root's family as the owner's. */
  run<R>(work: () => R): R;
  run<A, B, R>(work: (a: A, b: B) => R, a: A, b: B): R;
  /** A callback of whoever subscribes now, to be called as theirs, wherever it is called from. */
  bind(callback: Callback): Callback;
  /** The root has another snapshot. */
  changed(): void;
  /** The root has ended by an error. */
  errored(error: unknown): void;
  /** The root has ended otherwise. */
  completed(): void;
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

/**
 * Makes a root. XState puts its options together in a way that gives those with an id or an input a hidden class of their own,
 * for each actor: a fifth of what the making costs. So these come in beside the options, in place of what XState has put there when it asks the logic
 * for the first snapshot.
 */
function make(logic: AnyActorLogic, input: unknown, id: string, options: RootOptions): AnyActorRef {
  const { clock, logger, inspect } = options;
  // An inspector is told before that, and is to be told right.
  if (inspect !== undefined) return createActor(logic, { clock, logger, inspect, id, input });
  const before = unborn;
  unborn = { logic, input, id };
  try {
    return createActor(midwife, { clock, logger });
  } finally {
    unborn = before;
  }
}

interface Unborn {
  readonly logic: AnyActorLogic;
  readonly input: unknown;
  readonly id: string;
}

let unborn: Unborn | undefined;

/** Stands for a root's logic until its actor is asked for its first snapshot. */
const midwife = {
  getInitialSnapshot(scope: { id: string; readonly self: AnyActorRef }): unknown {
    const { logic, input, id } = unborn as Unborn;
    const actor = scope.self as unknown as { id: string; logic: unknown; src: unknown };
    actor.id = id;
    actor.logic = logic;
    actor.src = logic;
    scope.id = id;
    return logic.getInitialSnapshot(scope as never, input as never);
  },
} as unknown as AnyActorLogic;

/** An XState root and its family: started, errored and stopped as one. */
export class Root {
  readonly ref: AnyActorRef;
  readonly #actor: InnerActor;
  readonly #owner: RootOwner;
  /** Who runs under whom, in start order. XState's own registry forgets an actor before it is stopped. */
  #children: Map<InnerActor, Set<InnerActor>> | undefined;
  readonly #register: InnerSystem['_register'];
  readonly #unregister: InnerSystem['_unregister'];
  readonly #inspect: InnerSystem['_sendInspectionEvent'];
  #busy = 0;
  /** How many starts and transitions of descendants are on the stack. */
  #within = 0;
  #ending = false;
  #afterwards: (() => void) | undefined;

  constructor(logic: AnyActorLogic, input: unknown, id: string, options: RootOptions, owner: RootOwner) {
    this.#owner = owner;
    this.ref = make(logic, input, id, options);
    this.#actor = inner(this.ref);
    const { system } = this.#actor;
    this.#register = system._register;
    this.#unregister = system._unregister;
    this.#inspect = system._sendInspectionEvent;
    system[ruling] = this;
    system._register = registerInFamily;
    system._unregister = unregisterFromFamily;
    system._sendInspectionEvent = inspectFamily;
    this.adopt(this.#actor);
    this.#actor.observers.add(this);
  }

  /** @internal As an observer of its actor, the first one. */
  next(): void {
    this.#owner.changed();
  }

  /** @internal XState calls it without a `this`. */
  readonly error = (error: unknown): void => this.#owner.errored(error);

  /** @internal */
  complete(): void {
    this.#owner.completed();
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
      this.#relieved();
    }
  }

  /** A start or a transition of the root's is over. */
  #relieved(): void {
    this.#busy--;
    if (this.#busy > 0 || this.#afterwards === undefined) return;
    const perform = this.#afterwards;
    this.#afterwards = undefined;
    this.#owner.run(perform);
  }

  /** @internal An actor of the family is to begin. */
  register(sessionId: string, actor: InnerActor): string {
    this.adopt(actor);
    if (actor._parent !== undefined) this.#childrenOf(actor._parent).add(actor);
    return this.#register(sessionId, actor);
  }

  /** @internal */
  unregister(actor: InnerActor): void {
    this.#unregister(actor);
    if (actor._processingStatus !== stopped) return;
    if (actor._parent !== undefined) this.#children?.get(actor._parent)?.delete(actor);
    if (actor._snapshot?.status === 'error') {
      this.#owner.erred(actor._snapshot.error, this.#isUnheard(actor._parent));
    }
    this.#stopDescendants(actor);
  }

  /** @internal */
  inspect(event: Parameters<InnerSystem['_sendInspectionEvent']>[0]): void {
    if (event.type === '@xstate.actor') this.adopt(event.actorRef);
    try {
      this.#inspect(event);
    } catch (error) {
      this.#owner.inspectorFailed(error);
    }
  }

  /** @internal A transition of an actor of the family. */
  process(actor: InnerActor, event: InnerEvent): void {
    const isRoot = actor === this.#actor;
    // What a family that is being stopped sends its root must not start anything new.
    if (this.#ending && isRoot && event.type !== stopEvent) return;
    if (isRoot) this.#busy++;
    else this.#within++;
    try {
      this.#owner.run(step, actor, event);
    } finally {
      if (isRoot) this.#relieved();
      else this.#within--;
    }
  }

  /** @internal A callback of whoever subscribes now. */
  bind(callback: Callback): Callback {
    return this.#owner.bind(callback);
  }

  /** @internal Runs what a descendant does. */
  inFamily<R>(work: () => R): R {
    this.#within++;
    try {
      return work();
    } finally {
      this.#within--;
    }
  }

  /** @internal Makes an actor of the family work in the owner's context, and call back its observers in theirs. */
  adopt(actor: InnerActor): void {
    if (adopted in actor) return;
    const bond: Adopted = { root: this, actor };
    actor[adopted] = bond;
    actor.mailbox[adopted] = bond;
    actor.mailbox._process = processAsOwner;
    actor.subscribe = subscribeAsCaller;
    actor.on = listenAsCaller;
    if (actor !== this.#actor) actor.start = startInFamily;
  }

  #isUnheard(parent: InnerActor | undefined): boolean {
    if (parent === undefined) return false;
    return parent._processingStatus === stopped || (this.#ending && parent === this.#actor);
  }

  #childrenOf(parent: InnerActor): Set<InnerActor> {
    this.#children ??= new Map();
    let children = this.#children.get(parent);
    if (children === undefined) {
      children = new Set();
      this.#children.set(parent, children);
    }
    return children;
  }

  #stopDescendants(ancestor: InnerActor): void {
    const children = this.#children?.get(ancestor);
    if (children === undefined) return;
    this.#children?.delete(ancestor);
    for (const child of [...children].reverse()) {
      this.#stopDescendants(child);
      child._stop();
    }
  }
}

// What is put in place of an actor's and a system's own methods: one function for all of them, since a root of its own for each
// child makes closures of its own dear.

function registerInFamily(this: InnerSystem, sessionId: string, actor: InnerActor): string {
  return (this[ruling] as Root).register(sessionId, actor);
}

function unregisterFromFamily(this: InnerSystem, actor: InnerActor): void {
  (this[ruling] as Root).unregister(actor);
}

function inspectFamily(this: InnerSystem, event: Parameters<InnerSystem['_sendInspectionEvent']>[0]): void {
  (this[ruling] as Root).inspect(event);
}

function processAsOwner(this: InnerMailbox, event: InnerEvent): void {
  const { root, actor } = this[adopted] as Adopted;
  root.process(actor, event);
}

function startInFamily(this: InnerActor): unknown {
  return (this[adopted] as Adopted).root.inFamily(() => ownMethods(this).start.call(this));
}

function subscribeAsCaller(
  this: InnerActor,
  next?: Callback | Observing,
  error?: Callback,
  complete?: Callback,
): { unsubscribe(): void } {
  const { root } = this[adopted] as Adopted;
  const observer = typeof next === 'object' ? next : { next, error, complete };
  const bound = (name: 'next' | 'error' | 'complete'): Callback | undefined => {
    const callback = observer[name]?.bind(observer);
    return callback && root.bind(callback);
  };
  // Without an error callback XState throws an error again, from a timer, that a supervisor has already dealt with.
  return ownMethods(this).subscribe.call(
    this,
    bound('next'),
    bound('error') ?? (() => {}),
    bound('complete'),
  );
}

function listenAsCaller(this: InnerActor, type: string, handler: Callback): { unsubscribe(): void } {
  return ownMethods(this).on.call(this, type, (this[adopted] as Adopted).root.bind(handler));
}

/** XState's methods of an actor, as they were. */
const ownMethods = (actor: InnerActor): InnerActor => Object.getPrototypeOf(actor);

/** One transition. */
function step(actor: InnerActor, event: InnerEvent): void {
  if (isSwallowedError(actor, event)) fail(actor, event.error);
  else actor._process(event);
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
