import { GaveUpError, StartError } from '../src/errors.js';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import { describe } from '../src/runtime/life-report.js';
import type { Intensity } from './intensity.js';

/** What a reason tells beyond its type. */
export const causeOf = (reason: ExitReason): unknown =>
  reason.type === 'error' ? reason.error : reason.type === 'shutdown' ? reason.detail : undefined;

export const startFailed = (path: string, id: string, reason: ExitReason): StartError =>
  new StartError(`${path} could not start its child '${id}': ${describe(reason)}.`, id, {
    cause: causeOf(reason),
  });

export const gaveUp = (
  path: string,
  id: string,
  { maxRestarts, within }: Intensity,
  reason: ExitReason,
): GaveUpError =>
  new GaveUpError(
    `${path} gave up: more than ${maxRestarts} restarts within ${within} ms, at last of '${id}': ${describe(reason)}.`,
    id,
    { cause: causeOf(reason) },
  );
