import type { AnyActorRef } from 'xstate';
import { StateError } from '../errors.js';

/** Whoever can bear a name. */
export interface Bearer {
  readonly path: string;
  readonly ref: AnyActorRef;
}

/** Holdfast's registry: one name, one living actor. */
export class Names {
  readonly #bearers = new Map<string, Bearer>();

  /** @throws StateError when somebody else bears the name. */
  claim(name: string, bearer: Bearer): void {
    const holder = this.#bearers.get(name);
    if (holder !== undefined && holder !== bearer) {
      throw new StateError(
        `The name '${name}' is borne by ${holder.path} already; ${bearer.path} cannot have it too. Names are unique within a runtime.`,
      );
    }
    this.#bearers.set(name, bearer);
  }

  release(name: string, bearer: Bearer): void {
    if (this.#bearers.get(name) === bearer) this.#bearers.delete(name);
  }

  whereis(name: string): AnyActorRef | undefined {
    return this.#bearers.get(name)?.ref;
  }
}
