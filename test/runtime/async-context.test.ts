import { describe, expect, test, vi } from 'vitest';
import { asyncContext } from '../../src/runtime/async-context.js';

describe('an asynchronous context', () => {
  test.each([
    ['built-in modules cannot be asked for', undefined],
    ['it is not among them', () => undefined],
  ])(
    'where the platform has none nothing follows anything, and work runs all the same: %s',
    async (name, getBuiltinModule) => {
      vi.stubGlobal('process', Object.create(process, { getBuiltinModule: { value: getBuiltinModule } }));
      try {
        // A copy of the module, which looks at the platform when it is loaded.
        const copy = `../../src/runtime/async-context.js?${encodeURIComponent(name)}`;
        const { asyncContext } = (await import(copy)) as typeof import('../../src/runtime/async-context.js');
        const context = asyncContext<string>();
        expect(context.run('value', () => ['result', context.current()])).toEqual(['result', undefined]);
      } finally {
        vi.unstubAllGlobals();
      }
    },
  );

  test('a value follows the work begun under it', async () => {
    const context = asyncContext<string>();
    const other = asyncContext<string>();
    const seen: unknown[] = [];
    const result = context.run('value', () => {
      seen.push(context.current(), other.current());
      setTimeout(() => seen.push(context.current()));
      return 'result';
    });
    seen.push(context.current());
    await vi.waitFor(() => expect(seen).toHaveLength(4));
    expect(result).toBe('result');
    expect(seen).toEqual(['value', undefined, undefined, 'value']);
  });
});
