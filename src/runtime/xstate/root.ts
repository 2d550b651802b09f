import type { AnyActorLogic, AnyActorRef } from 'xstate';
import { createRoot, type RootOptions } from './create-root.js';
import { adopt, rule } from './family.js';
import {
  adopted,
  type Callback,
  type Family,
  type InnerActor,
  type InnerEvent,
  type InnerInspection,
  type InnerSnapshot,
  type InnerSystem,
  inner,
  stopEvent,
  stopped,
} from './insides.js';
import { fail, isSwallowedError } from './transition.js';

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

/** An XState root and its family: started, errored and stopped as one. */
export class Root implements Family {
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
    this.ref = createRoot(logic, input, id, options);
    this.#actor = inner(this.ref);
    const { system } = this.#actor;
    this.#register = system._register;
    this.#unregister = system._unregister;
    this.#inspect = system._sendInspectionEvent;
    rule(this, system);
    adopt(this, this.#actor, true);
    this.#actor.observers.add(this);
  }

  /** @internal As an observer of its actor, the first one. */
  next(): void {
    this.#owner.changed();
  }

  /** @internal XState calls it without a `this`. */
  get error(): (error: unknown) => void {
    return (error) => this.#owner.errored(error);
  }

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

  /** Once: whoever owns it ends it for the first reason given. */
  #end(perform: () => void): void {
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
    adopt(this, actor);
    if (actor._parent !== undefined) this.#childrenOf(actor._parent).add(actor);
    return this.#register(sessionId, actor);
  }

  /** @internal */
  unregister(actor: InnerActor): void {
    this.#unregister(actor);
    const bond = actor[adopted];
    if (actor._processingStatus !== stopped || bond === undefined || bond.forgotten) return;
    bond.forgotten = true;
    if (actor._parent !== undefined) this.#children?.get(actor._parent)?.delete(actor);
    if (actor._snapshot?.status === 'error') {
      this.#owner.erred(actor._snapshot.error, this.#isUnheard(actor._parent));
    }
    this.#stopDescendants(actor);
  }

  /** @internal */
  inspect(event: InnerInspection): void {
    if (event.type === '@xstate.actor') adopt(this, event.actorRef);
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

  #isUnheard(parent: InnerActor | undefined): boolean {
    if (parent === undefined) return false;
    if (parent._processingStatus === stopped || parent[adopted]?.stopping) return true;
    return this.#ending && parent === this.#actor;
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

/** One transition. */
function step(actor: InnerActor, event: InnerEvent): void {
  if (isSwallowedError(actor, event)) fail(actor, event.error);
  else actor._process(event);
}
