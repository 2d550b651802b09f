import { expect, test } from 'vitest';
import { OptionsError } from '../../src/errors.js';
import { milliseconds } from '../../src/runtime/duration.js';

test.each([
  [0, 0],
  [250, 250],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ['0s', 0],
  ['250ms', 250],
  ['5s', 5000],
  ['10m', 600_000],
  ['1.5h', 5_400_000],
  ['30d', 2_592_000_000],
  ['2w', 1_209_600_000],
  ['12.25s', 12_250],
] as const)('%s is %i ms', (duration, expected) => {
  expect(milliseconds(duration, 'timeout')).toBe(expected);
});

test.each([
  [-1, '-1'],
  [1.5, '1.5'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  [2 ** 53, '9007199254740992'],
  ['5', "'5'"],
  ['-5s', "'-5s'"],
  ['5 s', "'5 s'"],
  ['5y', "'5y'"],
  ['5sec', "'5sec'"],
  ['.5s', "'.5s'"],
  ['5.s', "'5.s'"],
  ['x5s', "'x5s'"],
  ['1.5ms', "'1.5ms'"],
  ['', "''"],
  [undefined, 'undefined'],
  [null, 'null'],
  [{}, '[object Object]'],
  [['5s'], '5s'],
  [true, 'true'],
] as const)('%s is none, and the error names the option and what was given', (duration, words) => {
  const check = (): number => milliseconds(duration as never, 'timeout');
  expect(check).toThrow(OptionsError);
  expect(check).toThrow(`Option "timeout" must be a duration`);
  expect(check).toThrow(`Given: ${words}.`);
  expect(check).toThrow(expect.objectContaining({ option: 'timeout', given: duration }));
});
