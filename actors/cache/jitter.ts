import type { Milliseconds } from '../../src/runtime/duration.js';

/** Few different ones, so that entries can share them. */
const steps = 64;

/**
 * A time to live shortened by up to the share `jitter` of it, so that what was stored together is not over together. Never
 * longer: what is promised of staleness holds. `drawn` is a number in [0, 1).
 */
export function jittered(ttl: Milliseconds, jitter: number, drawn: number): Milliseconds {
  return Math.round(ttl * (1 - (jitter * Math.floor(drawn * steps)) / steps));
}
