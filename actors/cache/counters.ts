/** What has been counted since the cache was defined. It outlives every actor. */
export class Counters {
  fresh = 0;
  stale = 0;
  absent = 0;
  unknown = 0;
  loads = 0;
  loadErrors = 0;
  loadTimeouts = 0;
  joined = 0;
  batches = 0;
  refreshes = 0;
  refreshErrors = 0;
  refused = 0;
  passes = 0;
  passesFailed = 0;
  sweeps = 0;
  evictedExpired = 0;
  evictedAged = 0;
  evictedCapacity = 0;
  invalidated = 0;
  revoked = 0;
  snapshots = 0;
  snapshotSkipped = 0;
  rebuilds = 0;
  slowed = 0;
  throttled = 0;
}
