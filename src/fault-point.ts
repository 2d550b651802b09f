/**
 * A named place in product code where a testing world may inject a failure. Outside a world it costs one comparison and
 * does nothing.
 */
export type FaultPoint = (name: string) => void;

let active: FaultPoint | undefined;

/**
 * Marks a fault point. Inside a testing world it may throw an `InjectedFaultError`; see `faults.any({ points })`.
 *
 * @example
 * ```ts
 * await store.save(job);
 * buggify('queue.saved'); // what if it dies here?
 * ```
 */
export function buggify(name: string): void {
  if (active !== undefined) active(name);
}

/** @internal The testing world's way in: returns the way out. */
export function withFaultPoints(handler: FaultPoint): () => void {
  const before = active;
  active = handler;
  return () => {
    active = before;
  };
}
