import type { Milliseconds } from '../../runtime/duration.js';

/** Why a run failed. */
export interface Failure {
  /** The check's name, or what the kit itself looks at: `setup`, `command "…"`, `uncaught error`, `escape`, `nothing left after stop`, `stuck`. */
  readonly check: string;
  readonly message: string;
  /** What was thrown. */
  readonly error: unknown;
  /** ms since the world began. */
  readonly at: Milliseconds;
}

/** Ends a run at the first thing that fails. */
export class Failed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}
