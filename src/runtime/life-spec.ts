import type { AnyActorLogic } from 'xstate';
import type { Milliseconds } from './duration.js';
import type { ExitReason } from './exit-reason.js';
import type { MailboxPolicy } from './mailbox-policy.js';

/** How to live: a child spec with its defaults filled in and its durations in ms. */
export interface LifeSpec {
  readonly id: string;
  readonly logic: AnyActorLogic;
  readonly input?: unknown;
  readonly name?: string;
  readonly shutdown: Milliseconds | 'brutal' | 'infinity';
  readonly ready: (snapshot: unknown) => boolean;
  readonly startTimeout: Milliseconds | 'infinity';
  readonly startInfo?: (snapshot: unknown) => unknown;
  /** Default false. */
  readonly trapExit?: boolean;
  /** Default: `defaultMailbox`. */
  readonly mailbox?: MailboxPolicy;
}

/** What became of a start. */
export type StartOutcome =
  | { readonly type: 'ready'; readonly info: unknown }
  | { readonly type: 'ignored' }
  | { readonly type: 'failed'; readonly reason: ExitReason };
