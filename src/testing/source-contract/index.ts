import assert from 'node:assert/strict';
import { changing } from './changing.js';
import type { OptionalMethod, SourceContractOptions, SourceHarness } from './harness.js';
import { listeningTo } from './listening.js';
import { outages } from './outages.js';
import { passing } from './passing.js';
import { reading } from './reading.js';
import type { Suite } from './suite.js';
import { Tester } from './tester.js';
import { touching } from './touching.js';

export type {
  OptionalHand,
  OptionalMethod,
  SourceContractOptions,
  SourceHarness,
  WrittenRow,
} from './harness.js';

const methods: readonly OptionalMethod[] = [
  'loadMany',
  'scan',
  'changes',
  'missing',
  'save',
  'remove',
  'touch',
  'ping',
  'close',
  'subscribe',
];

/**
 * What a cache takes for granted of every source, as tests: that a row which is gone is not there, an outage is no absence, a scan that
 * broke off is not complete, a signal is heard and leaves nothing behind, changes are not lost, and no key is taken for another. Each test
 * gets a database of its own from `makeSource`.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest';
 * sourceContract(
 *   async () => {
 *     const table = await emptyTable();
 *     return {
 *       source: mySource(table),
 *       write: ({ key, value, expiresAt }) => table.upsert(key, value, expiresAt),
 *       erase: (key) => table.delete(key),
 *       takeAway: () => table.stop(),
 *       bringBack: () => table.start(),
 *     };
 *   },
 *   { describe, it, without: ['changes', 'subscribe', 'revoke', 'spoil', 'begin', 'stall', 'inUse'] },
 * );
 * ```
 */
export function sourceContract(
  makeSource: () => Promise<SourceHarness>,
  options: SourceContractOptions,
): void {
  const without = new Set<string>(options.without);
  const suite: Suite = {
    describe: options.describe,
    test: (name, body) =>
      options.it(name, async () => {
        const tester = new Tester(await makeSource(), options);
        try {
          await body(tester);
        } finally {
          await tester.close();
        }
      }),
    has: (what) => !without.has(what),
    without,
    holds: (key) => options.holds?.(key) ?? true,
    values: options.values ?? ['text', '', 'ü 😀', "'", '"', '\\', 'x'.repeat(100_000)],
  };
  suite.describe('the source', () => {
    suite.test('has the methods that it is said to have, and no others', async ({ source }) => {
      const there = methods.filter((name) => source[name] !== undefined);
      assert.deepEqual(there, methods.filter(suite.has));
    });
  });
  reading(suite);
  passing(suite);
  changing(suite);
  touching(suite);
  outages(suite);
  listeningTo(suite);
}
