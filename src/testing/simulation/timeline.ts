import type { Milliseconds } from '../../runtime/duration.js';

/** One thing that happened in a run. Plain data. */
export interface Moment {
  /** ms since the world began. */
  readonly at: Milliseconds;
  readonly kind: 'process' | 'fault' | 'command' | 'actor' | 'check';
  /** Whom it concerns: a name, a path, `source`, `bus`, `clock`. */
  readonly who: string;
  readonly what: string;
}

/** So many moments of a run are kept: a run that goes wrong does so for good. */
const most = 10_000;

/** What happened in a run, in order. */
export class Timeline {
  readonly moments: Moment[] = [];
  readonly #now: () => Milliseconds;

  constructor(now: () => Milliseconds) {
    this.#now = now;
  }

  add(kind: Moment['kind'], who: string, what: string): void {
    if (this.moments.length < most) this.moments.push({ at: this.#now(), kind, who, what });
  }
}
