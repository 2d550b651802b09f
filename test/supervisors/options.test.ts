import { describe, expect, expectTypeOf, test } from 'vitest';
import { createMachine, fromCallback, fromTransition, setup } from 'xstate';
import { createRuntime } from '../../src/create-runtime.js';
import { OptionsError } from '../../src/errors.js';
import { runMain } from '../../src/run-main.js';
import type { ChildSpec } from '../../src/runtime/index.js';
import { checkChildSpecs, child, supervisor } from '../../supervisors/index.js';

const logic = fromCallback(() => {});
const a = { id: 'a', logic };
const messageOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(OptionsError);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
};

describe('a wrong option is an error at once that names it', () => {
  test.each<[string, object, RegExp]>([
    ['unknown', { children: [], maxRestart: 3 }, /"maxRestart".*not known.*maxRestarts/],
    ['no children', {}, /"children"/],
    ['children no array', { children: a }, /"children".*array/],
    ['maxRestarts negative', { children: [], maxRestarts: -1 }, /"maxRestarts".*0 or more.*-1/],
    ['maxRestarts fractional', { children: [], maxRestarts: 1.5 }, /"maxRestarts".*1\.5/],
    [
      'maxRestarts infinite',
      { children: [], maxRestarts: Number.POSITIVE_INFINITY },
      /"maxRestarts".*Infinity/,
    ],
    ['within misspelt', { children: [], within: '5 minuets' }, /"within".*'5 minuets'/],
    ['within 0', { children: [], within: 0 }, /"within".*longer than 0/],
    ['within NaN', { children: [], within: Number.NaN }, /"within".*NaN/],
    [
      'strategy misspelt',
      { children: [], strategy: 'one_for_one' },
      /"strategy".*'one-for-one'.*one_for_one/,
    ],
    [
      'autoShutdown misspelt',
      { children: [], autoShutdown: 'any_significant' },
      /"autoShutdown".*'any-significant'.*any_significant/,
    ],
    ['unknown in a child', { children: [{ ...a, restrat: 1 }] }, /"children\[0\]\.restrat".*not known/],
    ['no id', { children: [{ logic }] }, /"children\[0\]\.id"/],
    ['an empty id', { children: [{ ...a, id: '' }] }, /"children\[0\]\.id".*not be empty/],
    ['no logic', { children: [a, { id: 'b' }] }, /"children\[1\]\.logic"/],
    [
      'logic that is none',
      { children: [{ id: 'a', logic: () => {} }] },
      /"children\[0\]\.logic".*XState actor logic/,
    ],
    ['restart', { children: [{ ...a, restart: 'always' }] }, /"children\[0\]\.restart".*'permanent'.*always/],
    ['shutdown', { children: [{ ...a, shutdown: 'never' }] }, /"children\[0\]\.shutdown".*'never'/],
    ['startTimeout', { children: [{ ...a, startTimeout: -5 }] }, /"children\[0\]\.startTimeout".*-5/],
    ['ready', { children: [{ ...a, ready: true }] }, /"children\[0\]\.ready".*function/],
    [
      'significant',
      { children: [{ ...a, significant: true }] },
      /"children\[0\]\.significant".*"autoShutdown" is 'never'/,
    ],
    ['trapExit', { children: [{ ...a, trapExit: 1 }] }, /"children\[0\]\.trapExit".*true or false/],
    ['mailbox', { children: [{ ...a, mailbox: 5 }] }, /"children\[0\]\.mailbox".*must be an object/],
    [
      'mailbox.bound',
      { children: [{ ...a, mailbox: { bound: 0 } }] },
      /"children\[0\]\.mailbox\.bound".*1 or more.*0/,
    ],
    [
      'mailbox.overflow',
      { children: [{ ...a, mailbox: { overflow: 'block' } }] },
      /"children\[0\]\.mailbox\.overflow".*'drop-oldest'.*block/,
    ],
    [
      'unknown in mailbox',
      { children: [{ ...a, mailbox: { size: 1 } }] },
      /"children\[0\]\.mailbox\.size".*not known/,
    ],
    ['an id twice', { children: [a, { ...a, id: 'b' }, a] }, /children\[2\]\.id.*unique.*children\[0\]/],
    ['a child that is none', { children: [null] }, /"children\[0\]"/],
  ])('%s', (_, options, message) => {
    expect(messageOf(() => supervisor(options as never))).toMatch(message);
  });

  test('of child, of checkChildSpecs, of createRuntime, of runMain', async () => {
    expect(messageOf(() => child({ ...a, shutdwon: 1 } as never))).toMatch(/child 'a'\.shutdwon/);
    expect(messageOf(() => checkChildSpecs([a, a] as never))).toMatch(/unique/);
    expect(messageOf(() => createRuntime({ children: [] }, { loger: 1 } as never))).toMatch(
      /"loger".*not known/,
    );
    expect(messageOf(() => createRuntime({ children: [] }, { logger: {} as never }))).toMatch(
      /"logger".*debug/,
    );
    expect(messageOf(() => createRuntime({ childen: [] } as never))).toMatch(/"childen"/);
    const runtime = createRuntime({ children: [] });
    await expect(runMain(runtime, { timeout: 'soon' as never })).rejects.toThrow(/"timeout"/);
    await expect(runMain(runtime, { onStoping: () => {} } as never)).rejects.toThrow(
      /"onStoping".*not known/,
    );
  });
});

test('the values that are supported may be written out', () => {
  supervisor({
    strategy: 'one-for-one',
    autoShutdown: 'never',
    maxRestarts: 0,
    within: '1.5h',
    children: [
      { ...a, significant: false, trapExit: false, shutdown: 'brutal', restart: 'permanent' },
      { id: 'b', logic, shutdown: 'infinity' },
      { id: 'c', logic, shutdown: 0, startTimeout: '30d' },
    ],
  });
});

test('child infers from its logic what input, ready and startInfo are', () => {
  const machine = setup({
    types: {} as { context: { n: number }; input: { from: number } },
  }).createMachine({ context: ({ input }) => ({ n: input.from }) });
  child({ id: 'a', logic: machine, input: { from: 1 } });
  child({ id: 'a', logic: machine, input: () => ({ from: 1 }) });
  // @ts-expect-error the machine wants a number
  child({ id: 'a', logic: machine, input: { from: 'one' } });
  child({
    id: 'a',
    logic: machine,
    ready(snapshot) {
      expectTypeOf(snapshot.context.n).toEqualTypeOf<number>();
      return true;
    },
  });
  child({
    id: 'b',
    logic: fromTransition((n: number) => n, 0),
    startInfo: (snapshot) => expectTypeOf(snapshot.context).toEqualTypeOf<number>(),
  });
  expectTypeOf(child({ id: 'a', logic: createMachine({}) })).toEqualTypeOf<ChildSpec>();
});
