import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromCallback } from 'xstate';
import type { ChildSpec } from '../../src/runtime/index.js';
import { autoShutdowns } from '../../supervisors/auto-shutdown.js';
import { resolveSpec } from '../../supervisors/spec.js';
import { SpecMold } from '../../supervisors/spec-mold.js';

const [one, other] = [fromCallback(() => {}), fromCallback(() => {})];
const ready = () => true;
const startInfo = () => 1;

/** Options of which some are wrong, and some are given as undefined. */
const maybe = (...values: unknown[]) =>
  fc.option(fc.constantFrom(...values, undefined), { nil: 'left out', freq: 2 });
const specs = fc
  .record({
    id: maybe('a', 'b', '', 1),
    logic: fc.constantFrom(one, one, one, other, 'none'),
    input: maybe(1, 'x'),
    restart: maybe('permanent', 'transient', 'temporary', 'always'),
    significant: maybe(true, false, 'maybe'),
    shutdown: maybe(5, '1s', 'brutal', -1),
    name: maybe('n', '', 5),
    ready: maybe(ready, 'no'),
    startTimeout: maybe(10, 'soon'),
    startInfo: maybe(startInfo, 5),
    trapExit: maybe(true, 1),
    mailbox: maybe({ bound: 5 }, { bound: 0 }),
    unknown: fc.constantFrom(1, 'left out', 'left out', 'left out', 'left out'),
  })
  .map((spec) => Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== 'left out')));

/** What a spec comes to, or the message. Functions made on the way by whether they are the default. */
function outcome(resolve: () => object): unknown {
  try {
    const { ready, ...rest } = resolve() as { ready: { name: string } };
    return { ...rest, ready: ready.name };
  } catch (error) {
    return (error as Error).message;
  }
}

test('a mold gives, for spec after spec, what each would have come to alone', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...autoShutdowns),
      fc.array(specs, { maxLength: 12 }),
      (autoShutdown, given) => {
        const mold = new SpecMold(autoShutdown);
        // Each twice, so that the second may be cast.
        for (const spec of given.flatMap((each) => [each, { ...each }])) {
          const alone = outcome(() => resolveSpec(spec, 'spec', autoShutdown));
          expect(outcome(() => mold.resolve(spec as unknown as ChildSpec))).toEqual(alone);
          const { id: _, ...rest } = spec;
          expect(outcome(() => mold.resolveAs('7', rest))).toEqual(
            outcome(() => resolveSpec({ ...rest, id: '7' }, 'spec', autoShutdown)),
          );
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('what is sound but for one option is not cast from the last one', () => {
  const sound = { id: 'a', logic: one, restart: 'transient', significant: true, shutdown: 5 } as const;
  for (const wrong of [
    { restart: 'permanent' },
    { restart: 'always' },
    { shutdown: -1 },
    { significant: 1 },
    { x: 1 },
    { id: '' },
    { id: 5 },
    { logic: 'none' },
    { name: '' },
    { name: 5 },
    { ready: 'no' },
    { startInfo: 5 },
    { startTimeout: 'soon' },
    { trapExit: 1 },
    { mailbox: { bound: 0 } },
  ]) {
    const mold = new SpecMold('any-significant');
    mold.resolve(sound);
    expect(() => mold.resolve({ ...sound, ...wrong } as never)).toThrow(/"spec\./);
  }
  const mold = new SpecMold('never');
  mold.resolve({ id: 'a', logic: one, restart: 'transient' });
  expect(() => mold.resolve(sound)).toThrow(/autoShutdown/);
  expect(mold.resolve({ id: 'b', logic: one, restart: 'temporary' }).restart).toBe('temporary');
});
