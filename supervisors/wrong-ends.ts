import type { AnyActorRef } from 'xstate';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import { type Child, refOf } from './children.js';
import { causeOf } from './failure.js';

interface WrongEnd {
  readonly child: Child;
  readonly reason: ExitReason;
  readonly ref: AnyActorRef | undefined;
  count: number;
}

/** Ends that were not as they were to be, by their reason. */
export class WrongEnds {
  readonly #ends = new Map<unknown, WrongEnd>();

  add(child: Child, reason: ExitReason): void {
    const key = keyOf(reason);
    const same = this.#ends.get(key);
    if (same !== undefined) same.count++;
    else this.#ends.set(key, { child, reason, ref: refOf(child), count: 1 });
  }

  [Symbol.iterator](): Iterator<WrongEnd> {
    return this.#ends.values();
  }
}

/** The same for reasons that are the same to people; what cannot be looked at is like itself only. */
function keyOf(reason: ExitReason): unknown {
  const cause = causeOf(reason);
  try {
    return inWords(reason, cause);
  } catch {
    return cause;
  }
}

function inWords(reason: ExitReason, cause: unknown): unknown {
  if (cause instanceof Error) return `${reason.type} ${cause.name}: ${cause.message}`;
  return typeof cause === 'object' && cause !== null
    ? cause
    : `${reason.type} ${typeof cause} ${String(cause)}`;
}
