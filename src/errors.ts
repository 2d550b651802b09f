import type { AnyActorRef } from 'xstate';

/**
 * Every error that Holdfast throws, in one place.
 *
 * Each class has a stable `code` (`HOLDFAST_…`), a message that says what happened, with what, and what to do, and the
 * `cause` where there is one. `instanceof` holds across two copies of the package: it compares the code, not the class.
 */
const brand: unique symbol = Symbol.for('holdfast.error');

/** What every error of Holdfast has. */
export class HoldfastError extends Error {
  static readonly code: string = 'HOLDFAST_ERROR';
  readonly code: string;
  /** @internal The codes of this class and of its ancestors, so that `instanceof` survives two copies of the package. */
  readonly [brand]: readonly string[];

  constructor(message?: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = new.target.code;
    this[brand] = lineage(new.target);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const codes = lineageOf(value);
    // biome-ignore lint/complexity/noThisInStatic: each subclass is its own `this` here.
    return Array.isArray(codes) && codes.includes((this as unknown as typeof HoldfastError).code);
  }
}

/** Anything at all may have been thrown, a proxy whose traps throw included. */
function lineageOf(value: unknown): unknown {
  try {
    return (value as { readonly [brand]?: unknown } | null | undefined)?.[brand];
  } catch {
    return undefined;
  }
}

function lineage(start: typeof HoldfastError): readonly string[] {
  const codes: string[] = [];
  let at: typeof HoldfastError | null = start;
  while (at?.code !== undefined) {
    codes.push(at.code);
    at = Object.getPrototypeOf(at) as typeof HoldfastError | null;
  }
  return codes;
}

/**
 * An option, a duration or a child spec is not what it must be. The message names the option, what was given and what would do.
 * For programs, where one option is at fault: `option` is where it stands (`children[0].restart`), `given` what was given;
 * of options that do not go together, these by their names; undefined where it is missing.
 */
export class OptionsError extends HoldfastError {
  static override readonly code = 'HOLDFAST_OPTIONS';
  readonly option: string | undefined;
  declare readonly given: unknown;

  constructor(message?: string, about: { readonly option?: string; readonly given?: unknown } = {}) {
    super(message);
    this.option = about.option;
    // Not for logs: it may be large, or a secret.
    Object.defineProperty(this, 'given', { value: about.given, enumerable: false });
  }
}

/**
 * The source cannot be reached: it is away, not wrong. Expected, hence a state and not a crash.
 * Throw it from a source of your own to say so; anything else that a source throws is classified (see `isUnavailable`).
 */
export class SourceUnavailableError extends HoldfastError {
  static override readonly code: string = 'HOLDFAST_SOURCE_UNAVAILABLE';
  constructor(message = 'The source cannot be reached.', options?: { readonly cause?: unknown }) {
    super(message, options);
  }
}

/**
 * The source is away, and as many orders wait for it in the snapshot's outbox as may (`snapshot.maxOutbox`): this one was not
 * taken, and nothing was changed here. `limit` says how many may.
 */
