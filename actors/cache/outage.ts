import type { Milliseconds } from '../../src/runtime/duration.js';

/**
 * What is remembered of the source's reachability. A pure state: whoever asks the source tells what came of it, and asks
 * before the next question whether there is any point.
 */
export interface Outage {
  readonly status: 'unknown' | 'up' | 'down';
  /** When the present status began; wall-clock ms. */
  readonly since: Milliseconds | undefined;
  /** Failed attempts in this outage. */
  readonly attempt: number;
  /** When the next attempt is due; ms of ages. */
  readonly nextAttempt: Milliseconds;
  /** The same for people: wall-clock ms. */
  readonly nextAttemptAt: Milliseconds | undefined;
  /** One attempt is under way: nobody else need try. */
  readonly probing: boolean;
  /** In a row, without a success between. */
  readonly timeouts: number;
  readonly error: unknown;
}

export interface Moment {
  /** ms of ages. */
  readonly age: Milliseconds;
  /** Wall-clock ms. */
  readonly wall: Milliseconds;
}

/** Timeouts in a row that mean unreachable. */
const timeoutsThatMeanDown = 3;

export const nothingKnown: Outage = {
  status: 'unknown',
  since: undefined,
  attempt: 0,
  nextAttempt: 0,
  nextAttemptAt: undefined,
  probing: false,
  timeouts: 0,
  error: undefined,
};

/** The source answered, be it with an error of its own: it is there. */
export function answered(outage: Outage, now: Moment): Outage {
  if (outage.status === 'up' && outage.timeouts === 0) return outage;
  return { ...nothingKnown, status: 'up', since: outage.status === 'up' ? outage.since : now.wall };
}

/** A connection error that outlived its retries. In an outage only a probe's failure is another attempt. */
export function failed(
  outage: Outage,
  error: unknown,
  now: Moment,
  delay: (attempt: number) => Milliseconds,
): Outage {
  if (outage.status === 'down' && !outage.probing) return outage;
  const attempt = outage.status === 'down' ? outage.attempt + 1 : 1;
  const wait = delay(attempt);
  return {
    status: 'down',
    since: outage.status === 'down' ? outage.since : now.wall,
    attempt,
    nextAttempt: now.age + wait,
    nextAttemptAt: now.wall + wait,
    probing: false,
    timeouts: 0,
    error,
  };
}

/** A question was not answered in time. Three in a row, a probe's, or too many that never settle, mean unreachable. */
export function timedOut(
  outage: Outage,
  error: unknown,
  now: Moment,
  delay: (attempt: number) => Milliseconds,
  { saturated = false } = {},
): Outage {
  const timeouts = outage.timeouts + 1;
  if (outage.status === 'down' || saturated || timeouts >= timeoutsThatMeanDown) {
    return failed(outage, error, now, delay);
  }
  return { ...outage, timeouts };
}

/** Whether the source may be asked now: freely, as the outage's one probe, or not. */
export function permission(outage: Outage, age: Milliseconds): 'free' | 'probe' | 'no' {
  if (outage.status !== 'down') return 'free';
  return !outage.probing && age >= outage.nextAttempt ? 'probe' : 'no';
}

export const probeBegun = (outage: Outage): Outage =>
  outage.status === 'down' ? { ...outage, probing: true } : outage;

/** The probe was given up without an answer (its asker died): the next one may try at once. */
export const probeLost = (outage: Outage): Outage =>
  outage.probing ? { ...outage, probing: false } : outage;

/** Somebody wants an attempt now: the wait is cut short. */
export const hurried = (outage: Outage, now: Moment): Outage =>
  outage.status === 'down' ? { ...outage, nextAttempt: now.age, nextAttemptAt: now.wall } : outage;
