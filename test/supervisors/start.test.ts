import { describe, expect, test, vi } from 'vitest';
import { createMachine, fromCallback, fromPromise, fromTransition } from 'xstate';
import { StartError, StartTimeoutError, StateError } from '../../src/errors.js';
import { exit, IGNORE, send } from '../../src/runtime/index.js';
import { child, countChildren, supervisor, whichChildren } from '../../supervisors/index.js';
import { obedient, prepare, running, traced } from '../runtime/running.js';

const failing = (error: unknown) =>
  fromCallback(() => {
    throw error;
  });
const waiting = (id: string, rest: object = {}) =>
  child({ id, name: id, logic: obedient, input: { waits: true }, ...rest });

describe('in order', () => {
  test('one after the other, each when the one before is ready', async () => {
    const t = prepare({ children: [waiting('a'), waiting('b')] });
    const started = t.runtime.start();
    await vi.waitFor(() => t.who('a'));
    expect(t.runtime.whereis('b')).toBeUndefined();
    t.runtime.send('a', { type: 'ready' });
    await vi.waitFor(() => t.who('b'));
    expect(t.runtime.tree().children?.map(({ status }) => status)).toEqual(['running', 'starting']);
    t.runtime.send('b', { type: 'ready' });
    await started;
    expect(t.told()).toEqual([
      'actor.started root#1',
      'actor.started root/a#1',
      'actor.ready root/a#1',
      'actor.started root/b#1',
      'actor.ready root/b#1',
      'actor.ready root#1',
    ]);
  });

  test('a function as input is called at every start', async () => {
    const inputs: unknown[] = [];
    let n = 0;
    const logic = fromCallback(({ input }) => void inputs.push(input));
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, input: () => ++n })] });
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(inputs).toEqual([1, 2]));
  });

  test('`ready` decides when given; other logic is ready when it has started', async () => {
    const logic = fromTransition((n: number) => n + 1, 0);
    const t = prepare({
      children: [
        child({ id: 'a', name: 'a', logic, ready: ({ context }) => context >= 2 }),
        child({ id: 'b', name: 'b', logic }),
      ],
    });
    const started = t.runtime.start();
    await vi.waitFor(() => t.who('a'));
    t.runtime.send('a', { type: 'x' });
    t.runtime.send('a', { type: 'x' });
    await started;
    expect(t.runtime.whereis('b')).toBeDefined();
  });

  test('while a start is awaited, no exit and no call is served', async () => {
    const t = await running({
      maxRestarts: 10,
      children: ['a', 'b'].map((id) =>
        child({ id, name: id, logic: obedient, input: () => ({ waits: id === 'a' && attempts++ > 0 }) }),
      ),
    });
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    exit(t.who('b'), { type: 'killed' });
    const asked = whichChildren(t.runtime.root);
    let answered = false;
    void asked.then(() => {
      answered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect([answered, t.runtime.whereis('b')]).toEqual([false, undefined]);
    t.runtime.send('a', { type: 'ready' });
    await asked;
    await vi.waitFor(() => expect(t.incarnation('b')).toBe(2));
  });
  let attempts = 0;
});

