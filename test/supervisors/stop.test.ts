import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createActor, createMachine, fromCallback, setup } from 'xstate';
import { ActorDiedError, NoSuchActorError, StateError } from '../../src/errors.js';
import { type ExitReason, exit, signalOf } from '../../src/runtime/index.js';
import { child, stop, supervisor, whichChildren } from '../../supervisors/index.js';
import { obedient, prepare, running, traced } from '../runtime/running.js';

/** Reaches its end when told, in as many steps as it is given. */
const orderly = (trace: string[], id: string, delay?: number) =>
  createMachine({
    initial: 'on',
    states: {
      on: { on: { 'holdfast.shutdown': { target: delay === undefined ? 'off' : 'closing' } } },
      closing: { entry: () => trace.push(`~${id}`), after: { [delay ?? 0]: 'off' } },
      off: { type: 'final', entry: () => trace.push(`-${id}`) },
    },
  });

describe('in order', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    return () => vi.useRealTimers();
  });

  test('in reverse start order, each fully dead before the next is told', async () => {
    const trace: string[] = [];
    const inner = supervisor({
      children: [
        child({ id: 'x', logic: orderly(trace, 'x', 100) }),
        child({ id: 'y', logic: orderly(trace, 'y', 100) }),
      ],
    });
    const t = await running({
      children: [
        child({ id: 'a', logic: orderly(trace, 'a', 100) }),
        child({ id: 'inner', logic: inner }),
        child({ id: 'b', logic: traced(trace, 'b') }),
        child({ id: 'c', logic: orderly(trace, 'c', 100) }),
      ],
    });
    const stopped = t.runtime.stop();
    await vi.advanceTimersByTimeAsync(1000);
    await stopped;
    expect(trace).toEqual(['+b', '~c', '-c', '-b', '~y', '-y', '~x', '-x', '~a', '-a']);
    expect(await t.runtime.exited).toEqual({ type: 'shutdown' });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('who does not stop within its shutdown time is killed, and that is logged', async () => {
    const trace: string[] = [];
    const t = await running({
      children: [child({ id: 'a', logic: orderly(trace, 'a', 10_000), shutdown: 250 })],
    });
    let stopped = false;
    const stopping = t.runtime.stop().then(() => {
      stopped = true;
    });
    await vi.advanceTimersByTimeAsync(249);
    expect([stopped, t.runtime.tree().children?.[0]?.status]).toEqual([false, 'stopping']);
    await vi.advanceTimersByTimeAsync(1);
    await stopping;
    expect(trace).toEqual(['~a']);
    expect(t.events.find(({ type }) => type === 'actor.stopped')).toMatchObject({
      reason: { type: 'killed' },
    });
    expect(t.lines.find(({ level }) => level === 'warn')?.message).toContain('250 ms');
  });

  test.each([
    ['brutal', 'brutal' as const, []],
    ['0', 0, ['~a']],
  ])('shutdown %s: killed without waiting', async (_, shutdown, told) => {
    const trace: string[] = [];
    const t = await running({ children: [child({ id: 'a', logic: orderly(trace, 'a', 50), shutdown })] });
    const before = performance.now();
    await t.runtime.stop();
    expect([trace, performance.now() - before]).toEqual([told, 0]);
    expect(t.events.filter(({ type }) => type === 'actor.crashed')).toEqual([]);
  });

  test("shutdown 'infinity': as long as it takes", async () => {
    const trace: string[] = [];
    const day = 24 * 60 * 60 * 1000;
    const t = await running({
      children: [child({ id: 'a', logic: orderly(trace, 'a', 40 * day), shutdown: 'infinity' })],
    });
    const stopped = t.runtime.stop();
    await vi.advanceTimersByTimeAsync(39 * day);
    expect(trace).toEqual(['~a']);
    await vi.advanceTimersByTimeAsync(day);
    await stopped;
    expect(trace).toEqual(['~a', '-a']);
  });
});

describe('who is asked', () => {
  const stopsAtOnce = async (
    on: Record<string, { guard?: () => boolean; actions: 'hear' }>,
  ): Promise<string[]> => {
    const heard: string[] = [];
    const logic = setup({
      actions: { hear: ({ event }) => void heard.push(event.type) },
    }).createMachine({ on });
    const t = await running({ children: [child({ id: 'a', logic, shutdown: 'infinity' })] });
    await t.runtime.stop();
    return heard;
  };

  test('not by a wildcard', async () => {
    expect(await stopsAtOnce({ '*': { actions: 'hear' } })).toEqual([]);
    expect(await stopsAtOnce({ 'holdfast.*': { actions: 'hear' } })).toEqual([]);
  });

  test('not when a guard says no, or throws', async () => {
    expect(await stopsAtOnce({ 'holdfast.shutdown': { guard: () => false, actions: 'hear' } })).toEqual([]);
    const guard = (): boolean => {
      throw new Error('in a guard');
    };
    expect(await stopsAtOnce({ 'holdfast.shutdown': { guard, actions: 'hear' } })).toEqual([]);
  });

  test('only in a state that names it', async () => {
    const trace: string[] = [];
    const logic = createMachine({
      initial: 'on',
      states: { on: {}, other: { on: { 'holdfast.shutdown': { actions: () => void trace.push('asked') } } } },
    });
    const t = await running({ children: [child({ id: 'a', logic, shutdown: 'infinity' })] });
    await t.runtime.stop();
    expect(trace).toEqual([]);
  });

  test('it is told the reason', async () => {
    const reasons: unknown[] = [];
    const logic = createMachine({
      initial: 'on',
      states: {
        on: {
          on: {
            'holdfast.shutdown': { target: 'off', actions: ({ event }) => void reasons.push(event.reason) },
          },
        },
        off: { type: 'final' },
      },
    });
    const t = await running({ children: [child({ id: 'a', logic })] });
    await t.runtime.stop();
    expect(reasons).toEqual([{ type: 'shutdown' }]);
  });
});

