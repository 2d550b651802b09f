/**
 * What Holdfast knows of XState's insides: that a system registers its actors, that an actor works off its mailbox, how it
 * errors and stops. Only this folder does; everything else uses XState's public API.
 */
import type { AnyActorRef } from 'xstate';

export const stopEvent = 'xstate.stop';

/** The `_processingStatus` of an actor that takes nothing any more. */
export const stopped = 2;

export interface InnerEvent {
  readonly type: string;
  readonly error?: unknown;
}

export interface InnerSnapshot {
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

export interface InnerMachine {
  getTransitionData(snapshot: InnerSnapshot, event: InnerEvent): readonly { readonly eventType: string }[];
  resolveState(config: Pick<InnerSnapshot, 'value' | 'context' | 'historyValue'>): InnerSnapshot;
}

export interface InnerInspection {
  readonly type: string;
  readonly actorRef: InnerActor;
}

export interface InnerSystem {
  [ruling]?: Family;
  _register(sessionId: string, actor: InnerActor): string;
  _unregister(actor: InnerActor): void;
  _sendInspectionEvent(event: InnerInspection): void;
}

/** Whose system it is. */
export const ruling = Symbol('holdfast.root');

export type Callback = (value?: unknown) => void;
export interface Observing {
  readonly next?: Callback;
  readonly error?: Callback;
  readonly complete?: Callback;
}

export interface InnerMailbox {
  _process(event: InnerEvent): void;
  [adopted]?: Adopted;
}

/** A root and what runs under it, as its actors and its system see it. */
export interface Family {
  /** An actor of the family is to begin. */
  register(sessionId: string, actor: InnerActor): string;
  unregister(actor: InnerActor): void;
  inspect(event: InnerInspection): void;
  /** A transition of an actor of the family. */
  process(actor: InnerActor, event: InnerEvent): void;
  /** A callback of whoever subscribes now. */
  bind(callback: Callback): Callback;
  /** Runs what a descendant does. */
  inFamily<R>(work: () => R): R;
}

/** What an actor of a family needs to know, and its mailbox. */
export interface Adopted {
  readonly family: Family;
  readonly actor: InnerActor;
  /** It has been told to stop: what its family sends it from then on reaches nobody. */
  stopping: boolean;
  /** Its end has been taken notice of: XState forgets some more than once. */
  forgotten: boolean;
}

export const adopted = Symbol('holdfast.adopted');

export interface InnerActor {
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

export const inner = (ref: AnyActorRef): InnerActor => ref as unknown as InnerActor;
