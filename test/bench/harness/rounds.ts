import { performance } from 'node:perf_hooks';

/** One run of a contender: answers with its measure. */
export type Round = () => number | Promise<number>;

/** The middle one; of an even count the mean of the middle two. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError('The median of nothing.');
  return (lower + upper) / 2;
}

/** Where run with `--expose-gc`: collects what is garbage. */
export function collectGarbage(): void {
  const { gc } = globalThis as { readonly gc?: () => void };
  gc?.();
}

/**
 * The median of each contender over interleaved rounds. Each round begins with another contender, so that a machine that
 * slows down slows all of them.
 */
export async function interleaved(
  contenders: Readonly<Record<string, Round>>,
  { rounds, warmUp }: { readonly rounds: number; readonly warmUp: number },
): Promise<Record<string, number>> {
  const names = Object.keys(contenders);
  const measured = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = -warmUp; round < rounds; round += 1) {
    const first = (round + warmUp) % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      collectGarbage();
      const value = await contenders[name]?.();
      if (round >= 0 && value !== undefined) measured.get(name)?.push(value);
    }
  }
  return Object.fromEntries([...measured].map(([name, values]) => [name, median(values)]));
}

/** How many times a second `run` ran, over `times` times in a row. What it returns is kept from being optimised away. */
export function perSecond(times: number, run: (index: number) => unknown): number {
  let last: unknown;
  const began = performance.now();
  for (let index = 0; index < times; index += 1) last = run(index);
  const took = performance.now() - began;
  kept.last = last;
  return times / (took / 1000);
}

/** As `perSecond`, each awaited before the next begins, where there is something to await. */
export async function perSecondAwaited(times: number, run: (index: number) => unknown): Promise<number> {
  const began = performance.now();
  for (let index = 0; index < times; index += 1) {
    const result = run(index);
    kept.last = result instanceof Promise ? await result : result;
  }
  return times / ((performance.now() - began) / 1000);
}

/** What a measured function returned last: seen by the optimiser, and by nobody else. */
const kept: { last: unknown } = { last: undefined };
