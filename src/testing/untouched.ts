/** Listeners of the kit's own, which no failure of a bus touches: they are how the kit knows what was published. */
const own = new WeakSet<object>();

/** The listener, as one of the kit's own. */
export function untouched<L extends object>(listener: L): L {
  own.add(listener);
  return listener;
}

export const isUntouched = (listener: unknown): boolean =>
  (typeof listener === 'function' || (typeof listener === 'object' && listener !== null)) &&
  own.has(listener);
