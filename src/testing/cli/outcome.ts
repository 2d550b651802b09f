import type { Exploration } from '../simulation/explore.js';
import { explorationJson, findingText, mermaid, speedText } from '../simulation/report.js';
import type { HeapGrowth } from './heap.js';

/** What came of one scenario. */
export interface Outcome {
  readonly name: string;
  readonly exploration: Exploration;
  /** Of a soak. */
  readonly heap: HeapGrowth | undefined;
  /** One case was played again, and nothing else. */
  readonly replayed: boolean;
  /** The command that plays the failing case again. */
  readonly replay: string;
}

/** Why it did not hold. Undefined: it held. */
export type Fault = 'failure' | 'never' | 'heap' | undefined;

export function faultOf({ exploration, heap, replayed }: Outcome, incomplete: boolean): Fault {
  if (exploration.finding !== undefined) return 'failure';
  if (heap?.grows && heap.collected) return 'heap';
  return exploration.never.length > 0 && !incomplete && !replayed ? 'never' : undefined;
}

/** For people. */
export function outcomeText(outcome: Outcome, interrupted: boolean): string {
  const { name, exploration, heap, replay, replayed } = outcome;
  const { finding, never, coverage } = exploration;
  const told = coverage.lines();
  const incomplete = finding === undefined && never.length > 0 && !replayed;
  return [
    ...(finding !== undefined
      ? [findingText(name, finding, replay), '', mermaid(finding.played.timeline), '']
      : [`"${name}" ${verdict(outcome, interrupted)}${incomplete ? ', but not everything was tried' : ''}.`]),
    speedText(exploration),
    ...(told.length > 0 ? ['', 'Failures, how often, and in which states:', ...told] : []),
    ...(incomplete
      ? ['', `NEVER CAME TO: ${never.join(', ')}. Play more runs (--runs), make them likelier, or plan less.`]
      : []),
    ...(heap === undefined ? [] : ['', ...heapText(heap)]),
  ].join('\n');
}

/** Of one in which no check failed. */
function verdict(outcome: Outcome, interrupted: boolean): string {
  if (faultOf(outcome, true) === 'heap') return 'does not hold: the heap grows, though no check failed';
  if (outcome.replayed) return 'holds in this case';
  return interrupted ? 'has held so far' : 'held';
}

function heapText({ collected, samples, bytes, perRun, perMinute, grows }: HeapGrowth): string[] {
  const signed = (n: number): string => `${n < 0 ? '' : '+'}${Math.round(n).toLocaleString('en')}`;
  const measured = collected
    ? 'after a collection each'
    : 'garbage included, since this Node.js cannot be asked to collect it';
  return [
    `Heap: ${(bytes / 2 ** 20).toFixed(1)} MiB at the end; ${signed(perRun)} bytes a run, ${signed(perMinute)} bytes a minute in the later half (${samples} samples, ${measured}).`,
    ...(grows && collected
      ? ['THE HEAP GROWS: something of each run is kept. Look for what outlives it: listeners, timers, maps.']
      : []),
    ...(grows && !collected
      ? ['It grew, and whether that is garbage cannot be told. Start Node.js with --expose-gc.']
      : []),
  ];
}

/** For programs. */
export const outcomeJson = ({ name, exploration, heap, replay }: Outcome): object => ({
  ...explorationJson(name, exploration),
  ...(exploration.finding !== undefined && { again: replay }),
  ...(heap && { heap }),
});
