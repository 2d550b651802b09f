import { OptionsError } from '../../src/errors.js';
import { hexDigestOf } from './digest.js';
import { redacted } from './redaction.js';

/** How a key of the caller's becomes a key of the table: guarded, and a digest where keys are secret. */
export class Keys {
  readonly #guard: ((key: string) => boolean) | undefined;
  readonly #onGuardError: (error: unknown) => void;
  readonly secret: boolean;

  constructor(options: {
    readonly guard: ((key: string) => boolean) | undefined;
    readonly secret: boolean;
    readonly onGuardError: (error: unknown) => void;
  }) {
    this.#guard = options.guard;
    this.secret = options.secret;
    this.#onGuardError = options.onGuardError;
  }

  /** Every text is a key, and stands in the table as it is. */
  get plain(): boolean {
    return !this.secret && this.#guard === undefined;
  }

  /** Whether the guard lets a key pass. A guard that throws is reported and taken for a yes. */
  allows(key: string): boolean {
    if (typeof key !== 'string') throw notAKey(key);
    return this.#guard === undefined || this.#passes(this.#guard, key);
  }

  #passes(guard: (key: string) => boolean, key: string): boolean {
    try {
      return Boolean(guard(key));
    } catch (error) {
      this.#onGuardError(this.redact(error, key));
      return true;
    }
  }

  /** An error as it may be remembered and told to others than who gave that key. */
  redact(error: unknown, key: string): unknown {
    return this.secret ? redacted(error, key) : error;
  }

  /** The key under which the table holds it. */
  stored(key: string): string {
    if (typeof key !== 'string') throw notAKey(key);
    return this.secret ? hexDigestOf(key) : key;
  }
}

const notAKey = (key: unknown): OptionsError =>
  new OptionsError(`A key must be a string. Given: ${key === null ? 'null' : typeof key}.`);
