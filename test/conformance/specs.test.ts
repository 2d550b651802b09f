/** A and B: flags and child specs. */
import { describe, expect, it } from 'vitest';
import { fromCallback } from 'xstate';
import { OptionsError } from '../../src/errors.js';
import type { ChildSpec } from '../../src/runtime/index.js';
import {
  type AutoShutdown,
  checkChildSpecs,
  dynamicSupervisor,
  startChild,
  supervisor,
} from '../../supervisors/index.js';
import { dynamicStage, stage } from './build.js';

const logic = fromCallback(() => {});
const x = { id: 'x', logic };

/** The option at fault, and what was given. */
function fault(act: () => unknown): readonly [string | undefined, unknown] {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    const { option, given } = error as OptionsError;
    return [option, given];
  }
  throw new Error('nothing was thrown');
}

const flags = (options: object) => fault(() => supervisor({ children: [], ...options } as never));
const spec = (given: object, autoShutdown?: AutoShutdown) =>
  fault(() => checkChildSpecs([given] as never, autoShutdown));

describe('A: flags', () => {
  it('A1: the defaults, as a supervisor of Elixir has them', async () => {
    const t = await stage({ children: [{ ...x, name: 'x' }] });
    for (let n = 0; n < 3; n++) await t.ends('x');
    expect(t.end).toBeUndefined();
    await t.settle(5001);
    for (let n = 0; n < 3; n++) await t.ends('x');
    expect(t.end).toBeUndefined();
    await t.ends('x');
    expect(t.end).toBe('shutdown:GaveUpError');
  });

  it.each([
    ['strategy', 'none_for_one'],
    ['maxRestarts', -1],
    ['maxRestarts', 1.5],
    ['maxRestarts', 'infinity'],
    ['maxRestarts', Number.POSITIVE_INFINITY],
    ['within', 0],
    ['within', -1],
    ['within', 'infinity'],
    ['autoShutdown', 'sometimes'],
  ] as const)('A2, case 28: %s: %s', (option, given) => {
    expect(flags({ [option]: given })).toEqual([option, given]);
  });

  it('A2: checked in this order, the first that is wrong is told; flags before children', () => {
    const wrong = { strategy: 'x', maxRestarts: -1, within: 0, autoShutdown: 'x', children: [{}] };
    const { strategy, ...less } = wrong;
    const { maxRestarts, ...lesser } = less;
    const { within, ...least } = lesser;
    const { autoShutdown, ...none } = least;
    expect([wrong, less, lesser, least, none].map((options) => flags(options)[0])).toEqual([
      'strategy',
      'maxRestarts',
      'within',
      'autoShutdown',
      'children[0].id',
    ]);
    expect([strategy, maxRestarts, within, autoShutdown]).toEqual(['x', -1, 0, 'x']);
  });

  it('A2, A6: of a dynamic supervisor', () => {
    const dynamic = (options: object) => fault(() => dynamicSupervisor(options as never));
    expect(dynamic({})).toEqual(['child', undefined]);
    expect(dynamic({ child: x })).toEqual(['child', x]);
    const child = () => x;
    expect(dynamic({ child, maxRestarts: -1 })).toEqual(['maxRestarts', -1]);
    expect(dynamic({ child, maxChildren: -1 })).toEqual(['maxChildren', -1]);
    expect(dynamic({ child, strategy: 'one-for-all' })[0]).toBe('strategy');
    expect(dynamic({ child, children: [] })[0]).toBe('children');
  });
});

describe('B: child specs', () => {
  it.each<[object, string, unknown]>([
    [{}, 'specs[0].id', undefined],
    [{ id: 'x' }, 'specs[0].logic', undefined],
    [{ ...x, logic: 'no' }, 'specs[0].logic', 'no'],
    [{ ...x, restart: 'prmanent' }, 'specs[0].restart', 'prmanent'],
    [{ ...x, significant: 'maybe' }, 'specs[0].significant', 'maybe'],
    [{ ...x, shutdown: -10 }, 'specs[0].shutdown', -10],
    [{ ...x, shutdown: 'never' }, 'specs[0].shutdown', 'never'],
    [{ ...x, type: 'wrker' }, 'specs[0].type', expect.anything()],
  ])('B2, cases 15, 26, 27: %o', (given, option, at) => {
    expect(spec(given)).toEqual([option, at]);
  });

  it('B2: no spec at all', () => {
    expect(spec('hej' as never)[0]).toBe('specs[0]');
    expect(fault(() => checkChildSpecs(x as never))).toEqual(['specs', x]);
  });

  it('B2: checked in this order: restart, significant, shutdown', () => {
    const wrong = { ...x, restart: 'x', significant: 'x', shutdown: -1 };
    expect(spec(wrong)[0]).toBe('specs[0].restart');
    expect(spec({ ...wrong, restart: 'transient' })[0]).toBe('specs[0].significant');
    expect(spec({ ...wrong, restart: 'permanent', significant: true }, 'any-significant')[0]).toBe(
      'specs[0].significant',
    );
    expect(spec({ ...wrong, restart: 'transient', significant: true }, 'any-significant')[0]).toBe(
      'specs[0].shutdown',
    );
  });

  const product = (['never', 'any-significant', 'all-significant'] as const).flatMap((autoShutdown) =>
    ([undefined, 'permanent', 'transient', 'temporary'] as const).flatMap((restart) =>
      [true, false].map((significant) => ({ autoShutdown, restart, significant })),
    ),
  );
  it.each(product)(
    'B3, case 27: $autoShutdown, $restart, significant: $significant',
    ({ autoShutdown, restart, significant }) => {
      const given = { ...x, significant, ...(restart && { restart }) } as ChildSpec;
      const act = () => checkChildSpecs([given], autoShutdown);
      if (!significant) return act();
      if (autoShutdown === 'never') {
        expect(fault(act)[1]).toEqual({ autoShutdown: 'never', significant: true });
      } else if (restart === undefined || restart === 'permanent') {
        expect(fault(act)[1]).toEqual({ restart: 'permanent', significant: true });
      } else {
        act();
      }
    },
  );

  it('B3: of a supervisor, and of a child that is started later', async () => {
    expect(
      fault(() => supervisor({ children: [{ ...x, significant: true, restart: 'transient' }] }))[0],
    ).toBe('children[0].significant');
    const t = await stage({ children: [] });
    await expect(startChild(t.root, { ...x, significant: true, restart: 'transient' })).rejects.toMatchObject(
      {
        code: 'HOLDFAST_OPTIONS',
        option: 'spec.significant',
      },
    );
    const d = await dynamicStage({}, { significant: true, restart: 'temporary' });
    await expect(startChild(d.root)).rejects.toMatchObject({ option: 'spec.significant' });
  });

  it('B4: an id twice; the list is walked: what is wrong after it is not reached', () => {
    expect(fault(() => checkChildSpecs([x, x]))).toEqual(['specs[1].id', 'x']);
    expect(fault(() => checkChildSpecs([x, x, {}] as never))[0]).toBe('specs[1].id');
    expect(fault(() => checkChildSpecs([x, {}, x] as never))[0]).toBe('specs[1].id');
  });

  it('B5: checkChildSpecs; without autoShutdown what depends on it is not checked', () => {
    checkChildSpecs([]);
    checkChildSpecs([x, { ...x, id: 'y', significant: true, restart: 'transient' }]);
    expect(fault(() => checkChildSpecs([{ ...x, significant: true }]))[1]).toEqual({
      restart: 'permanent',
      significant: true,
    });
    expect(fault(() => checkChildSpecs([], 'sometimes' as never))).toEqual(['autoShutdown', 'sometimes']);
  });
});
