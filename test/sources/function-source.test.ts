import { describe, expect, it } from 'vitest';
import { functionSource } from '../../src/sources/index.js';

const context = { signal: new AbortController().signal };

describe('functionSource', () => {
  it('hands key and context over, and makes a row of the value', async () => {
    const asked: unknown[] = [];
    const source = functionSource(async (key, given) => {
      asked.push([key, given]);
      return key.length;
    });
    expect(await source.load('abc', context)).toEqual({ key: 'abc', value: 3 });
    expect(asked).toEqual([['abc', context]]);
  });

  it.each([null, false, 0, '', Number.NaN])('takes %s for a value', async (value) => {
    expect(await functionSource(async () => value).load('k', context)).toEqual({ key: 'k', value });
  });

  it('takes undefined for "no such row", and nothing else', async () => {
    expect(await functionSource(async () => undefined).load('k', context)).toBeUndefined();
  });

  it('rejects with what the function threw, unchanged, also when it threw at once', async () => {
    const thrown = { any: 'thing' };
    const source = functionSource((): Promise<string> => {
      throw thrown;
    });
    await expect(source.load('k', context)).rejects.toBe(thrown);
  });

  it('offers nothing else', () => {
    expect(Object.keys(functionSource(async () => 1))).toEqual(['load']);
  });
});
