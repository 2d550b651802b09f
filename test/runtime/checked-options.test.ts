import * as v from 'valibot';
import { expect, test } from 'vitest';
import { OptionsError } from '../../src/errors.js';
import { checkedOptions } from '../../src/runtime/checked-options.js';

const schema = v.strictObject({
  size: v.number('must be a number'),
  name: v.optional(v.string('must be a text'), 'nameless'),
  gone: v.optional(v.never('is no option any more')),
  inner: v.optional(v.strictObject({ deep: v.boolean('must be true or false') })),
});

const checked = (options: unknown, at?: string) =>
  checkedOptions(schema, options, { of: 'makeBox', ...(at !== undefined && { at }) });

function errorOf(options: unknown, at?: string): OptionsError {
  try {
    checked(options, at);
  } catch (error) {
    if (error instanceof OptionsError) return error;
  }
  throw new Error('an OptionsError was to be thrown');
}

test('options that will do are returned with their defaults', () => {
  expect(checked({ size: 1 })).toEqual({ size: 1, name: 'nameless' });
});

test.each<[string, unknown, string | undefined, string, string, unknown]>([
  [
    'one that is not known',
    { size: 1, colour: 'red' },
    undefined,
    'Option "colour" of makeBox is not known. Known are: size, name, gone, inner.',
    'colour',
    'red',
  ],
  [
    'what is not known before what is missing: it is most often the misspelling of that',
    { siez: 1 },
    undefined,
    'Option "siez" of makeBox is not known. Known are: size, name, gone, inner.',
    'siez',
    1,
  ],
  ['one that is missing', {}, undefined, 'Option "size" of makeBox is missing.', 'size', undefined],
  [
    'a wrong one, with what was given',
    { size: 'big' },
    undefined,
    'Option "size" of makeBox must be a number. Given: "big".',
    'size',
    'big',
  ],
  [
    'one that was given as undefined as a wrong one',
    { size: undefined },
    undefined,
    'Option "size" of makeBox must be a number. Given: undefined.',
    'size',
    undefined,
  ],
  [
    'the first of several',
    { size: 'big', name: 5 },
    undefined,
    'Option "size" of makeBox must be a number. Given: "big".',
    'size',
    'big',
  ],
  [
    'one within another by its path',
    { size: 1, inner: { deep: 1 } },
    undefined,
    'Option "inner.deep" of makeBox must be true or false. Given: 1.',
    'inner.deep',
    1,
  ],
  [
    'one that is no object where one should be',
    { size: 1, inner: 5 },
    undefined,
    'Option "inner" of makeBox must be an object. Given: 5.',
    'inner',
    5,
  ],
  [
    'one that is known but never taken',
    { size: 1, gone: 1 },
    undefined,
    'Option "gone" of makeBox is no option any more. Given: 1.',
    'gone',
    1,
  ],
  [
    'where the options stand',
    { size: 'big' },
    'boxes[0]',
    'Option "boxes[0].size" of makeBox must be a number. Given: "big".',
    'boxes[0].size',
    'big',
  ],
  [
    'the whole by where it stands',
    5,
    'boxes[0]',
    'Option "boxes[0]" of makeBox must be an object. Given: 5.',
    'boxes[0]',
    5,
  ],
  [
    'the outermost whole as the options',
    undefined,
    undefined,
    'Option "options" of makeBox must be an object. Given: undefined.',
    '',
    undefined,
  ],
])('the error names %s', (_, options, at, message, option, given) => {
  const error = errorOf(options, at);
  expect(error.message).toBe(message);
  expect(error).toMatchObject({ option, given });
});
