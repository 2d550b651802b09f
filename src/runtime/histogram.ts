import type { Milliseconds } from './duration.js';

/** How long something took, over all that was recorded. ms, to a thousandth, within a hundredth. */
export interface Distribution {
  readonly count: number;
  readonly min: Milliseconds;
  readonly mean: Milliseconds;
  readonly max: Milliseconds;
  readonly p50: Milliseconds;
  readonly p90: Milliseconds;
  readonly p99: Milliseconds;
}

export interface Histogram {
  record(took: Milliseconds): void;
  /** undefined while nothing was recorded. */
  read(): Distribution | undefined;
}

interface Recordable {
  record(value: number): void;
  percentile(percentile: number): number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
}

type PerfHooks = {
  readonly createHistogram: (options: { readonly figures: number; readonly highest: number }) => Recordable;
};

const hooks = (
  globalThis as { process?: { getBuiltinModule?: (id: string) => PerfHooks | undefined } }
).process?.getBuiltinModule?.('node:perf_hooks');

/** An hour: what takes longer is counted as one. */
const highest = 3_600_000_000;

/** Makes a histogram; undefined where the platform has none (a browser). */
export function histogram(): Histogram | undefined {
  if (hooks === undefined) return undefined;
  // It takes whole numbers from 1 on: thousandths of a ms. Two figures are 20 kB, three would be 170.
  const inner = hooks.createHistogram({ figures: 2, highest });
  const ms = (thousandths: number): Milliseconds => Math.round(thousandths) / 1000;
  return {
    record: (took) => inner.record(Math.min(highest, Math.max(1, Math.round(took * 1000)))),
    read() {
      if (inner.count === 0) return undefined;
      return {
        count: inner.count,
        min: ms(inner.min),
        mean: ms(inner.mean),
        max: ms(inner.max),
        p50: ms(inner.percentile(50)),
        p90: ms(inner.percentile(90)),
        p99: ms(inner.percentile(99)),
      };
    },
  };
}
