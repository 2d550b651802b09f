import { describe, expect, test } from 'vitest';
import { fromCallback } from 'xstate';
import { OptionsError } from '../../src/errors.js';
import { dynamicSupervisor, supervisor } from '../../supervisors/index.js';
import { resolveDynamicOptions, resolveOptions } from '../../supervisors/options.js';
import { resolveSpec, writtenOut } from '../../supervisors/spec.js';
import { SpecMold } from '../../supervisors/spec-mold.js';

const logic = fromCallback(() => {});
const resolve = (more: object) => resolveSpec({ id: 'a', logic, ...more }, 'spec');
/** What is wrong with it, as the option's name. */
function fault(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error instanceof OptionsError ? error.option : error;
  }
  return undefined;
}

describe('what is given for a part of a spec', () => {
  test.each([
    null,
    undefined,
    'logic',
    () => {},
    Object.assign(() => {}, { transition() {}, getInitialSnapshot() {} }),
    {},
    { transition() {} },
    { getInitialSnapshot() {} },
    { transition: 1, getInitialSnapshot() {} },
  ])('logic %o is none', (given) => {
    expect(fault(() => resolve({ logic: given }))).toBe('spec.logic');
  });

  test.each([0, -1, 1.5, Number.NaN, -Infinity, '5', 1n, null])('no bound of a mailbox: %o', (bound) => {
    expect(fault(() => resolve({ mailbox: { bound } }))).toBe('spec.mailbox.bound');
  });

  test.each([1, 2, Infinity])('a bound of a mailbox: %o', (bound) => {
    expect(resolve({ mailbox: { bound } }).mailbox).toMatchObject({ bound });
  });

  test.each([-1, 0.5, Number.NaN, -Infinity, '5', 1n, null])('no maxChildren: %o', (maxChildren) => {
    expect(fault(() => resolveDynamicOptions({ child: () => ({ logic }), maxChildren } as never))).toBe(
      'maxChildren',
    );
  });

  test.each([0, 1, Infinity])('maxChildren: %o', (maxChildren) => {
    expect(resolveDynamicOptions({ child: () => ({ logic }), maxChildren }).dynamic).toMatchObject({
      maxChildren,
    });
  });

  test('a window as short as it can be, and what a window of none is called', () => {
    expect(resolveOptions({ children: [], within: 1 }).intensity.within).toBe(1);
    expect(() => resolveOptions({ children: [], within: 0 })).toThrow(
      expect.objectContaining({ option: 'within', given: 0 }),
    );
  });

  test('a dynamic supervisor has no children to begin with, and restarts each alone', () => {
    expect(resolveDynamicOptions({ child: () => ({ logic }) })).toMatchObject({
      strategy: 'one-for-one',
      specs: [],
      autoShutdown: 'never',
      intensity: { maxRestarts: 3, within: 5000 },
      dynamic: { maxChildren: Infinity },
    });
  });
});

