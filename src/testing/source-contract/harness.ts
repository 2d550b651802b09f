import type { Source } from '../../sources/source.js';
import type { SourceMethod } from '../history.js';

/** A row as another client of the database writes it. */
export interface WrittenRow {
  readonly key: string;
  readonly value: unknown;
  /** Wall-clock ms since the epoch. */
  readonly expiresAt?: number;
}

/** One database, empty at first, and a source over it. Of the optional hands those are there that `without` does not leave out. */
export interface SourceHarness {
  readonly source: Source<any>;
  /** Another client writes a row, be it there or not. */
  write(row: WrittenRow): Promise<void>;
  /** Another client deletes a row, without a trace. */
  erase(key: string): Promise<void>;
  /** Another client marks a row as revoked. */
  revoke?(key: string): Promise<void>;
  /** Makes a row's value one that the source cannot read. */
  spoil?(key: string): Promise<void>;
  /** Another client writes a row in a transaction of its own, which ends when the promise that it gives is called. */
  begin?(row: WrittenRow): Promise<() => Promise<void>>;
  /** The database cannot be reached any more, and is reached again. */
  takeAway?(): Promise<void>;
  bringBack?(): Promise<void>;
  /** From now on the database takes questions and answers none, until what it gives is called. */
  stall?(): Promise<() => Promise<void>>;
  /** How many connections, cursors or transactions the source holds for questions that have not ended. */
  inUse?(): Promise<number>;
  /** Takes it all down, after the source was closed. */
  dispose?(): Promise<void>;
}

/** What a source may do without. */
export type OptionalMethod = Exclude<SourceMethod, 'load'> | 'close';

/** What a harness may do without: the tests that need it are then not there. */
export type OptionalHand = 'revoke' | 'spoil' | 'begin' | 'takeAway' | 'stall' | 'inUse';

export interface SourceContractOptions {
  /** Of your test runner. */
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
  /** Methods that the source does not have, and hands that the harness does not have. Default: it has all. */
  readonly without?: readonly (OptionalMethod | OptionalHand)[];
  /** Values that the source gives back as they were written, of which the first ones are told apart. Default: text. */
  readonly values?: readonly unknown[];
  /** Whether the database can hold a row of such a key. Default: any. A source is asked for keys that it cannot hold as well. */
  holds?(key: string): boolean;
  /** How long anything at all may take, ms of real time: what takes longer hangs. Default 10,000. */
  readonly patience?: number;
}
