import type { Milliseconds } from '../../runtime/duration.js';
import type { Fc } from '../arbitraries.js';
import { Coverage } from '../simulation/coverage.js';
import { type Exploration, type ExploreOptions, mixed, type Progress } from '../simulation/explore.js';
import type { Scenario } from '../simulation/scenario.js';
import { collector, Heap, type HeapGrowth } from './heap.js';
import type { Kit } from './load.js';

export interface SoakOptions extends ExploreOptions {
  readonly runs: number;
  readonly seed: number;
  /** How long no failure ends it, real ms. */
  readonly stopAfter: Milliseconds;
  readonly onRun: (progress: Progress) => void;
}

export interface Soak {
  /** Of all seeds together. */
  readonly exploration: Exploration;
  readonly heap: HeapGrowth;
}

/** Explores with one seed after the other, until time is up or something failed. */
export async function soak<C>(kit: Kit, fc: Fc, scenario: Scenario<C>, options: SoakOptions): Promise<Soak> {
  const { stopAfter, signal, onRun } = options;
  const began = performance.now();
  const real = (): Milliseconds => performance.now() - began;
  const heap = new Heap(collector());
  const coverage = new Coverage(scenario.faults);
  let all: Exploration | undefined;
  for (let seed = options.seed; ; seed++) {
    const { runs = 0, events = 0, virtual = 0, hash = '' } = all ?? {};
    const next = await kit.explore(fc, scenario, {
      ...options,
      seed,
      stopAfter: Math.max(0, stopAfter - real()),
      onRun: (progress) => {
        const runsNow = runs + progress.runs;
        if (!progress.shrinking) heap.sample(runsNow, real());
        onRun({
          ...progress,
          runs: runsNow,
          events: events + progress.events,
          virtual: virtual + progress.virtual,
          real: real(),
        });
      },
    });
    coverage.add(next.coverage);
    all = {
      finding: next.finding,
      runs: runs + next.runs,
      coverage,
      never: all === undefined ? next.never : all.never.filter((name) => next.never.includes(name)),
      events: events + next.events,
      virtual: virtual + next.virtual,
      real: real(),
      hash: mixed(hash, next.hash),
    };
    if (next.finding !== undefined || signal?.aborted || real() >= stopAfter) {
      return { exploration: all, heap: heap.growth() };
    }
  }
}
