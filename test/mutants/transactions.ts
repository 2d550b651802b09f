import { edit, mutantsOf } from './mutant.js';

const transactions = 'actors/cache/transactions.ts';
const thrown = 'a transaction that throws';
const nested = 'a transaction inside a transaction, on another cache';

const sequences = mutantsOf({ test: 'test/properties/transactions.test.ts' })(
  [
    'a transaction that throws keeps its keys locked',
    thrown,
    edit(
      'actors/cache/scope.ts',
      'for (const lock of this.locks) lock.release(this, how);',
      "if (how === 'done') for (const lock of this.locks) lock.release(this, how);",
    ),
  ],
  [
    'a transaction that throws is applied as far as it came',
    thrown,
    edit(
      'actors/cache/scope.ts',
      'for (const work of this.works) work.drop();',
      'for (const work of this.works) work.commit()();',
    ),
  ],
  [
    'transactions that wait for each other wait for their deadline',
    nested,
    edit(
      'actors/cache/deadlock.ts',
      'if (awaited.encloses(scope)) return true;',
      'if (awaited.encloses(scope)) return false;',
    ),
  ],
);

const alone = mutantsOf({ test: 'test/cache/transaction.test.ts' })(
  [
    'one lock for all keys',
    'two transactions on disjoint keys',
    edit(
      transactions,
      'for (const key of keys) {\n        const turn',
      "for (const key of ['', ...keys]) {\n        const turn",
    ),
  ],
  [
    'a transaction inside another one takes no lock',
    nested,
    edit(
      transactions,
      'for (const key of keys) {\n        const turn',
      'for (const key of scope.parent === undefined ? keys : []) {\n        const turn',
    ),
    edit(
      transactions,
      'if (this.#locks.holder(key) !== scope) {',
      'if (scope.parent === undefined && this.#locks.holder(key) !== scope) {',
    ),
  ],
);

const values = mutantsOf({ test: 'test/properties/values.test.ts' })([
  'a count goes on after its time to live',
  '`incr` on an expired counter',
  edit(
    'actors/cache/values.ts',
    'if (held === undefined || ageNow() - held.entry.confirmedAt >= held.entry.ttl) {',
    'if (held === undefined) {',
  ),
]);

/** What no scenario does: they are found by tests in the world, of which some draw sequences. */
export const atomic = [...sequences, ...alone, ...values];
