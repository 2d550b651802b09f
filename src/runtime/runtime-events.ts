import type { AnyActorRef } from 'xstate';
import type { Restart } from './child-spec.js';
import type { Milliseconds } from './duration.js';
import type { ExitReason } from './exit-reason.js';

/** Which life of which actor an event is about. Plain data. */
export interface ActorIdentity {
  /** The ids from the root down, joined by `/`. */
  readonly path: string;
  readonly id: string;
  readonly name?: string;
  /** Counts the starts of this path from 1, failed ones included. */
  readonly incarnation: number;
  /** Wall-clock ms since the epoch. */
  readonly at: number;
}

/** Whom a supervisor's report is about. */
export interface Offender {
  readonly id: string;
  /** The ids from the root down; of a dynamic supervisor's child it ends with its number. */
  readonly path: string;
  /** The incarnation that ended, or the last one that ran; undefined when none has run. */
  readonly ref: AnyActorRef | undefined;
  readonly type: 'worker' | 'supervisor';
  readonly restart: Restart;
  readonly significant: boolean;
  readonly shutdown: Milliseconds | 'brutal' | 'infinity';
}

/**
 * What a supervisor reports (OTP's supervisor reports): a child ended by itself and that was not to be; a start in the
 * beginning or a restart failed; a child that was told to stop ended otherwise; the restarts are used up.
 */
export type SupervisorReportContext = 'child-terminated' | 'start-error' | 'shutdown-error' | 'shutdown';

/** What a runtime tells about its actors, topic by topic. Published at most once: no guarantee rests on one arriving. */
export interface RuntimeEvents {
  /** It runs; it may not be ready yet. */
  'actor.started': ActorIdentity;
  'actor.ready': ActorIdentity;
  /** It ended as it was meant to: by itself, or by order. */
  'actor.stopped': ActorIdentity & { readonly reason: ExitReason };
  /** It ended by an error, or was killed. `starting`: before it was ready. */
  'actor.crashed': ActorIdentity & {
    readonly reason: ExitReason;
    readonly error?: unknown;
    readonly starting: boolean;
  };
  /** Its supervisor has started it again, and it is ready. `restarts` counts them since the supervisor's own start. */
  'actor.restarted': ActorIdentity & { readonly restarts: number };
  /** An error of an actor that had already ended: an abandoned timer, an un-awaited promise. Nobody is restarted for it. */
  'actor.late-error': ActorIdentity & { readonly error: unknown };
  /** A supervisor used up its restarts and ends. `childId` is the child that could not be kept alive. */
  'supervisor.gave-up': ActorIdentity & {
    readonly childId: string;
    readonly reason: ExitReason;
    readonly error?: unknown;
  };
  /**
   * `reason`: the child's; of `shutdown` it is the supervisor's own, with a `GaveUpError`. `count`: children of a dynamic supervisor that
   * did not stop as they were told are reported together by reason, the first as the offender.
   */
  'supervisor.report': ActorIdentity & {
    readonly context: SupervisorReportContext;
    readonly childId: string;
    readonly reason: ExitReason;
    readonly error?: unknown;
    readonly offender: Offender;
    readonly count?: number;
  };
  /**
   * A message for an actor that is no more, for a name that nobody bears, one more than a mailbox takes, or one that cannot be
   * cloned for an actor in a thread. `count`: how many so far. In a flood at most 100 are published in a second, and at
   * its end the last one; `suppressed` counts those in between that were not.
   */
  'dead-letter': {
    readonly to: string;
    readonly event: { readonly type: string };
    readonly because: 'dead' | 'nobody' | 'mailbox-full' | 'not-cloneable';
    readonly count: number;
    readonly suppressed: number;
    readonly at: number;
  };
  /** Something that listens (to the bus, to an inspector) threw. Nobody else was harmed. */
  'listener.failed': { readonly listener: string; readonly error: unknown; readonly at: number };
}