export class OutboxFullError extends SourceUnavailableError {
  static override readonly code = 'HOLDFAST_OUTBOX_FULL';
  constructor(
    message: string,
    readonly limit: number,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A load did not answer within `load.timeout`. */
export class LoadTimeoutError extends SourceUnavailableError {
  static override readonly code = 'HOLDFAST_LOAD_TIMEOUT';
}

/** The source is configured against something that is not there (a table, a column). It heals when that is mended. */
export class SourceConfigurationError extends HoldfastError {
  static override readonly code = 'HOLDFAST_SOURCE_CONFIGURATION';
}

/** A key was fetched from inside its own load: it would wait for itself. */
export class LoadCycleError extends HoldfastError {
  static override readonly code = 'HOLDFAST_LOAD_CYCLE';
}

/** A load asks for another, and all places are held by loads that do so: none could ever begin. */
export class LoadDeadlockError extends HoldfastError {
  static override readonly code = 'HOLDFAST_LOAD_DEADLOCK';
}

/** A client asked for too many absent keys. `retryAfter` is in milliseconds. */
export class ThrottledError extends HoldfastError {
  static override readonly code = 'HOLDFAST_THROTTLED';
  constructor(
    message: string,
    readonly retryAfter: number,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The snapshot file is held by another process. */
export class SnapshotInUseError extends HoldfastError {
  static override readonly code = 'HOLDFAST_SNAPSHOT_IN_USE';
}

/** The snapshot's store failed: the disk, its worker, or its file. What it holds in memory goes on being served. */
export class SnapshotError extends HoldfastError {
  static override readonly code = 'HOLDFAST_SNAPSHOT';
}

/** A tree, a supervisor or a child could not start. `childId` is the child at fault. */
export class StartError extends HoldfastError {
  static override readonly code = 'HOLDFAST_START';
  constructor(
    message: string,
    readonly childId?: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A child did not become ready within its `startTimeout`. */
export class StartTimeoutError extends HoldfastError {
  static override readonly code = 'HOLDFAST_START_TIMEOUT';
}

/** A runtime, a cache or a supervisor was asked for something that it cannot do in the state it is in. */
export class StateError extends HoldfastError {
  static override readonly code = 'HOLDFAST_STATE';
}

/** Nobody bears that name, or the actor is dead. */
export class NoSuchActorError extends HoldfastError {
  static override readonly code = 'HOLDFAST_NO_SUCH_ACTOR';
}

/** `ask` got no reply in time. */
export class AskTimeoutError extends HoldfastError {
  static override readonly code = 'HOLDFAST_ASK_TIMEOUT';
}

/**
 * The actor that was asked died before it replied. `reason` is the exit reason that it ended with, where it is known; `cause` is
 * the error it died of, if it was one.
 */
export class ActorDiedError extends HoldfastError {
  static override readonly code = 'HOLDFAST_ACTOR_DIED';
  constructor(
    message: string,
    options?: { readonly cause?: unknown },
    readonly reason?:
      | { readonly type: 'normal' }
      | { readonly type: 'shutdown'; readonly detail?: unknown }
      | { readonly type: 'killed' }
      | { readonly type: 'error'; readonly error: unknown },
  ) {
    super(message, options);
  }
}

/** An actor asked itself within its own transition. It is told at once; OTP's `calling_self`. */
export class CallingSelfError extends HoldfastError {
  static override readonly code = 'HOLDFAST_CALLING_SELF';
}

/** So many events as its `mailbox.bound` wait for the actor already, and one more is refused. `bound` counts events. */
export class MailboxFullError extends HoldfastError {
  static override readonly code = 'HOLDFAST_MAILBOX_FULL';
  constructor(
    message: string,
    readonly bound: number,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A worker thread ended, or never answered. */
export class ThreadError extends HoldfastError {
  static override readonly code: string = 'HOLDFAST_THREAD';
}

/** A thread ended without its actor having ended: `process.exit` was called in it. `exitCode` is what that was given. */
export class ThreadExitedError extends ThreadError {
  static override readonly code = 'HOLDFAST_THREAD_EXITED';
  constructor(
    message: string,
    readonly exitCode: number,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A thread needed more memory than its `resourceLimits` (or Node's defaults) allow. `cause` is Node's error. */
export class ThreadOutOfMemoryError extends ThreadError {
  static override readonly code = 'HOLDFAST_THREAD_OUT_OF_MEMORY';
}

/** A thread's event loop did not turn for so long that it was killed. `silence` is in milliseconds. */
export class ThreadUnresponsiveError extends ThreadError {
  static override readonly code = 'HOLDFAST_THREAD_UNRESPONSIVE';
  constructor(
    message: string,
    readonly silence: number,
  ) {
    super(message);
  }
}

/** A record of the snapshot does not read back. The file was set aside. */
export class SnapshotCorruptError extends HoldfastError {
  static override readonly code = 'HOLDFAST_SNAPSHOT_CORRUPT';
  constructor(
    message: string,
    readonly aside: { readonly file: string; readonly movedTo: string | undefined; readonly because: string },
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A testing world was misused, or what runs in it can never end. */
export class WorldError extends HoldfastError {
  static override readonly code: string = 'HOLDFAST_WORLD';
}

/** What a testing world waits for can never happen, or did not within its limit of virtual time. */
export class WorldStuckError extends WorldError {
  static override readonly code = 'HOLDFAST_WORLD_STUCK';
}

/** The run threw where nobody caught it. `cause` is the first such error, `errors` are all. */
export class WorldUncaughtError extends WorldError {
  static override readonly code = 'HOLDFAST_WORLD_UNCAUGHT';
  constructor(
    message: string,
    readonly errors: readonly unknown[],
  ) {
    super(message, { cause: errors[0] });
  }
}

/** One seed gave two different runs: something in them escapes the testing world. */
export class NonDeterminismError extends WorldError {
  static override readonly code = 'HOLDFAST_NON_DETERMINISM';
}

/** Code under test reached out of the testing world: a real timer, handle or I/O. `stack` is where. */
export class EscapeError extends WorldError {
  static override readonly code = 'HOLDFAST_ESCAPE';
}

/** Something that must always hold did not, or did not come about in time. `cause` is what the check threw. */
export class InvariantError extends HoldfastError {
  static override readonly code = 'HOLDFAST_INVARIANT';
}

/** A failure that a testing world injected at a fault point. */
export class InjectedFaultError extends HoldfastError {
  static override readonly code = 'HOLDFAST_INJECTED_FAULT';
}

/** A supervisor used up its restarts. `childId` is the child that could not be kept alive, `cause` what it last died of. */
export class GaveUpError extends HoldfastError {
  static override readonly code = 'HOLDFAST_GAVE_UP';
  constructor(
    message: string,
    readonly childId: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A supervisor cannot do to a child what it was asked for. `childId` is the child, where it has an id. */
export class ChildError extends HoldfastError {
  static override readonly code: string = 'HOLDFAST_CHILD';
  constructor(
    message: string,
    readonly childId?: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The child runs already, or somebody else bears its name. `ref` is who runs. */
export class AlreadyStartedError extends ChildError {
  static override readonly code = 'HOLDFAST_ALREADY_STARTED';
  constructor(
    message: string,
    childId: string,
    readonly ref: AnyActorRef,
    options?: { readonly cause?: unknown },
  ) {
    super(message, childId, options);
  }
}

/** The supervisor has a child of that id, which does not run now: `restartChild` starts it, `deleteChild` makes room. */
export class AlreadyPresentError extends ChildError {
  static override readonly code = 'HOLDFAST_ALREADY_PRESENT';
}

/** The child runs: `terminateChild` comes first. */
export class ChildRunningError extends ChildError {
  static override readonly code = 'HOLDFAST_CHILD_RUNNING';
}

/** The child is being started again by its supervisor: `terminateChild` ends that. */
export class ChildRestartingError extends ChildError {
  static override readonly code = 'HOLDFAST_CHILD_RESTARTING';
}

/** The supervisor has no such child. */
export class NoSuchChildError extends ChildError {
  static override readonly code = 'HOLDFAST_NO_SUCH_CHILD';
}

/** The children of a dynamic supervisor are addressed by ref, and end for good: OTP's `simple_one_for_one`. */
export class DynamicChildError extends ChildError {
  static override readonly code = 'HOLDFAST_DYNAMIC_CHILD';
}

/** A dynamic supervisor has as many children as it may, those that are being started again included. */
export class MaxChildrenError extends HoldfastError {
  static override readonly code = 'HOLDFAST_MAX_CHILDREN';
  constructor(
    message: string,
    readonly maxChildren: number,
  ) {
    super(message);
  }
}

/** A task did not end within its `timeout` (ms) and was killed. A function that ignores its signal may go on, unheard. */
export class TaskTimeoutError extends HoldfastError {
  static override readonly code = 'HOLDFAST_TASK_TIMEOUT';
  constructor(
    message: string,
    readonly timeout: number,
  ) {
    super(message);
  }
}

/** What runs with a backoff does not run now: it failed and waits to be started again, in at most `retryAfter` ms. */
export class BackoffError extends HoldfastError {
  static override readonly code = 'HOLDFAST_BACKOFF';
  constructor(
    message: string,
    readonly retryAfter: number,
  ) {
    super(message);
  }
}

/**
 * `incr` or `decr` of what cannot be counted: the value held is no number, or the count would pass the whole numbers that are
 * exact. The value stays as it was.
 */
export class CounterError extends HoldfastError {
  static override readonly code = 'HOLDFAST_COUNTER';
}

/**
 * Something outside the transaction changed a key that it had read, or removed one that it was to write. Nothing of the
 * transaction was applied. `key` is the key, or its digest. Run it again, or give it `retries`.
 */
export class TransactionConflictError extends HoldfastError {
  static override readonly code = 'HOLDFAST_TRANSACTION_CONFLICT';
  constructor(
    message: string,
    readonly key: string | undefined,
  ) {
    super(message);
  }
}

/**
 * A transaction was not done within its `timeout` (ms): it still waited for its keys, or its function still ran. Nothing of
 * it was applied, and its locks are free; a function that ignores its signal goes on, and can do nothing through it any more.
 */
export class TransactionTimeoutError extends HoldfastError {
  static override readonly code = 'HOLDFAST_TRANSACTION_TIMEOUT';
  constructor(
    message: string,
    readonly timeout: number,
    readonly phase: 'waiting' | 'running',
  ) {
    super(message);
  }
}

/**
 * Transactions would wait for each other for ever, in one cache or across several: this one was chosen to fail. Nothing of it
 * was applied. `key` is the key (or its digest) that it asked for last.
 */
export class DeadlockError extends HoldfastError {
  static override readonly code = 'HOLDFAST_DEADLOCK';
  constructor(
    message: string,
    readonly key: string,
  ) {
    super(message);
  }
}

/** A session store's source failed, with something that express-session would take for "no such session", or that is no error: `cause`. */
export class SessionStoreError extends HoldfastError {
  static override readonly code = 'HOLDFAST_SESSION_STORE';
}
