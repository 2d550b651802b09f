import type { AnyActorRef } from 'xstate';
import { StateError } from '../errors.js';
import { isOver } from './xstate.js';

/** Whoever can bear a name. */
export interface Bearer {
  readonly path: string;
  readonly ref: AnyActorRef;
}

/** Told that a name is borne by somebody who is ready; undefined: that it will never be again. */
type Waiter = (ref: AnyActorRef | undefined) => void;

/** Holdfast's registry: one name, one living actor. Nobody sees a bearer that has ended. */
export class Names {
  readonly #bearers = new Map<string, Bearer>();
  #waiters: Map<string, Set<Waiter>> | undefined;
  #closed = false;

  /** How many are borne. */
  get size(): number {
    return this.#bearers.size;
  }

  /** @throws StateError when somebody else who lives bears the name. */
  claim(name: string, bearer: Bearer): void {
    const holder = this.#bearers.get(name);
    if (holder !== undefined && holder !== bearer && !isOver(holder.ref)) {
      throw new StateError(
        `The name '${name}' is borne by ${holder.path} already; ${bearer.path} cannot have it too. Names are unique within a runtime.`,
      );
    }
    this.#bearers.set(name, bearer);
  }

  /** The bearer is ready. */
  ready(name: string, bearer: Bearer): void {
    if (this.#waiters === undefined || this.#bearers.get(name) !== bearer) return;
    const waiters = this.#waiters.get(name);
    this.#waiters.delete(name);
    for (const waiter of waiters ?? []) waiter(bearer.ref);
  }

  release(name: string, bearer: Bearer): void {
    if (this.#bearers.get(name) === bearer) this.#bearers.delete(name);
  }

  whereis(name: string): AnyActorRef | undefined {
    const ref = this.#bearers.get(name)?.ref;
    return ref === undefined || isOver(ref) ? undefined : ref;
  }

  /** Calls back once, when a bearer of the name becomes ready. Returns the way out. */
  whenReady(name: string, waiter: Waiter): () => void {
    if (this.#closed) {
      waiter(undefined);
      return () => {};
    }
    this.#waiters ??= new Map();
    const waiters = this.#waiters.get(name) ?? new Set();
    this.#waiters.set(name, waiters.add(waiter));
    return () => {
      waiters.delete(waiter);
      if (waiters.size === 0 && this.#waiters?.get(name) === waiters) this.#waiters.delete(name);
    };
  }

  /** The runtime has ended: nobody will bear a name any more. */
  close(): void {
    this.#closed = true;
    const all = [...(this.#waiters?.values() ?? [])];
    this.#waiters = undefined;
    for (const waiters of all) for (const waiter of waiters) waiter(undefined);
  }
}
