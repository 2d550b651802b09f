import type { OptionalHand, OptionalMethod } from './harness.js';
import type { Tester } from './tester.js';

/** What the parts of the contract are written with. */
export interface Suite {
  describe(name: string, body: () => void): unknown;
  /** A test over a source of its own. */
  test(name: string, body: (tester: Tester) => Promise<void>): unknown;
  /** Whether the source has the method, or the harness the hand. */
  has(what: OptionalMethod | OptionalHand): boolean;
  readonly without: ReadonlySet<string>;
  holds(key: string): boolean;
  /** At least one. */
  readonly values: readonly unknown[];
}
