import type { SourceMode } from '../faults.js';

/** What a history is told of the process, and of its clocks. */
export type ProcessHappening =
  | { readonly type: 'killed' | 'booted' | 'jumped' }
  | { readonly type: 'paused'; readonly ms: number };

/** What a stage needs of a source. */
export interface FailingSource {
  readonly mode: SourceMode;
  become(mode: SourceMode, duration?: number): void;
  corrupt(key: string): void;
  /** Whose history is told when the process of whoever uses it dies and boots again, and when a clock jumps or the process stands still. */
  readonly history: { add(happening: ProcessHappening): unknown };
}

/** What of a stage those see who make things for it. */
export interface StageFace {
  /** What outlives a killed process: made once, and found again by its name, or by its turn among the nameless. */
  lasting<T>(name: string, make: () => T, made?: (thing: T, name: string) => void): T;
  /** A source that faults act upon. */
  source(name: string, db: FailingSource): void;
}

let present: StageFace | undefined;

/** The stage of the run that is being played. */
export const currentStage = (): StageFace | undefined => present;

export function enterStage(stage: StageFace | undefined): void {
  present = stage;
}
