import type { AnyActorRef } from 'xstate';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import type { Incarnation, Keeper } from '../src/runtime/incarnation.js';
import { type Aftermath, supervisorHandle, type TreeNode } from '../src/runtime/supervisor-handle.js';
import type { InLine } from './line.js';
import type { ResolvedSpec } from './spec.js';

const none: readonly Aftermath[] = [];

/** Whoever is told when a child ends by itself. */
export interface Exits {
  exited(child: Child, ended: Incarnation, reason: ExitReason): void;
}

/** A spec and what has become of it. It does not run, and never has. */
export class Child implements InLine<Child>, Keeper {
  readonly spec: ResolvedSpec;
  /** Whose child it is. */
  readonly exits: Exits;
  /** The life it lives, or starts to. */
  incarnation: Incarnation | undefined;
  /** It is to be started again, and the last attempt failed. */
  restarting = false;
  /** Who ran last, while nobody runs in its place. */
  former: AnyActorRef | undefined;
  /** Of a supervisor that ended: to be called when it is known whether it is started again. */
  aftermath: readonly Aftermath[] = none;
  restarts = 0;
  /** The number of its latest incarnation. */
  latest = 0;
  earlier: Child | undefined;
  later: Child | undefined;

  constructor(spec: ResolvedSpec, exits: Exits) {
    this.spec = spec;
    this.exits = exits;
  }

  exited(ended: Incarnation, reason: ExitReason): void {
    this.exits.exited(this, ended, reason);
  }
}

/** A child as `whichChildren` tells it. */
export interface ChildInfo {
  /** Of a dynamic supervisor's child its number, with which its path ends. It is addressed by `ref`. */
  readonly id: string;
  /** The current incarnation; undefined when none runs. */
  readonly ref: AnyActorRef | undefined;
  readonly type: 'worker' | 'supervisor';
  readonly status: 'running' | 'restarting' | 'stopped';
}

/** Children in numbers. */
export interface ChildCount {
  /** A dynamic supervisor has one. */
  readonly specs: number;
  /** Alive right now. */
  readonly active: number;
  /** By type, alive or not. */
  readonly supervisors: number;
  readonly workers: number;
}

export const refOf = ({ incarnation }: Child): AnyActorRef | undefined =>
  incarnation?.isMade ? incarnation.ref : undefined;

/** The life that it lives right now: its supervisor may have yet to hear of its end. */
const lifeOf = ({ incarnation }: Child): Incarnation | undefined =>
  incarnation?.reason === undefined ? incarnation : undefined;

/** What is left to be called once the child has ended. */
export function aftermathOf({ aftermath, incarnation, spec }: Child): readonly Aftermath[] {
  if (spec.type === 'worker' || !incarnation?.isMade) return aftermath;
  return [...aftermath, ...(supervisorHandle(incarnation.ref)?.aftermath ?? none)];
}

/** It is known now whether the child has been started again. */
export function settleAftermath(child: Child): void {
  const { aftermath } = child;
  child.aftermath = none;
  for (const each of aftermath) each();
}

export function infoOf(child: Child): ChildInfo {
  const { id, type } = child.spec;
  const status = child.restarting ? 'restarting' : child.incarnation === undefined ? 'stopped' : 'running';
  return { id, ref: refOf(child), type, status };
}

export function countOf(children: Iterable<Child>): ChildCount {
  const count = { specs: 0, active: 0, supervisors: 0, workers: 0 };
  for (const child of children) {
    count.specs++;
    if (lifeOf(child) !== undefined) count.active++;
    if (child.spec.type === 'supervisor') count.supervisors++;
    else count.workers++;
  }
  return count;
}

/** Of a dynamic supervisor: whoever is not being started again counts as alive until its exit has been served. */
export function countOfInstances(children: Iterable<Child>): ChildCount {
  const count = { specs: 1, active: 0, supervisors: 0, workers: 0 };
  for (const child of children) {
    if (!child.restarting) count.active++;
    if (child.spec.type === 'supervisor') count.supervisors++;
    else count.workers++;
  }
  return count;
}

export function nodeOf(child: Child): TreeNode {
  const { id, name, type } = child.spec;
  const ref = refOf(child);
  const supervisor = ref && supervisorHandle(ref);
  return {
    id,
    ...(name !== undefined && { name }),
    type,
    status: statusOf(child),
    state: lifeOf(child)?.state,
    incarnation: child.latest,
    restarts: child.restarts,
    ...(type === 'supervisor' && { children: supervisor?.tree() ?? [] }),
  };
}

function statusOf({ incarnation, restarting }: Child): TreeNode['status'] {
  if (incarnation !== undefined && incarnation.phase !== 'dead') return incarnation.phase;
  // Dead, and its supervisor has yet to hear of it: it is about to decide.
  return restarting || incarnation !== undefined ? 'restarting' : 'stopped';
}
