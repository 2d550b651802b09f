import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { OptionsError } from '../../src/errors.js';
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

  /** Whether the guard lets a key pass. A guard that throws is reported and taken for a yes. */
  allows(key: string): boolean {
    checkKey(key);
    if (this.#guard === undefined) return true;
    try {
      return Boolean(this.#guard(key));
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
    checkKey(key);
    return this.secret ? bytesToHex(digestOf(key)) : key;
  }
}

/** SHA-256. */
export const digestOf = (text: string): Uint8Array => sha256(bytesOf(text));

/** @throws OptionsError */
function checkKey(key: unknown): asserts key is string {
  if (typeof key !== 'string') {
    throw new OptionsError(`A key must be a string. Given: ${key === null ? 'null' : typeof key}.`);
  }
}

const loneSurrogates = /\p{Surrogate}/gu;

/** As UTF-8. That has no lone surrogates, and two keys must not become one: theirs are written as WTF-8 has them. */
function bytesOf(key: string): Uint8Array {
  if (key.search(loneSurrogates) < 0) return utf8ToBytes(key);
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { index } of key.matchAll(loneSurrogates)) {
    const unit = key.charCodeAt(index);
    parts.push(
      utf8ToBytes(key.slice(from, index)),
      Uint8Array.of(0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)),
    );
    from = index + 1;
  }
  return concatBytes(...parts, utf8ToBytes(key.slice(from)));
}
