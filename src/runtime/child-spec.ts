import type { AnyActorLogic, InputFrom, SnapshotFrom } from 'xstate';
import type { Duration } from './duration.js';

/** When a child is started again: always, after an abnormal end only, never. */
export type Restart = 'permanent' | 'transient' | 'temporary';

/** How long a child may take to stop. `'brutal'`: killed at once. `'infinity'`: as long as it takes. */
export type Shutdown = Duration | 'brutal' | 'infinity';

/** What a supervisor knows of a child: how to start it, when to start it again, how to stop it. */
export interface ChildSpec<L extends AnyActorLogic = AnyActorLogic> {
  /** Unique under its supervisor. */
  readonly id: string;
  /** Any XState actor logic. A supervisor is one. */
  readonly logic: L;
  /** A function is called at every start. */
  readonly input?: InputFrom<L> | (() => InputFrom<L>);
  /** Default `'permanent'`. */
  readonly restart?: Restart;
  /** Default `'5s'`; of a supervisor `'infinity'`. */
  readonly shutdown?: Shutdown;
  /**
   * Its end by itself, when it is not started again, may end its supervisor: see that one's `autoShutdown`, without which, or of a
   * permanent child, it is an error. Default false.
   */
  readonly significant?: boolean;
  /** The name in Holdfast's registry, the same across incarnations. */
  readonly name?: string;
  /** Started when true. Default: no active state is tagged `'starting'`. */
  readonly ready?: (snapshot: SnapshotFrom<L>) => boolean;
  /** Not ready by then: killed, a failed start. Default `'30s'`. */
  readonly startTimeout?: Duration;
  /** What else a start tells (OTP's `{ok, Pid, Info}`). */
  readonly startInfo?: (snapshot: SnapshotFrom<L>) => unknown;
  /**
   * Exit signals, over links and by `exit`, come as events (`holdfast.exit`) instead of ending it; all but `killed` by `exit`. Logic
   * other than a machine is then also asked to stop by `holdfast.shutdown`, and has its `shutdown` time. Default false.
   */
  readonly trapExit?: boolean;
  /** How many events may wait for it, and what becomes of one more. */
  readonly mailbox?: {
    /** Events, 1 or more. What the runtime itself tells it (`holdfast.*`) does not count. Default 10,000. */
    readonly bound?: number;
    /**
     * `'reject'`, the default: `send` throws and `ask` rejects with `MailboxFullError`. `'drop-newest'`, `'drop-oldest'`: that
     * event is a dead letter. For whoever sends by name, to a group or over a bus it is always one.
     */
    readonly overflow?: 'reject' | 'drop-oldest' | 'drop-newest';
  };
}
