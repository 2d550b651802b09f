import type { AnyActorRef } from 'xstate';
import { ownerOf } from '../../src/runtime/owner.js';
import type { Behaviour, Plan } from './scenario.js';

/** One call of a start function. */
export interface Attempt {
  readonly path: string;
  /** Counts the attempts of its path over the whole scenario, from 1. */
  readonly number: number;
  readonly type: 'worker' | 'supervisor';
  readonly outcome: string;
  readonly behaviour: Behaviour;
}

export const labelOf = ({ path, number }: Attempt): string => `${path}#${number}`;

/** Who plays which part of a scenario: attempts, what they are to answer, and the actors that came of them. */
export class Cast {
  /** The ids of the templates of the supervisors of kind simple_one_for_one that ever began, by path. */
  readonly simple = new Map<string, string>();
  readonly #latest = new Map<string, Attempt>();
  readonly #attempts = new Map<string, number>();
  readonly #set = new Map<string, { readonly behaviour: Behaviour; readonly base: number }>();
  readonly #actors = new Map<string, AnyActorRef>();
  readonly #of = new WeakMap<AnyActorRef, Attempt>();
  readonly #lives = new Map<string, Attempt>();
  readonly #ages = new WeakMap<AnyActorRef, number>();
  #appearances = 0;

  /** A start function is called. */
  attempt(path: string, plan: Plan, type: Attempt['type']): Attempt {
    const number = (this.#attempts.get(path) ?? 0) + 1;
    this.#attempts.set(path, number);
    const set = this.#set.get(path);
    const behaviour: Behaviour = { ...plan, ...set?.behaviour };
    const outcome = behaviour.start?.[number - (set?.base ?? 0) - 1] ?? behaviour.startThen ?? 'ok';
    const attempt = { path, number, type, outcome, behaviour };
    this.#latest.set(path, attempt);
    return attempt;
  }

  /** The latest attempt of a path, whatever came of it. */
  latest(path: string): Attempt | undefined {
    return this.#latest.get(path);
  }

  /** The id of a dynamic supervisor's template. */
  templateOf(path: string): string {
    return this.simple.get(path) ?? 'template';
  }

  /** The coming attempts of a path behave so. Its list of outcomes is read from the beginning again. */
  set(path: string, behaviour: Behaviour): void {
    this.#set.set(path, { behaviour, base: this.#attempts.get(path) ?? 0 });
  }

  /** An actor is being made for an attempt. It may come to nothing. */
  made(ref: AnyActorRef, attempt: Attempt): void {
    const life = ownerOf(ref);
    if (life !== undefined) this.#lives.set(`${life.path}#${life.number}`, attempt);
  }

  /** It has: the actor is the one of its path. */
  appears(ref: AnyActorRef, attempt: Attempt): void {
    this.#actors.set(attempt.path, ref);
    this.#of.set(ref, attempt);
    this.#ages.set(ref, ++this.#appearances);
  }

  /** Who appeared later has the higher one. */
  ageOf(ref: AnyActorRef): number {
    return this.#ages.get(ref) ?? 0;
  }

  /** The latest actor of a path, alive or not. */
  actor(path: string): AnyActorRef | undefined {
    return this.#actors.get(path);
  }

  attemptOf(ref: AnyActorRef): Attempt | undefined {
    return this.#of.get(ref);
  }

  /** Whom Holdfast means by a path of its own and an incarnation. */
  attemptAt(path: string, incarnation: number): Attempt | undefined {
    return this.#lives.get(`${path}#${incarnation}`);
  }
}

/** The path of whoever supervises a path. */
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
