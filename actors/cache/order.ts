import { SnapshotError, SourceUnavailableError, StateError } from '../../src/errors.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import type { OutboxEntry, OutboxOrder } from '../../src/snapshot/store.js';

/** One order that the source has not taken yet. The file has it too, or is to get it. */
export interface Order {
  /** As the table has it. */
  readonly key: string;
  /** As the source has it, where that may be kept: of a secret key it is in the sealed file only, once it is there. */
  raw: string | undefined;
  readonly kind: OutboxOrder['kind'];
  /** Wall-clock ms when it was given; of a touch: when the row was known to be there. */
  at: Milliseconds;
  /** Of a touch: wall-clock ms when the row is to expire. */
  expiresAt: Milliseconds;
  /** Of a touch: when it expires in the source, as far as that is known here. */
  readonly was: Milliseconds | undefined;
  /** In the file; undefined before it is there. */
  id: number | undefined;
  /** `'done'`: the source has confirmed it, and the file does not know yet. */
  state: 'unwritten' | 'waiting' | 'trying' | 'done';
  /** Nothing is to come of it any more; it goes from the file without having been done. */
  dropped: boolean;
  /** Errors of the source's own, in a row. */
  attempts: number;
  /** Not before this; ms of ages. */
  due: Milliseconds;
}

/** So often the source may refuse an order before it counts as set apart. */
export const mostAttempts = 10;

/** The order as the file has it. */
export function written({ kind, raw, at, expiresAt }: Order): OutboxOrder {
  // Whoever has no key any more is in the file.
  const key = raw as string;
  return kind === 'remove' ? { kind, key, at } : { kind, key, at, expiresAt };
}

/** Whether what the file holds is this order, of which nobody had heard that it got there. */
export const isSame = (order: Order, entry: OutboxEntry): boolean =>
  order.state === 'unwritten' &&
  order.kind === entry.kind &&
  order.at === entry.at &&
  (entry.kind === 'remove' || order.expiresAt === entry.expiresAt);

export const refusal = (cause: unknown): StateError =>
  new StateError(
    'A removal of this key was ordered before, and the source refuses it: what is saved now might be removed later. See the event outbox.failed.',
    { cause },
  );

/** The error of an order that is in no file any more. */
export const lostError = (cause: unknown): SnapshotError =>
  new SnapshotError(
    "The snapshot's file was set aside, and with it the outbox: the order is in the file that was moved away, and not done.",
    { cause },
  );

/** The error of who wanted to save while a removal of the same key could not be brought to its end. */
export const notCleared = (cause: unknown): SourceUnavailableError =>
  new SourceUnavailableError(
    'A removal of this key, ordered before, has not reached the source yet: what is saved now might be removed by it. Nothing was saved. Try again.',
    { cause },
  );
