import { PerformanceObserver, performance } from 'node:perf_hooks';

/** How the event loop fared, in ms. */
export interface LoopReport {
  readonly p99: number;
  readonly max: number;
  /** The longest stretch without a turn of the loop, the garbage collector's share of it taken off. */
  readonly longestOwn: number;
}

/**
 * Watches the event loop: it takes a turn whenever it can, and notes how long it had to wait. Turns of less than a
 * millisecond say nothing and are not kept, but count.
 */
export async function watchLoop(work: () => Promise<unknown>): Promise<LoopReport> {
  const gaps: { readonly from: number; readonly to: number }[] = [];
  const pauses: { readonly from: number; readonly to: number }[] = [];
  let turns = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      pauses.push({ from: startTime, to: startTime + duration });
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  let over = false;
  let last = performance.now();
  const turn = (): void => {
    const now = performance.now();
    turns += 1;
    if (now - last >= 1) gaps.push({ from: last, to: now });
    last = now;
    if (!over) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  over = true;
  await new Promise((resolve) => setTimeout(resolve, 20));
  observer.disconnect();
  const lengths = gaps.map(({ from, to }) => to - from).sort((a, b) => a - b);
  // All turns that are not kept are shorter than those that are.
  const rank = Math.ceil(turns * 0.99) - (turns - lengths.length) - 1;
  const own = gaps.map((gap) => gap.to - gap.from - within(gap, pauses));
  return {
    p99: rank < 0 ? 1 : (lengths[rank] ?? 0),
    max: lengths.at(-1) ?? 0,
    longestOwn: Math.max(0, ...own),
  };
}

function within(
  gap: { readonly from: number; readonly to: number },
  pauses: readonly { readonly from: number; readonly to: number }[],
): number {
  let sum = 0;
  for (const { from, to } of pauses) sum += Math.max(0, Math.min(gap.to, to) - Math.max(gap.from, from));
  return sum;
}
