/** Whether what was done at once to one object could have been done one after the other (Wing & Gong, with Lowe's memo). */

/** What a state is compared by. */
type State = string | number | undefined;

/** One call, from the instant at which it was made to that at which its answer was there: any numbers that grow. */
export interface Call<S extends State> {
  /** In words. */
  readonly what: string;
  readonly called: number;
  /** Infinity where nobody was told: it may have been done at any instant since, or never. */
  readonly returned: number;
  /** The states that it may leave, done in this one and answered as it was; none where it could not have been answered so. */
  after(state: S): readonly S[];
}

/**
 * An order of the calls in which each comes between its two instants, and is answered as a single thread would have been. Undefined: there is none.
 * A call of which nobody was told is in it only where that helps.
 */
export function linearized<S extends State>(
  history: readonly Call<S>[],
  initial: S,
): readonly Call<S>[] | undefined {
  const calls = [...history].sort((one, other) => one.called - other.called);
  const seen = new Set<string>();

  const search = (taken: bigint, state: S): readonly Call<S>[] | undefined => {
    const left = calls.flatMap((call, at) => ((taken >> BigInt(at)) & 1n ? [] : [{ call, at }]));
    const firstEnd = Math.min(...left.map(({ call }) => call.returned));
    if (firstEnd === Number.POSITIVE_INFINITY) return [];
    const reached = `${taken} ${typeof state} ${state}`;
    if (seen.has(reached)) return undefined;
    seen.add(reached);
    for (const { call, at } of left) {
      // Whatever was called after another had returned comes after it.
      if (call.called > firstEnd) break;
      for (const next of call.after(state)) {
        const rest = search(taken | (1n << BigInt(at)), next);
        if (rest !== undefined) return [call, ...rest];
      }
    }
    return undefined;
  };
  return search(0n, initial);
}

/** The history, a line for each call, in the order in which they were made. */
export const told = (history: readonly Pick<Call<State>, 'what' | 'called' | 'returned'>[]): string =>
  [...history]
    .sort((one, other) => one.called - other.called)
    .map(
      ({ what, called, returned }) =>
        `${called}–${returned === Number.POSITIVE_INFINITY ? '?' : returned} ${what}`,
    )
    .join('\n');
