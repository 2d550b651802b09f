import type { MessagePort } from 'node:worker_threads';
import type { Because } from '../runtime/dead-letters.js';
import type { Milliseconds } from '../runtime/duration.js';
import type { ExitReason } from '../runtime/exit-reason.js';
import { IGNORE } from '../runtime/ignore.js';
import type { Logger } from '../runtime/logger.js';
import { plainData } from '../runtime/plain-data.js';
import { packError, unpackError, type WireError } from './wire.js';

export interface ActorEvent {
  readonly type: string;
}

/** What a thread needs to know to run an actor: its `workerData`. */
export interface ActorOrder {
  /** The URL of the module that has the logic. */
  readonly module: string;
  readonly id: string;
  /** Of the child that the thread's actor stands for. */
  readonly path: string;
  readonly number: number;
  readonly input: unknown;
  readonly port: MessagePort;
  /** One counter, which the thread's event loop moves on every `beat`; undefined: no heart is listened to. */
  readonly beats: SharedArrayBuffer | undefined;
  readonly beat: Milliseconds;
}

/** What the actor in the thread is told. */
export type ToActor =
  | { readonly type: 'event'; readonly event: ActorEvent }
  | { readonly type: 'question'; readonly id: number; readonly event: ActorEvent }
  | { readonly type: 'stop'; readonly reason: WireReason }
  /** The last report has been read: there may be another one. */
  | { readonly type: 'seen' };

/** What the actor in the thread tells. */
export type FromActor =
  | { readonly type: 'report'; readonly state?: ActorMirror; readonly taken: number }
  | { readonly type: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: WireError }
  /** Nobody can reply any more. */
  | { readonly type: 'forgotten'; readonly id: number }
  | { readonly type: 'letter'; readonly to: string; readonly event: ActorEvent; readonly because: Because }
  | {
      readonly type: 'log';
      readonly level: keyof Logger;
      readonly fields: object;
      readonly message: string;
    }
  | {
      readonly type: 'end';
      readonly reason: WireReason;
      readonly output: WireOutput;
      readonly state?: ActorMirror | undefined;
    };

/** Where the actor stands. */
export interface ActorMirror {
  readonly value: unknown;
  /** Undefined where it cannot be cloned. */
  readonly context: unknown;
  readonly tags: readonly string[];
}

export type WireOutput = { readonly type: 'ignore' } | { readonly type: 'value'; readonly value: unknown };

export type WireReason =
  | { readonly type: 'normal' }
  | { readonly type: 'shutdown'; readonly detail?: WireError }
  | { readonly type: 'killed' }
  | { readonly type: 'error'; readonly error: WireError };

export function packReason(reason: ExitReason): WireReason {
  if (reason.type === 'error') return { type: 'error', error: packError(reason.error) };
  if (reason.type === 'shutdown' && reason.detail !== undefined) {
    return { type: 'shutdown', detail: packError(reason.detail) };
  }
  return { type: reason.type };
}

export function unpackReason(reason: WireReason): ExitReason {
  if (reason.type === 'error') return { type: 'error', error: unpackError(reason.error) };
  if (reason.type === 'shutdown' && reason.detail !== undefined) {
    return { type: 'shutdown', detail: unpackError(reason.detail) };
  }
  return { type: reason.type } as ExitReason;
}

/** An output that cannot be cloned arrives as plain data. */
export function packOutput(output: unknown): WireOutput {
  if (output === IGNORE) return { type: 'ignore' };
  try {
    return { type: 'value', value: structuredClone(output) };
  } catch {
    return { type: 'value', value: plainData(output) };
  }
}

export const unpackOutput = (output: WireOutput): unknown =>
  output.type === 'ignore' ? IGNORE : output.value;
