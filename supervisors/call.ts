import type { Eventual } from '../src/runtime/eventual.js';
import type { InLine, Line } from './line.js';

/** Who waits for an answer. */
export interface Caller extends InLine<Caller> {
  /** It will not be answered. */
  refuse(error: unknown): void;
}

/** A question to a supervisor, from the asking until it is answered. What the service throws is the caller's. */
export class Call<S, A, T> implements Caller {
  earlier: Caller | undefined;
  later: Caller | undefined;
  readonly #line: Line<Caller>;
  readonly #served: S;
  readonly #service: (served: S, given: A) => Eventual<T>;
  readonly #given: A;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    line: Line<Caller>,
    served: S,
    service: (served: S, given: A) => Eventual<T>,
    given: A,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ) {
    this.#line = line;
    this.#served = served;
    this.#service = service;
    this.#given = given;
    this.#resolve = resolve;
    this.#reject = reject;
    line.add(this);
  }

  /** Its turn has come. */
  serve(): void | Promise<void> {
    const service = this.#service;
    try {
      const value = service(this.#served, this.#given);
      if (!(value instanceof Promise)) return this.#answer(value);
      return value.then(
        (later) => this.#answer(later),
        (error) => this.refuse(error),
      );
    } catch (error) {
      this.refuse(error);
    }
  }

  refuse(error: unknown): void {
    this.#line.remove(this);
    this.#reject(error);
  }

  #answer(value: T): void {
    this.#line.remove(this);
    this.#resolve(value);
  }
}
