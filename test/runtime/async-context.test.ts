import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
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

  test('contexts within each other do not hide each other, and of one the innermost value holds', () => {
    const [one, other] = [asyncContext<number>(), asyncContext<number>()];
    const now = (): unknown[] => [one.current(), other.current()];
    const seen = one.run(1, () =>
      other.run(2, () => [now(), one.run(3, () => [now(), other.run(4, now), now()]), now()]),
    );
    expect(seen).toEqual([
      [1, 2],
      [
        [3, 2],
        [3, 4],
        [3, 2],
      ],
      [1, 2],
    ]);
    expect(now()).toEqual([undefined, undefined]);
  });

  test('any number of them costs a promise no more than one does, and leaves nothing with the process', async () => {
    const { createHook } = await import('node:async_hooks');
    const stored = (): number => {
      let symbols = 0;
      const hook = createHook({
        init: (_id, _type, _trigger, resource) => {
          symbols = Object.getOwnPropertySymbols(resource).length;
        },
      }).enable();
      void Promise.resolve().then(() => {});
      hook.disable();
      return symbols;
    };
    asyncContext<number>().run(0, () => {});
    const before = stored();
    for (let n = 0; n < 100; n++) asyncContext<number>().run(n, () => {});
    expect(stored()).toBe(before);
  });

  test('work that begins work under the same context for ever keeps nothing of what went before', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const [one, other] = [asyncContext<object>(), asyncContext<number>()];
    let first: WeakRef<object> | undefined;
    const kept = await new Promise((resolve) => {
      const nest = (left: number): void => {
        if (left === 0) {
          collect();
          resolve([first?.deref(), other.current()]);
          return;
        }
        const value = {};
        first ??= new WeakRef(value);
        other.run(left, () => one.run(value, () => setImmediate(nest, left - 1)));
      };
      nest(10);
    });
    expect(kept).toEqual([undefined, 1]);
  });
});
