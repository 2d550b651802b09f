import { always, defineScenario, eventually, faults, simulatedSource, sometimes } from 'holdfast/testing';
import { expectTypeOf, test } from 'vitest';

interface Jobs {
  readonly done: string[];
}

test('the context of a setup reaches commands; checks written beside it take any, and one of another type is refused', () => {
  defineScenario('inferred', {
    setup: async (w) => ({ done: [String(w.now)] }),
    workload: (context) => {
      expectTypeOf(context).toEqualTypeOf<{ done: string[] }>();
      return [{ name: 'do', run: (_draw, c) => expectTypeOf(c).toEqualTypeOf<{ done: string[] }>() }];
    },
    faults: faults.any({ own: { forget: ({ done }) => done.pop() } }),
    checks: [
      always('few', ({ done }) => done.length < 9),
      eventually('one', '1m', ({ done }) => done.length > 0),
      sometimes('two', ({ done }) => done.length > 1),
    ],
  });
  defineScenario('another', {
    setup: () => ({ done: ['a'] }),
    // @ts-expect-error: no such property of the context.
    checks: [always('few', ({ undone }: { undone: string[] }) => undone.length < 9)],
  });
});

test('with the type of its context given, a scenario is checked throughout', () => {
  defineScenario<Jobs>('given', {
    setup: () => ({ done: [] }),
    faults: faults.any({ own: { forget: (context) => expectTypeOf(context).toEqualTypeOf<Jobs>() } }),
    checks: [
      always('few', (context) => expectTypeOf(context).toEqualTypeOf<Jobs>()),
      sometimes('two', (context) => expectTypeOf(context).toEqualTypeOf<Jobs>()),
      // @ts-expect-error: no such property of the context.
      eventually('one', '1m', ({ undone }) => undone.length > 0),
    ],
  });
});

test('a simulated source has every method, or those that it is said to have', () => {
  expectTypeOf(simulatedSource<number>().scan).toBeFunction();
  expectTypeOf(simulatedSource<number>({ has: ['scan'] }).save).toBeNullable();
});
