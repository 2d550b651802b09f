import type { SweepReport } from '../cache/report.js';

/** What the source could not tell. */
export interface SweepFailure {
  readonly error: unknown;
  readonly unavailable: boolean;
}

/** Memory was swept in any case; the source may have failed to say what changed. */
export interface SweepOutcome {
  readonly report: SweepReport;
  readonly failure?: SweepFailure;
}
