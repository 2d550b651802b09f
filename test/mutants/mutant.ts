import type { Row } from './rows.js';

/** A bug, as a change of the sources that puts it back. */
export interface Mutant {
  readonly name: string;
  /** The row of the failure table that it belongs to. */
  readonly row: Row;
  /** Which scenario is to find it; of what no simulation can reach, which ordinary test. */
  readonly scenario: 'cache' | 'tree' | 'guessers' | { readonly test: string };
  readonly edits: readonly Edit[];
}

/** What is written in the place of a text that stands in the file just once. */
export interface Edit {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A list of mutants that one scenario, or test, is to find: `[name, row, edit, edit, …]`. */
export const mutantsOf =
  (scenario: Mutant['scenario']) =>
  (...listed: readonly (readonly [name: string, row: Row, ...edits: Edit[]])[]): readonly Mutant[] =>
    listed.map(([name, row, ...edits]) => ({ name, row, scenario, edits }));

export const edit = (file: string, from: string, to: string): Edit => ({ file, from, to });
