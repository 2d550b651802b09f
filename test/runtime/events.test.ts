import { expect, test, vi } from 'vitest';
import { createMachine, fromCallback, log } from 'xstate';
import { StateError } from '../../src/errors.js';
import { exit, incarnationOf, loggerOf, signalOf, whenStarted } from '../../src/runtime/index.js';
import { child, countChildren, supervisor, whichChildren } from '../../supervisors/index.js';
import { obedient, prepare, running } from './running.js';

test('each event of a life is published with who, which incarnation and when, and logged in one line', async () => {
  const t = await running({ children: [child({ id: 'a', name: 'the a', logic: obedient })] });
  const error = new Error('x');
  exit(t.who('the a'), { type: 'error', error });
  await vi.waitFor(() => expect(t.told('actor.restarted')).toHaveLength(1));
  await t.runtime.stop();
  expect(t.told().filter((line) => line.includes('root/a'))).toEqual([
    'actor.started root/a#1',
    'actor.ready root/a#1',
    'actor.crashed root/a#1',
    'actor.started root/a#2',
    'actor.ready root/a#2',
    'actor.restarted root/a#2',
    'actor.stopped root/a#2',
  ]);
  expect(t.lines).toHaveLength(t.events.length);
  t.events.forEach((event, n) => {
    const { type, reason, error, ...fields } = { reason: undefined, error: undefined, ...event };
    expect(t.lines[n]?.fields).toEqual({ ...fields, event: type, reason: reason?.type, err: error });
  });
  expect(t.events.find(({ type }) => type === 'actor.crashed')).toEqual({
    type: 'actor.crashed',
    path: 'root/a',
    id: 'a',
    name: 'the a',
    incarnation: 1,
    at: expect.any(Number),
    reason: { type: 'error', error },
    error,
    starting: false,
  });
  const levels = t.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields.event);
  expect(levels).toEqual(['actor.crashed', 'supervisor.report']);
});

test('an actor asks who it is by its own reference, also what it invoked', async () => {
  const seen: unknown[] = [];
  const look = ({ self }: { self: Parameters<typeof incarnationOf>[0] }): void => {
    seen.push(incarnationOf(self), signalOf(self).aborted);
    loggerOf(self).info({ extra: 1 }, 'hello');
  };
  const logic = createMachine({
    context: ({ self }) => {
      look({ self });
      return {};
    },
    entry: look,
    invoke: { src: fromCallback(look as never) },
  });
  const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
  expect(seen).toEqual([1, false, 1, false, 1, false]);
  expect(t.lines.filter(({ message }) => message === 'hello').map(({ fields }) => fields)).toEqual(
    Array(3).fill({ path: 'root/a', incarnation: 1, extra: 1 }),
  );
  exit(t.who('a'), { type: 'killed' });
  await vi.waitFor(() => expect(seen.slice(6)).toEqual([2, false, 2, false, 2, false]));
});

test('who is under no supervisor gets an error that says so', async () => {
  const { createActor } = await import('xstate');
  const plain = createActor(obedient).start();
  for (const ask of [signalOf, incarnationOf, loggerOf, whenStarted]) {
    expect(() => ask(plain)).toThrow(StateError);
  }
});

test('the signal of an incarnation that has ended has fired already', async () => {
  const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
  const first = t.who('a');
  exit(first, { type: 'killed' });
  expect(signalOf(first).aborted).toBe(true);
});

test("XState's log action goes to the runtime's logger", async () => {
  const t = await running({ children: [child({ id: 'a', logic: createMachine({ entry: log('hello') }) })] });
  expect(t.lines.find(({ message }) => message === 'hello')).toMatchObject({ level: 'info' });
});

test('whenStarted: after the whole tree has been started, and at once for whoever comes later', async () => {
  const order: string[] = [];
  const logic = createMachine({ entry: ({ self }) => void whenStarted(self).then(() => order.push('seen')) });
  const t = prepare({
    children: [
      child({ id: 'a', name: 'a', logic }),
      child({ id: 'b', name: 'b', logic: obedient, input: { waits: true } }),
    ],
  });
  const started = t.runtime.start();
  await vi.waitFor(() => t.who('b'));
  expect(order).toEqual([]);
  t.runtime.send('b', { type: 'ready' });
  await started;
  await Promise.resolve();
  expect(order).toEqual(['seen']);
  exit(t.who('a'), { type: 'killed' });
  await vi.waitFor(() => expect(order).toEqual(['seen', 'seen']));
});

test('the tree is plain data, from before the start to after the stop', async () => {
  const inner = supervisor({ children: [child({ id: 'x', name: 'x', logic: obedient })] });
  const t = prepare({
    children: [child({ id: 'a', name: 'a', logic: obedient }), child({ id: 'inner', logic: inner })],
  });
  expect(t.runtime.tree()).toMatchObject({ id: 'root', status: 'stopped', incarnation: 0 });
  await t.runtime.start();
  expect(JSON.parse(JSON.stringify(t.runtime.tree()))).toEqual({
    id: 'root',
    type: 'supervisor',
    status: 'running',
    state: 'running',
    incarnation: 1,
    restarts: 0,
    children: [
      { id: 'a', name: 'a', type: 'worker', status: 'running', state: 'on', incarnation: 1, restarts: 0 },
      {
        id: 'inner',
        type: 'supervisor',
        status: 'running',
        state: 'running',
        incarnation: 1,
        restarts: 0,
        children: [
          { id: 'x', name: 'x', type: 'worker', status: 'running', state: 'on', incarnation: 1, restarts: 0 },
        ],
      },
    ],
  });
  await t.runtime.stop();
  expect(t.runtime.tree()).toMatchObject({
    status: 'stopped',
    children: [{ status: 'stopped', state: undefined }, {}],
  });
});

test('the children of a supervisor, in start order and in numbers', async () => {
  const inner = supervisor({ children: [] });
  const t = await running({
    children: [
      child({ id: 'a', name: 'a', logic: obedient }),
      child({ id: 'inner', logic: inner }),
      child({ id: 'b', name: 'b', logic: obedient, restart: 'transient' }),
    ],
  });
  t.runtime.send('b', { type: 'finish' });
  await vi.waitFor(() => expect(t.runtime.whereis('b')).toBeUndefined());
  expect(await whichChildren(t.runtime.root)).toEqual([
    { id: 'a', ref: t.who('a'), type: 'worker', status: 'running' },
    { id: 'inner', ref: expect.anything(), type: 'supervisor', status: 'running' },
    { id: 'b', ref: undefined, type: 'worker', status: 'stopped' },
  ]);
  expect(await countChildren(t.runtime.root)).toEqual({ specs: 3, active: 2, supervisors: 1, workers: 2 });
  await expect(whichChildren(t.who('a') as never)).rejects.toBeInstanceOf(StateError);
});

test('`await using` stops the tree', async () => {
  const t = await running({ children: [child({ id: 'a', logic: obedient })] });
  {
    await using runtime = t.runtime;
    expect(runtime.tree().status).toBe('running');
  }
  expect(t.runtime.tree().status).toBe('stopped');
});
