import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { StartError } from '../../src/errors.js';
import { type ExitReason, exit, IGNORE } from '../../src/runtime/index.js';
import { describe as inWords } from '../../src/runtime/life-report.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { child, stop } from '../../supervisors/index.js';
import { obedient, prepare, type Running, running } from './running.js';

const messages = (t: Running, event: string): unknown[] =>
  t.lines.filter(({ fields }) => fields.event === event).map(({ level, message }) => `${level}: ${message}`);
const temporary = () =>
  running({ children: [child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' })] });

describe('what happens to an actor, in words', () => {
  test('from its start to its crash, and its next life', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    exit(t.who('a'), { type: 'error', error: new Error('It broke.') });
    await expect.poll(() => t.told('actor.restarted')).toHaveLength(1);
    expect(messages(t, 'actor.started')).toEqual([
      'debug: root started',
      'debug: root/a started',
      'debug: root/a started',
    ]);
    expect(messages(t, 'actor.ready')).toEqual([
      'info: root/a ready',
      'info: root ready',
      'info: root/a ready',
    ]);
    expect(messages(t, 'actor.crashed')).toEqual(['error: root/a crashed: Error: It broke']);
    expect(messages(t, 'actor.restarted')).toEqual(['info: root/a restarted (1)']);
    expect(t.events.find(({ type }) => type === 'actor.restarted')).toMatchObject({ name: 'a', restarts: 1 });
    const [started] = t.events;
    expect(started).toMatchObject({ path: 'root' });
    expect(started).not.toHaveProperty('name');
  });

  test('its failed start', async () => {
    const logic = createMachine({
      context: () => {
        throw new Error('no');
      },
    });
    const t = prepare({ children: [child({ id: 'a', logic })] });
    await expect(t.runtime.start()).rejects.toBeInstanceOf(StartError);
    expect(messages(t, 'actor.crashed')).toEqual(['error: root/a failed to start: Error: no']);
  });

  test.each<[ExitReason, string, string]>([
    [{ type: 'killed' }, 'actor.crashed', 'error: root/a crashed: killed'],
    [{ type: 'shutdown' }, 'actor.stopped', 'info: root/a stopped: shutdown'],
    [{ type: 'shutdown', detail: new Error('why') }, 'actor.stopped', 'info: root/a stopped: shutdown'],
  ])('its end: %o', async (reason, event, message) => {
    const t = await temporary();
    exit(t.who('a'), reason);
    expect(messages(t, event)).toEqual([message]);
    expect(t.events.find(({ type }) => type === event)).not.toHaveProperty('error');
    expect(t.lines.find(({ fields }) => fields.event === event)?.fields).not.toHaveProperty('err');
  });

  test('that it asked not to be started', async () => {
    const logic = createMachine({ initial: 'off', states: { off: { type: 'final' } }, output: () => IGNORE });
    const t = await running({ children: [child({ id: 'a', logic })] });
    expect(messages(t, 'actor.stopped')).toEqual(['info: root/a not started: it asked to be ignored']);
    expect(t.events.find(({ type }) => type === 'actor.stopped')).toMatchObject({
      reason: { type: 'normal' },
    });
  });

  test('an order to end by an error is a crash', async () => {
    const t = await temporary();
    await stop(t.who('a'), { type: 'error', error: new Error('told so') });
    expect(messages(t, 'actor.crashed')).toEqual(['error: root/a crashed: Error: told so']);
  });

  test('what it left behind goes wrong', async () => {
    const t = await temporary();
    const owner = ownerOf(t.who('a'));
    exit(t.who('a'), { type: 'killed' });
    owner?.asyncError('late');
    expect(t.events.at(-1)).toMatchObject({ type: 'actor.late-error', path: 'root/a', error: 'late' });
    expect(messages(t, 'actor.late-error')).toEqual(['error: root/a threw after its end: late']);
  });

  test('killed by order to stop it is no crash; killed by an order of its own it is', async () => {
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary', shutdown: 'brutal' })],
    });
    await stop(t.who('a'));
    expect(messages(t, 'actor.stopped')).toEqual(['info: root/a stopped: killed']);
    expect(t.told('actor.crashed')).toEqual([]);
  });

  test('ended by an error in the course of a shutdown, it has crashed all the same', async () => {
    const logic = createMachine({
      on: {
        'holdfast.shutdown': {
          actions: () => {
            throw new Error('at last');
          },
        },
      },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    await t.runtime.stop();
    expect(messages(t, 'actor.crashed')).toEqual(['error: root/a crashed: Error: at last']);
  });

  test('it had to be killed', async () => {
    const logic = createMachine({ on: { 'holdfast.shutdown': {} } });
    const t = await running({ children: [child({ id: 'a', name: 'the a', logic, shutdown: 0 })] });
    await t.runtime.stop();
    expect(t.lines.find(({ level }) => level === 'warn')).toEqual({
      level: 'warn',
      message: 'root/a did not stop within 0 ms and is killed',
      fields: {
        event: 'actor.overran',
        path: 'root/a',
        id: 'a',
        name: 'the a',
        incarnation: 1,
        at: expect.any(Number),
        shutdown: 0,
      },
    });
  });

  test.each<[ExitReason, object]>([
    [
      { type: 'error', error: 'why' },
      { reason: { type: 'error', error: 'why' }, error: 'why' },
    ],
    [{ type: 'killed' }, { reason: { type: 'killed' } }],
  ])('its supervisor gave up, at last for %o', async (reason, details) => {
    const t = await running({ maxRestarts: 0, children: [child({ id: 'a', name: 'a', logic: obedient })] });
    exit(t.who('a'), reason);
    await t.runtime.exited;
    expect(t.events.find(({ type }) => type === 'supervisor.gave-up')).toEqual({
      type: 'supervisor.gave-up',
      path: 'root',
      id: 'root',
      incarnation: 1,
      at: expect.any(Number),
      childId: 'a',
      ...details,
    });
    const gaveUp = t.events.find(({ type }) => type === 'supervisor.gave-up') ?? {};
    expect('error' in gaveUp).toBe(reason.type === 'error');
    expect(messages(t, 'supervisor.gave-up')).toEqual([
      'error: root gave up: too many restarts, at last of a',
    ]);
  });
});

test.each<[ExitReason, string]>([
  [{ type: 'normal' }, 'normal'],
  [{ type: 'killed' }, 'killed'],
  [{ type: 'shutdown' }, 'shutdown'],
  [{ type: 'shutdown', detail: 'told so.' }, 'shutdown'],
  [{ type: 'shutdown', detail: new Error('v1.2 is old.') }, 'v1.2 is old'],
  [{ type: 'error', error: new Error('v1.2 is old.') }, 'Error: v1.2 is old'],
  [{ type: 'error', error: undefined }, 'undefined'],
])('a reason within a sentence: %o', (reason, words) => {
  expect(inWords(reason)).toBe(words);
});
