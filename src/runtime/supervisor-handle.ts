import type { AnyActorLogic, AnyActorRef } from 'xstate';
import type { ExitReason } from './exit-reason.js';

/** One actor of a tree. Plain data. */
export interface TreeNode {
  readonly id: string;
  readonly name?: string;
  readonly type: 'worker' | 'supervisor';
  readonly status: 'starting' | 'running' | 'stopping' | 'restarting' | 'stopped';
  /** The value of a machine's state; of other logic its status; of who does not run `undefined`. */
  readonly state: unknown;
  /** Counts the starts of this path from 1; 0 before the first. */
  readonly incarnation: number;
  /** How often its supervisor has started it again since its own start. */
  readonly restarts: number;
  /** A supervisor's, in start order. */
  readonly children?: readonly TreeNode[];
}

/** Looks what has become of a supervisor's work, and ends it where nobody takes it up again. */
export type Aftermath = () => void;

/** What the runtime knows of a supervisor, which is made a floor above it. */
export interface SupervisorHandle {
  /** Why it ends or ended; undefined while it serves. */
  readonly reason: ExitReason | undefined;
  /** Begins the orderly end: children in reverse start order, each within its own shutdown time. */
  stop(reason: ExitReason): void;
  /** Kills every child, depth first, before it returns. */
  kill(): void;
  /**
   * In its turn it serves nothing more until `resume`: exits and calls wait in the order in which they come; orders to stop and
   * kills are obeyed all the same. Resolves when it has come to that; at once when it is suspended or has ended.
   */
  suspend(): Promise<void>;
  resume(): void;
  /** To be called when it has ended, and it is known whether it has been started again, be it with what stands above it. */
  readonly aftermath: readonly Aftermath[];
  tree(): readonly TreeNode[];
}

const brand: unique symbol = Symbol.for('holdfast.supervisor');
const handles = new WeakMap<AnyActorRef, SupervisorHandle>();

/** Logic that is a supervisor says so by its brand. */
export interface Branded {
  readonly [brand]: true;
}

export const branded: Branded = { [brand]: true };

export const isSupervisorLogic = (logic: AnyActorLogic): boolean => brand in logic;

const starter: unique symbol = Symbol.for('holdfast.starter');

/** Of logic that starts supervised actors below its own, whether or not it is a supervisor. */
export const starting: { readonly [starter]: true } = { [starter]: true };

export const startsOthers = (logic: AnyActorLogic): boolean => brand in logic || starter in logic;

export const registerSupervisor = (ref: AnyActorRef, handle: SupervisorHandle): void => {
  handles.set(ref, handle);
};

export const supervisorHandle = (ref: AnyActorRef): SupervisorHandle | undefined => handles.get(ref);
