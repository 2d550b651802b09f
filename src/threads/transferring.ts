import type { TransferListItem } from 'node:worker_threads';

const mark: unique symbol = Symbol('transferring');

/** A result together with what of it is handed over instead of copied. Made by `transferring`. */
export interface Transferring<Value> {
  readonly [mark]: true;
  readonly value: Value;
  readonly list: readonly TransferListItem[];
}

/**
 * Answers a call with `value`, handing over `list` (buffers, ports) instead of copying it. What is in the list cannot be
 * used any more on this side.
 *
 * @example
 * ```ts
 * serveThread({ page: () => transferring(bytes, [bytes.buffer]) });
 * ```
 */
export function transferring<Value>(value: Value, list: readonly TransferListItem[]): Transferring<Value> {
  return { [mark]: true, value, list };
}

/** @internal */
export const isTransferring = (value: unknown): value is Transferring<unknown> =>
  typeof value === 'object' && value !== null && mark in value;