describe('a failed start', () => {
  test('stops who has started, in reverse order, and rejects with the child at fault', async () => {
    const trace: string[] = [];
    const t = prepare({
      children: [
        child({ id: 'a', logic: traced(trace, 'a') }),
        child({ id: 'b', logic: traced(trace, 'b') }),
        child({ id: 'c', logic: failing(new TypeError('no')) }),
        child({ id: 'd', logic: traced(trace, 'd') }),
      ],
    });
    const error = await t.runtime.start().catch((e: unknown) => e);
    expect(error).toBeInstanceOf(StartError);
    expect(error).toMatchObject({ childId: 'c', cause: { message: 'no' }, code: 'HOLDFAST_START' });
    expect(trace).toEqual(['+a', '+b', '-b', '-a']);
    expect(await t.runtime.exited).toEqual({ type: 'shutdown', detail: error });
  });

  test.each([
    ['its input throws', { logic: fromCallback(() => {}), input: () => oops() }],
    ['its context throws', { logic: createMachine({ context: () => oops() }) }],
    ['its entry action throws', { logic: createMachine({ entry: () => oops() }) }],
    [
      'what it invokes at once throws',
      { logic: createMachine({ invoke: { src: fromCallback(() => oops()) } }) },
    ],
    ['`ready` throws', { logic: fromCallback(() => {}), ready: () => oops() }],
    ['`startInfo` throws', { logic: fromCallback(() => {}), startInfo: () => oops() }],
  ])('when %s', async (_, spec) => {
    const t = prepare({ children: [child({ id: 'a', ...spec } as never)] });
    await expect(t.runtime.start()).rejects.toMatchObject({ childId: 'a', cause: { message: 'oops' } });
  });

  test('when it is done before it is ready', async () => {
    const logic = createMachine({ initial: 'off', states: { off: { type: 'final' } } });
    const t = prepare({ children: [child({ id: 'a', logic })] });
    await expect(t.runtime.start()).rejects.toMatchObject({ cause: expect.any(StateError) });
  });

  test('when it is not ready in time: killed, with what it started', async () => {
    const trace: string[] = [];
    const logic = createMachine({
      initial: 'waiting',
      states: { waiting: { tags: 'starting', invoke: { src: traced(trace, 'x') } } },
    });
    const t = prepare({ children: [child({ id: 'a', logic, startTimeout: 20 })] });
    await expect(t.runtime.start()).rejects.toMatchObject({ cause: expect.any(StartTimeoutError) });
    expect(trace).toEqual(['+x', '-x']);
  });

  test('when its name is taken', async () => {
    const t = prepare({
      children: ['a', 'b'].map((id) => child({ id, name: 'same', logic: obedient })),
    });
    await expect(t.runtime.start()).rejects.toMatchObject({
      childId: 'b',
      cause: { message: /root\/a already/ },
    });
  });

  test('of a nested supervisor names the way down', async () => {
    const inner = supervisor({ children: [child({ id: 'deep', logic: failing(new Error('no')) })] });
    const t = prepare({ children: [child({ id: 'inner', logic: inner })] });
    await expect(t.runtime.start()).rejects.toMatchObject({
      childId: 'inner',
      cause: { code: 'HOLDFAST_START', childId: 'deep', cause: { message: 'no' } },
    });
  });

  test('a child that is started again is awaited until ready, and a failure is tried again', async () => {
    let starts = 0;
    const logic = fromCallback(() => {
      starts++;
      if (starts === 2) throw new Error('once');
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(t.told('actor.restarted')).toEqual(['actor.restarted root/a#3']));
    expect(t.runtime.tree().children?.[0]).toMatchObject({ incarnation: 3, restarts: 1, status: 'running' });
  });
});

describe('ignored', () => {
  const ignoring = createMachine({
    initial: 'off',
    states: { off: { type: 'final' } },
    output: () => IGNORE,
  });

  test('no failure; its spec is kept, a temporary one is not', async () => {
    const t = await running({
      children: [
        child({ id: 'a', logic: ignoring }),
        child({ id: 'b', logic: ignoring, restart: 'temporary' }),
        child({ id: 'c', logic: obedient }),
      ],
    });
    const seen = await whichChildren(t.runtime.root);
    expect(seen.map(({ id, status }) => [id, status])).toEqual([
      ['a', 'stopped'],
      ['c', 'running'],
    ]);
    expect(await countChildren(t.runtime.root)).toMatchObject({ specs: 2, active: 1 });
  });

  test('a retry that is ignored ends the retries', async () => {
    let starts = 0;
    const logic = createMachine({
      context: ({ input }) => {
        if (input === 2) throw new Error('once');
        return { start: input };
      },
      initial: 'choosing',
      states: {
        choosing: {
          always: [{ guard: ({ context }) => context.start === 3, target: 'off' }, { target: 'on' }],
        },
        on: {},
        off: { type: 'final' },
      },
      output: () => IGNORE,
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, input: () => ++starts })] });
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(starts).toBe(3));
    await vi.waitFor(async () =>
      expect((await whichChildren(t.runtime.root)).map(({ status }) => status)).toEqual(['stopped']),
    );
  });
});

describe('an order to stop', () => {
  test('interrupts a start and kills the starting child', async () => {
    const trace: string[] = [];
    const t = prepare({
      children: [child({ id: 'a', logic: traced(trace, 'a') }), waiting('b'), waiting('c')],
    });
    const started = t.runtime.start();
    await vi.waitFor(() => t.who('b'));
    await Promise.all([t.runtime.stop(), expect(started).rejects.toBeInstanceOf(StartError)]);
    expect(trace).toEqual(['+a', '-a']);
    expect(t.told('actor.started')).not.toContain('actor.started root/c#1');
  });

  test('interrupts the start of a nested supervisor, which stops its own in order', async () => {
    const trace: string[] = [];
    const orderly = createMachine({
      initial: 'on',
      states: {
        on: { on: { 'holdfast.shutdown': 'off' } },
        off: { type: 'final', entry: () => trace.push('off') },
      },
    });
    const inner = supervisor({ children: [child({ id: 'first', logic: orderly }), waiting('second')] });
    const t = prepare({ children: [child({ id: 'inner', logic: inner })] });
    const started = t.runtime.start().catch(() => 'rejected');
    await vi.waitFor(() => t.who('second'));
    await t.runtime.stop();
    expect(await started).toBe('rejected');
    expect(trace).toEqual(['off']);
  });

  test('before the start: nothing starts', async () => {
    const t = prepare({ children: [child({ id: 'a', logic: obedient })] });
    await t.runtime.stop();
    await expect(t.runtime.start()).rejects.toBeInstanceOf(StateError);
    expect(await t.runtime.exited).toEqual({ type: 'shutdown' });
    expect(t.events).toEqual([]);
  });
});

test('start asked twice answers the same', async () => {
  const t = prepare({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
  expect(await t.runtime.start()).toBe(t.runtime);
  expect(await t.runtime.start()).toBe(t.runtime);
  expect(t.told('actor.started')).toHaveLength(2);
});

test('a promise that is done is a worker that has ended, not a failed start', async () => {
  const t = await running({
    children: [child({ id: 'a', logic: fromPromise(async () => 1), restart: 'temporary' })],
  });
  await vi.waitFor(async () => expect(await whichChildren(t.runtime.root)).toEqual([]));
  send(t.runtime.root, { type: 'anything' });
  expect(t.runtime.tree().status).toBe('running');
});

function oops(): never {
  throw new Error('oops');
}
