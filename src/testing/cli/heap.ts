import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Milliseconds } from '../../runtime/duration.js';

/** How much was held, when. */
export interface HeapSample {
  readonly runs: number;
  readonly at: Milliseconds;
  readonly bytes: number;
}

/** A straight line through points, by least squares. */
export interface Line {
  readonly slope: number;
  /** The standard error of the slope. */
  readonly error: number;
}

export interface HeapGrowth {
  /** Whether a collection went before each sample; else they hold garbage too. */
  readonly collected: boolean;
  readonly samples: number;
  /** Bytes of the last sample. */
  readonly bytes: number;
  /** Bytes, of the later half of the samples. */
  readonly perRun: number;
  readonly perMinute: number;
  /** The heap grows, as far as can be told. */
  readonly grows: boolean;
}

/**
 * So many standard errors must lie between a slope and none. Two would do if samples were independent; the heap of one second is much that of
 * the second before.
 */
const certain = 4;

/**
 * So many bytes a run are no leak. What a run leaves behind when something leaks is at least an actor, a timer or a listener with what
 * its closure holds: kilobytes.
 */
const harmless = 512;

/**
 * So many bytes in all are no leak yet. V8 goes on compiling what a program does, and learning of it, for minutes, ever more slowly: of 700 runs
 * of an idle cache the first 100 left 3 MB behind, the next 300 0.5 MB and the last 300 0.25 MB, all of it optimized code, what is noted to undo
 * that, and lists of what depends on it; not one object was left. A longer soak tells more.
 */
const learning = 2 * 2 ** 20;

/** Fewer say nothing. */
const fewest = 20;

/** More are thinned out: the record of the heap must not be what grows. */
const most = 512;

/** Collects garbage. Where Node.js was started without `--expose-gc`, which npx cannot pass on, it is asked for now. */
export function collector(): (() => void) | undefined {
  if (globalThis.gc !== undefined) return () => void globalThis.gc?.();
  try {
    setFlagsFromString('--expose-gc');
    return runInNewContext('gc') as () => void;
  } catch {
    return undefined;
  }
}

/** Samples of the heap of this process. */
export class Heap {
  readonly #collect: (() => void) | undefined;
  #samples: HeapSample[] = [];
  #every: Milliseconds = 1_000;
  #next: Milliseconds = 0;

  constructor(collect: (() => void) | undefined) {
    this.#collect = collect;
  }

  /** Takes a sample, where it is time for one. */
  sample(runs: number, at: Milliseconds): void {
    if (at < this.#next) return;
    this.#collect?.();
    this.#samples.push({ runs, at, bytes: process.memoryUsage().heapUsed });
    if (this.#samples.length >= most) {
      this.#samples = this.#samples.filter((_, index) => index % 2 === 0);
      this.#every *= 2;
    }
    this.#next = at + this.#every;
  }

  growth(): HeapGrowth {
    return growthOf(this.#samples, this.#collect !== undefined);
  }
}

/**
 * How a heap grew, once it was warm: the earlier half of the samples is left out. It grows where that is certain, worth telling, and no slower in
 * the last quarter than half as fast as in the one before: a leak goes on, warming up fades.
 */
export function growthOf(all: readonly HeapSample[], collected: boolean): HeapGrowth {
  const warm = all.slice(Math.floor(all.length / 2));
  const byRun = runLine(warm);
  const middle = Math.floor(warm.length / 2);
  const goesOn = runLine(warm.slice(middle)).slope > runLine(warm.slice(0, middle)).slope / 2;
  const gained = byRun.slope * ((warm.at(-1)?.runs ?? 0) - (warm[0]?.runs ?? 0));
  return {
    collected,
    samples: all.length,
    bytes: all.at(-1)?.bytes ?? 0,
    perRun: byRun.slope,
    perMinute: line(warm.map(({ at, bytes }) => [at / 60_000, bytes])).slope,
    grows:
      all.length >= fewest &&
      byRun.slope > Math.max(harmless, certain * byRun.error) &&
      gained > learning &&
      goesOn,
  };
}

const runLine = (samples: readonly HeapSample[]): Line =>
  line(samples.map(({ runs, bytes }) => [runs, bytes]));

/** Where there are too few points for a line: none, and no certainty. */
export function line(points: readonly (readonly [x: number, y: number])[]): Line {
  const n = points.length;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / n;
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (n < 3 || spread === 0) return { slope: 0, error: Number.POSITIVE_INFINITY };
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const missed = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0);
  return { slope, error: Math.sqrt(missed / (n - 2) / spread) };
}
