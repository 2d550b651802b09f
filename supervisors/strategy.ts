/** Who else is restarted with a child. Data: one algorithm carries it out. */
export type Strategy = 'one-for-one' | 'one-for-all' | 'rest-for-one';

/** Whom a restart of `failed` concerns, in start order. They are stopped in reverse and started in this order. */
export function concerned<T>(strategy: Strategy, startOrder: Iterable<T>, failed: T): readonly T[] {
  // A supervisor of very many must not walk them all for one.
  if (strategy === 'one-for-one') return [failed];
  const all = [...startOrder];
  return strategy === 'one-for-all' ? all : all.slice(all.indexOf(failed));
}