describe('nothing starts afterwards', () => {
  test('stopped while a child is started again and again', async () => {
    let starts = 0;
    const logic = fromCallback(() => {
      if (starts++ > 0) throw new Error('no');
    });
    const t = await running({ maxRestarts: 1e6, children: [child({ id: 'a', name: 'a', logic })] });
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(starts).toBeGreaterThan(3));
    await t.runtime.stop();
    const last = starts;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(starts).toBe(last);
    expect(t.runtime.tree()).toMatchObject({ status: 'stopped', children: [{ status: 'stopped' }] });
  });

  test('stopped between a crash and the restart', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    exit(t.who('a'), { type: 'killed' });
    await t.runtime.stop();
    expect(t.told('actor.started')).toEqual(['actor.started root#1', 'actor.started root/a#1']);
  });

  test('stopped by a child from within its own transition', async () => {
    let stopping: Promise<void> | undefined;
    const stopIt = (): void => {
      stopping = t.runtime.stop();
    };
    const logic = createMachine({ on: { end: { actions: stopIt } } });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    t.runtime.send('a', { type: 'end' });
    await t.runtime.exited;
    await stopping;
    expect(t.runtime.tree().status).toBe('stopped');
  });

  test('a crash of one child while another is being stopped is no restart', async () => {
    const logic = createMachine({
      initial: 'on',
      states: {
        on: { on: { 'holdfast.shutdown': 'closing' } },
        closing: { on: { go: 'off' } },
        off: { type: 'final' },
      },
    });
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: obedient }),
        child({ id: 'b', name: 'b', logic, shutdown: 'infinity' }),
      ],
    });
    const stopped = t.runtime.stop();
    await vi.waitFor(() => expect(t.runtime.tree().children?.[1]?.status).toBe('stopping'));
    exit(t.who('a'), { type: 'killed' });
    await new Promise((resolve) => setImmediate(resolve));
    t.runtime.send('b', { type: 'go' });
    await stopped;
    expect(t.told('actor.started').filter((line) => line.includes('root/a'))).toHaveLength(1);
  });

  test('stop twice, and calls afterwards', async () => {
    const t = await running({ children: [] });
    await Promise.all([t.runtime.stop(), t.runtime.stop()]);
    await t.runtime.stop();
    await expect(whichChildren(t.runtime.root)).rejects.toBeInstanceOf(NoSuchActorError);
  });
});

describe('stop(ref)', () => {
  test('of a permanent child: it ends in order and is started again', async () => {
    const trace: string[] = [];
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: orderly(trace, 'a', 5) })] });
    const first = signalOf(t.who('a'));
    await stop(t.who('a'));
    expect(trace).toEqual(['~a', '-a']);
    expect(first.reason).toBeInstanceOf(ActorDiedError);
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
  });

  test.each<[ExitReason, number | undefined]>([
    [{ type: 'normal' }, undefined],
    [{ type: 'error', error: new Error('why') }, 2],
  ])('of a transient child, for %o', async (reason, incarnation) => {
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: obedient, restart: 'transient' })],
    });
    await stop(t.who('a'), reason);
    await whichChildren(t.runtime.root);
    expect(t.incarnation('a')).toBe(incarnation);
  });

  test('of a supervisor: its children get shutdown, itself the reason given', async () => {
    const inner = supervisor({ children: [child({ id: 'x', logic: obedient })] });
    const t = await running({
      children: [child({ id: 'inner', name: 'inner', logic: inner, restart: 'temporary' })],
    });
    await stop(t.who('inner'), { type: 'shutdown', detail: 'told so' });
    expect(t.events.filter(({ type }) => type === 'actor.stopped')).toMatchObject([
      { path: 'root/inner/x', reason: { type: 'shutdown' } },
      { path: 'root/inner', reason: { type: 'shutdown', detail: 'told so' } },
    ]);
  });

  test('of what is not supervised is an error', async () => {
    await expect(stop(createActor(obedient))).rejects.toBeInstanceOf(StateError);
  });
});

test('leaves no name, no timer and no listener behind', async () => {
  const listeners = (): number[] =>
    ['uncaughtException', 'unhandledRejection', 'newListener', 'removeListener'].map((topic) =>
      process.listenerCount(topic as 'uncaughtException'),
    );
  const before = listeners();
  const t = prepare({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
  await t.runtime.start();
  expect(listeners()).not.toEqual(before);
  await t.runtime.stop();
  expect(listeners()).toEqual(before);
  expect(t.runtime.whereis('a')).toBeUndefined();
});
