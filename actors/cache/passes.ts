import type { Milliseconds } from '../../src/runtime/duration.js';
import { ageNow, wallNow } from '../../src/runtime/time.js';
import { Bell } from './bell.js';
import type { WarmReport } from './report.js';
import { Requests } from './requests.js';

/** What is known of the warm passes. It outlives the warmer. */
export class Passes {
  /** Whether the source can be passed over at all. */
  readonly possible: boolean;
  readonly requests = new Requests<WarmReport>();
  /** Rung at every complete pass. */
  readonly completion = new Bell();
  completed = 0;
  /** The last complete pass still stands: nothing has emptied the table since. */
  complete = false;
  begun = 0;
  /** A pass has brought rows since the table was last emptied. */
  anyRow = false;
  /** A pass is needed although its time has not come: the change feed had a gap. */
  due = false;
  /** What the warmer does now; told by it. */
  activity: 'idle' | 'warming' | 'backoff' = 'idle';
  /** `at` in wall-clock ms. */
  last: { readonly at: Milliseconds; readonly ok: boolean; readonly error?: unknown } | undefined;
  /** What the last complete pass did, and when: wall-clock ms. */
  lastReport: (WarmReport & { readonly at: Milliseconds }) | undefined;
  beganAt: Milliseconds = 0;
  /** An entry left for want of room since the present pass began: it cannot prove what it did not see. */
  evicted = false;
  /** The present pass met a row whose key cannot be told: it may be any, so nothing proves to be gone. */
  nameless = false;

  constructor(possible: boolean) {
    this.possible = possible;
  }

  get wanted(): boolean {
    return this.due || this.requests.pending;
  }

  /** A pass begins: its number. */
  begin(): number {
    this.due = false;
    this.evicted = false;
    this.nameless = false;
    this.beganAt = ageNow();
    return ++this.begun;
  }

  /** Asks for a pass on the cache's own account. */
  demand(): void {
    this.due = true;
    this.requests.made.ring();
  }

  succeeded(report: WarmReport): void {
    this.completed++;
    this.complete = true;
    this.last = { at: wallNow(), ok: true };
    this.lastReport = { at: this.last.at, ...report };
    this.requests.resolve(report);
    this.completion.ring();
  }

  failed(error: unknown): void {
    this.last = { at: wallNow(), ok: false, error };
    this.requests.reject(error);
  }
}
