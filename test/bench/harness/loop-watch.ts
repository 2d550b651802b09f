import { PerformanceObserver, performance } from 'node:perf_hooks';
import { RunningProfile, type Stretch } from './running-profile.js';
import { threadTime } from './thread-time.js';

/** How the event loop fared, in ms. */
export interface LoopReport {
  readonly p99: number;
  readonly max: number;
  /** The longest that the main thread worked without a turn of the loop, the garbage collector's and a guest's work taken off. */
  readonly longestOwn: number;
  /** If asked for: what ran in the stretches that were longest so, a line for each. */
  readonly explained: readonly string[];
}

/** Whose work is taken off, while a loop is watched. */
let guests: Stretch[] = [];

/** Runs what belongs to the bench itself, such as a source's making of its rows: it is nobody's own work. */
export function guest<R>(work: () => R): R {
  const from = performance.now();
  try {
    return work();
  } finally {
    guests.push({ from, to: performance.now() });
  }
}

/** So many of the longest stretches are explained. */
const explainedAtMost = 4;

/**
 * Watches the event loop: it takes a turn whenever it can, and notes how long it had to wait. Turns of less than a
 * millisecond say nothing and are not kept, but count. To `explain` costs the work some of its speed.
 */
export async function watchLoop(work: () => Promise<unknown>, { explain = false } = {}): Promise<LoopReport> {
  const gaps: (Stretch & { readonly worked: number })[] = [];
  const others: Stretch[] = [];
  guests = others;
  let turns = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      others.push({ from: startTime, to: startTime + duration });
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const profile = explain ? await RunningProfile.start() : undefined;
  const processor = threadTime();
  let over = false;
  let last = performance.now();
  let workedBefore = processor.read(last);
  const turn = (): void => {
    const now = performance.now();
    const worked = processor.read(now);
    turns += 1;
    // The kernel counts by its own ticks: more than the stretch itself it cannot have been.
    if (now - last >= 1)
      gaps.push({ from: last, to: now, worked: Math.min(now - last, worked - workedBefore) });
    last = now;
    workedBefore = worked;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  over = true;
  await new Promise((resolve) => setTimeout(resolve, 20));
  observer.disconnect();
  processor.close();
  const owns = gaps
    .map((gap) => ({ ...gap, own: gap.worked - within(gap, others) }))
    .sort((a, b) => b.own - a.own);
  const lengths = gaps.map(({ from, to }) => to - from).sort((a, b) => a - b);
  // All turns that are not kept are shorter than those that are.
  const rank = Math.ceil(turns * 0.99) - (turns - lengths.length) - 1;
  return {
    p99: rank < 0 ? 1 : (lengths[rank] ?? 0),
    max: lengths.at(-1) ?? 0,
    longestOwn: Math.max(0, owns[0]?.own ?? 0),
    explained: (await profile?.stop(owns.slice(0, explainedAtMost))) ?? [],
  };
}

/** How much of a gap the stretches cover, where they overlap once. */
function within(gap: Stretch, stretches: readonly Stretch[]): number {
  let sum = 0;
  let until = gap.from;
  for (const { from, to } of stretches.filter((s) => s.to > gap.from && s.from < gap.to).sort(byStart)) {
    const begin = Math.max(from, until);
    const end = Math.min(to, gap.to);
    if (end <= begin) continue;
    sum += end - begin;
    until = end;
  }
  return sum;
}

const byStart = (a: Stretch, b: Stretch): number => a.from - b.from;
