/** Seeded choices. */
export interface Dice {
  /** A uniform number in [0, 1). */
  next(): number;
  /** A whole number from `a` to `b`, both included. */
  int(a: number, b: number): number;
  pick<T>(from: readonly T[]): T;
  /** Yes, with the given probability. */
  chance(probability: number): boolean;
}

/** Equal seeds, equal choices, in every version of Node: mulberry32. */
export function dice(seed: number): Dice {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const int = (a: number, b: number): number => a + Math.floor(next() * (b - a + 1));
  return {
    next,
    int,
    pick: <T>(from: readonly T[]): T => from[int(0, from.length - 1)] as T,
    chance: (probability) => next() < probability,
  };
}

/** What stands behind the last `/` of a path. */
export const leafOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** One draw after the other, `count` times. */
export const times = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);
