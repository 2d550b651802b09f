import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import {
  cacheSchema,
  checkOptions,
  entrySchema,
  readSchema,
  transactionSchema,
} from '../../actors/cache/options-schema.js';

const schemas = { entrySchema, readSchema, transactionSchema, cacheSchema };
const names = [
  ...new Set(Object.values(schemas).flatMap(({ entries }) => Object.keys(entries))),
  'constructor',
  '__proto__',
  'toString',
  'unknown',
];
const value = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    true,
    'fresh',
    'stale',
    'load',
    '5s',
    '1.5h',
    '5 s',
    '-1s',
    'until-expiry',
    '',
  ),
  fc.constantFrom(0, 1, 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e20),
  fc.constantFrom<unknown>([], ['a'], [1], {}, new AbortController().signal, () => true),
);
/** Nothing of its own, and what a getter says. */
class Getters {
  get accept(): unknown {
    return 'bogus';
  }
  get expiresAt(): unknown {
    return Number.NaN;
  }
}
const options = fc.oneof(
  fc.dictionary(fc.constantFrom(...names), value, { noNullPrototype: false }),
  fc.constantFrom<unknown>(null, undefined, 5, 'text', [], [1], new Getters()),
  fc
    .constantFrom(...names)
    .chain((name) => value.map((given) => Object.defineProperty({}, name, { value: given }))),
  fc.constantFrom(...names).chain((name) => value.map((given) => Object.create({ [name]: given }))),
);

describe('what is said is right', () => {
  it('where all rules say so, and wrong where one does not, however it is looked at', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(schemas)), options, (schema, given) => {
        const check = () => checkOptions(schema, given);
        if (v.safeParse(schema, given).success) check();
        else expect(check).toThrow(/^Option/);
      }),
      { numRuns: 5000 },
    );
  });
});
