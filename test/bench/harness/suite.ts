import type { Aim } from './aims.js';
import type { Round } from './rounds.js';

/** What one case of a suite found: a value for each contender, by name. Words where a number would say too little. */
export interface Result {
  readonly suite: string;
  readonly case: string;
  /** Of every value in it: `'ops/s'`, `'ms'`, `'bytes/entry'`, … `'text'` where the values are words. */
  readonly unit: string;
  readonly values: Readonly<Record<string, number | string>>;
  /** What it is to reach. */
  readonly aims?: readonly Aim[];
}

/** What a suite is handed. */
export interface Bench {
  /** Whether a case of that title was asked for. `record` and `compare` pass over the others; what is dear to prepare asks first. */
  wants(title: string): boolean;
  /** Notes a result that the suite measured in a way of its own. */
  record(name: string, unit: string, values: Result['values'], aims?: readonly Aim[]): void;
  /**
   * Measures the contenders in interleaved rounds, in another order each round, the garbage of one collected before the next
   * begins, and notes the medians. A contender runs once and answers with its own measure, in `unit`.
   */
  compare(
    name: string,
    unit: string,
    contenders: Readonly<Record<string, Round>>,
    options?: CompareOptions,
  ): Promise<Result['values']>;
  /** A line for whoever waits. It never reaches the standard output of a `--json` run. */
  note(text: string): void;
  /** Whoever measures what a suite can also explain is to do so, with notes; it costs some of the speed. */
  readonly explain: boolean;
  /** 1, or less for a quick look: multiply iterations and entries by it. */
  readonly scale: number;
  /** With `--write-readme`: replaces the block of this name in README.md. Otherwise does nothing. */
  writeReadme(block: string, markdown: string): void;
}

export interface CompareOptions {
  /** Default 7. */
  readonly rounds?: number;
  /** Rounds that are run and not counted. Default 1. */
  readonly warmUp?: number;
  /** What the case is to reach. Default: nothing. */
  readonly aims?: readonly Aim[];
}

/** A file of `test/bench/` exports one as its default. */
export interface Suite {
  readonly name: string;
  /** One line, for the list and the heading. */
  readonly about: string;
  run(bench: Bench): Promise<void>;
}

/** Checks a suite's shape. */
export const suite = (definition: Suite): Suite => definition;