describe('what a spec comes to', () => {
  test('ready is what says true, and nothing else', () => {
    const { ready } = resolve({ ready: (snapshot: unknown) => snapshot });
    expect([ready(true as never), ready(1 as never), ready(undefined as never)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test('by default, whoever is not tagged as starting is ready', () => {
    const { ready } = resolve({});
    const tagged = (...tags: string[]) => ({ hasTag: (tag: string) => tags.includes(tag) }) as never;
    expect(ready(tagged('starting'))).toBe(false);
    expect(ready(tagged('other'))).toBe(true);
    expect(ready({} as never)).toBe(true);
    expect(ready({ hasTag: true } as never)).toBe(true);
  });

  test('hasTag is called on its snapshot', () => {
    const snapshot = {
      tags: new Set(['starting']),
      hasTag(tag: string) {
        return this.tags.has(tag);
      },
    };
    expect(resolve({}).ready(snapshot as never)).toBe(false);
  });

  test('workers have 5 s to stop and 30 s to start, supervisors as long as it takes', () => {
    const nested = { id: 'a', logic: supervisor({ children: [] }) };
    const dynamic = { id: 'a', logic: dynamicSupervisor({ child: () => ({ logic }) }) };
    expect(resolve({})).toMatchObject({ type: 'worker', shutdown: 5000, startTimeout: 30_000 });
    for (const spec of [nested, dynamic]) {
      expect(resolveSpec(spec, 'spec')).toMatchObject({
        type: 'supervisor',
        shutdown: 'infinity',
        startTimeout: 'infinity',
      });
      expect(resolveSpec({ ...spec, startTimeout: '1s', shutdown: 7 }, 'spec')).toMatchObject({
        startTimeout: 1000,
        shutdown: 7,
      });
    }
    expect(fault(() => resolveSpec({ ...nested, startTimeout: -1 }, 'spec'))).toBe('spec.startTimeout');
  });
});

describe('a spec written out', () => {
  const whole = {
    id: 'a',
    logic,
    input: 1,
    restart: 'transient',
    shutdown: 7,
    significant: false,
    name: 'n',
    startTimeout: 9,
    startInfo: () => 1,
    trapExit: true,
    mailbox: { bound: 5, overflow: 'reject' },
  } as const;

  test('has all that was given', () => {
    expect(writtenOut(resolve(whole))).toEqual(whole);
    expect(writtenOut(resolve({ ready: () => true }))).toHaveProperty('ready');
  });

  test('leaves out what was not', () => {
    const nested = supervisor({ children: [] });
    expect(Object.keys(writtenOut(resolve({ logic: nested })))).toEqual([
      'id',
      'logic',
      'restart',
      'shutdown',
      'significant',
      'trapExit',
    ]);
    expect(writtenOut(resolve({})).trapExit).toBe(false);
  });

  test('has no input of a temporary child: it is never started again', () => {
    expect(writtenOut(resolve({ input: 1, restart: 'temporary' }))).not.toHaveProperty('input');
  });
});

describe('a mold after a sound spec', () => {
  test.each([null, undefined, 'a', 1])('%o is still no spec', (given) => {
    const mold = new SpecMold('never');
    mold.resolve({ id: 'a', logic });
    expect(fault(() => mold.resolve(given as never))).toBe('spec');
  });

  test('what one child has of its own is not the next one’s', () => {
    const mold = new SpecMold('never');
    mold.resolve({ id: 'a', logic, input: 1, name: 'a', ready: () => false, startInfo: () => 1 });
    const next = mold.resolve({ id: 'b', logic });
    expect(next).toMatchObject({ id: 'b', input: undefined, name: undefined, startInfo: undefined });
    expect(next.ready({} as never)).toBe(true);
  });

  test('casts what differs only in what is its own, without a check: the parts are the same', () => {
    const common = {
      logic,
      restart: 'transient',
      significant: false,
      shutdown: 7,
      startTimeout: 9,
      trapExit: true,
      mailbox: { bound: 5 },
    } as const;
    const own = { input: 1, name: 'n', ready: () => true, startInfo: () => 1 };
    const mold = new SpecMold('never');
    const { mailbox } = mold.resolve({ id: 'a', ...common });
    for (const more of [{}, own, { name: undefined, ready: undefined, startInfo: undefined }]) {
      const spec = { ...common, ...more } as typeof common;
      expect(mold.resolve({ id: 'b', ...spec }).mailbox).toBe(mailbox);
      expect(mold.resolveAs('7', spec).mailbox).toBe(mailbox);
    }
    expect(mold.resolve({ id: 'c', ...common, mailbox: { bound: 5 } }).mailbox).not.toBe(mailbox);
  });

  test('casts from one that was given without an id, too', () => {
    const mold = new SpecMold('never');
    const given = { logic, mailbox: { bound: 5 } };
    const { mailbox } = mold.resolveAs('1', given);
    expect(mold.resolveAs('2', given).mailbox).toBe(mailbox);
    expect(mold.resolve({ id: 'a', ...given }).mailbox).toBe(mailbox);
  });
});

test('a wrong option says of what it is one', () => {
  expect(() => resolveOptions({ children: [], maxRestarts: -1 })).toThrow(/ of supervisor must/);
  expect(() => resolveOptions({ children: 5 } as never)).toThrow(/ of supervisor must/);
  const wrong = { child: () => ({ logic }), maxRestarts: -1 };
  expect(() => resolveDynamicOptions(wrong)).toThrow(/ of dynamicSupervisor must/);
  expect(() => resolveDynamicOptions({ child: 5 } as never)).toThrow(/ of dynamicSupervisor must/);
  expect(() => resolve({ trapExit: 1 })).toThrow(/ of a child spec must/);
});
