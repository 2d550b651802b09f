import { SourceConfigurationError, SourceUnavailableError } from '../errors.js';
import type { Source } from './source.js';
import {
  unavailableCodes,
  unavailableMessages,
  unavailableNames,
  unavailableSqlite,
  unavailableSqlState,
} from './unavailable-codes.js';

/** Who else is asked, beside what is known of drivers. One yes is enough. */
export interface Classifiers {
  /** Its `unavailable` is asked first. */
  readonly source?: Pick<Source<never>, 'unavailable'>;
  /** The user's own, asked next. */
  readonly classify?: (error: unknown) => boolean;
  /** A classifier threw, or answered by a promise. That counts as a no. */
  readonly onClassifierError?: (error: unknown) => void;
}

/** How many errors of one tree of causes are looked at. */
const most = 32;

/**
 * Whether an error means "the source is away" and not "the source is wrong". Looks at the error, at its `cause`s and at the
 * `errors` of an AggregateError. Takes anything that can be thrown, and never throws.
 *
 * @example
 * ```ts
 * isUnavailable(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })); // true
 * isUnavailable(new TypeError('x is not a function'));                          // false
 * ```
 */
export function isUnavailable(error: unknown, classifiers: Classifiers = {}): boolean {
  const { source, classify, onClassifierError } = classifiers;
  return (
    saysYes(() => source?.unavailable?.(error), onClassifierError) ||
    saysYes(() => classify?.(error), onClassifierError) ||
    anyOf(error)
  );
}

/** Classifiers are the user's code: whatever they do is an answer. */
function saysYes(ask: () => unknown, report: ((error: unknown) => void) | undefined): boolean {
  try {
    const answer = ask();
    if (answer instanceof Promise) {
      answer.catch(() => {});
      throw new TypeError('A classifier of errors must answer at once, not by a promise.');
    }
    return answer === true;
  } catch (thrown) {
    report?.(thrown);
    return false;
  }
}

function anyOf(error: unknown): boolean {
  const seen = new Set<unknown>();
  const queue: unknown[] = [error];
  for (let at = 0; at < queue.length && at < most; at++) {
    const candidate = queue[at];
    if (!isObject(candidate) || seen.has(candidate)) continue;
    seen.add(candidate);
    // What a wrapper of ours calls a wrong configuration is that, whatever the driver underneath said.
    if (is(SourceConfigurationError, candidate)) continue;
    if (is(SourceUnavailableError, candidate) || speaksOfAbsence(candidate)) return true;
    queue.push(property(candidate, 'cause'), ...listed(property(candidate, 'errors')));
  }
  return false;
}

function speaksOfAbsence(error: object): boolean {
  const name = property(error, 'name');
  if (typeof name === 'string' && unavailableNames.has(name)) return true;
  const message = property(error, 'message');
  if (typeof message === 'string' && unavailableMessages.test(message)) return true;
  const code = property(error, 'code') ?? property(error, 'errorCode');
  if (typeof code !== 'string') return false;
  // A socket in the file system that is not there: with any other system call these speak of a file of the user's.
  if (code === 'ENOENT' || code === 'EACCES') return property(error, 'syscall') === 'connect';
  return unavailableCodes.has(code) || unavailableSqlState.test(code) || unavailableSqlite.test(code);
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

function is(kind: typeof SourceUnavailableError, error: object): boolean {
  try {
    return error instanceof kind;
  } catch {
    return false;
  }
}

/** Getters and proxies may throw. */
function property(of: object, name: string): unknown {
  try {
    return Reflect.get(of, name);
  } catch {
    return undefined;
  }
}

function listed(errors: unknown): readonly unknown[] {
  try {
    return Array.isArray(errors) ? Array.prototype.slice.call(errors, 0, most) : [];
  } catch {
    return [];
  }
}
