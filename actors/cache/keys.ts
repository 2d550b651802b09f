import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { OptionsError } from '../../src/errors.js';

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

  /** Whether the guard lets a key pass. A guard that throws is reported and taken for a yes. */
  allows(key: string): boolean {
    if (typeof key !== 'string') {
      throw new OptionsError(`A key must be a string. Given: ${key === null ? 'null' : typeof key}.`);
    }
    if (this.#guard === undefined) return true;
    try {
      return Boolean(this.#guard(key));
    } catch (error) {
      this.#onGuardError(error);
      return true;
    }
  }

  /** The key under which the table holds it. */
  stored(key: string): string {
    return this.secret ? bytesToHex(sha256(utf8ToBytes(key))) : key;
  }
}
