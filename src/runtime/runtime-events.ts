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
  /** A message for an actor that is no more, or for a name that nobody bears. `count`: how many so far. */
  'dead-letter': {
    readonly to: string;
    readonly event: { readonly type: string };
    readonly count: number;
    readonly at: number;
  };
  /** Something that listens (to the bus, to an inspector) threw. Nobody else was harmed. */
  'listener.failed': { readonly listener: string; readonly error: unknown; readonly at: number };
}
