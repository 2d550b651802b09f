import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createActor, createMachine, fromCallback } from 'xstate';
import { exit } from '../../src/runtime/index.js';
import {
  child,
  type SupervisorOptions,
  startChild,
  stop,
  supervisor,
  terminateChild,
} from '../../supervisors/index.js';
import { supervisorWith } from '../../supervisors/supervisor.js';
import { obedient, running } from '../runtime/running.js';

/** A tree that gives up at its first crash; `fails` says whether its worker can be started. */
function tree() {
  const over = vi.fn();
  const state = { fails: false };
  const logic = fromCallback(() => {
    if (state.fails) throw new Error('no');
  });
  const options: SupervisorOptions = { maxRestarts: 0, children: [child({ id: 'x', name: 'x', logic })] };
  return { over, state, logic: supervisorWith(options, over) };
}

/** Takes its time to stop. */
const orderly = createMachine({
  initial: 'on',
  states: {
    on: { on: { 'holdfast.shutdown': 'closing' } },
    closing: { after: { 1000: 'off' } },
    off: { type: 'final' },
  },
});

const settle = () => vi.advanceTimersByTimeAsync(40);

describe('what a supervisor leaves is looked at when it is known whether it is started again', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    return () => vi.useRealTimers();
  });

  test('not while it is being tried; when it runs again', async () => {
    const { over, state, logic } = tree();
    const t = await running({ maxRestarts: 1e6, children: [child({ id: 't', logic })] });
    state.fails = true;
    exit(t.who('x'), { type: 'killed' });
    await settle();
    expect(over).not.toHaveBeenCalled();
    state.fails = false;
    await settle();
    expect(t.runtime.tree().children?.[0]?.status).toBe('running');
    expect(over.mock.calls.length).toBeGreaterThan(0);
  });

  test('when the attempts are ended by order', async () => {
    const { over, state, logic } = tree();
    const t = await running({ maxRestarts: 1e6, children: [child({ id: 't', logic })] });
    state.fails = true;
    exit(t.who('x'), { type: 'killed' });
    await settle();
    const terminated = terminateChild(t.runtime.root, 't');
    await settle();
    await terminated;
    expect(over).toHaveBeenCalled();
  });

  test.each(['transient', 'temporary'] as const)('when it is not started again: %s', async (restart) => {
    const { over, logic } = tree();
    const t = await running({ children: [child({ id: 't', logic, restart })] });
    exit(t.who('x'), { type: 'killed' });
    await settle();
    expect(over).toHaveBeenCalledTimes(1);
  });

  test('when it is terminated by order', async () => {
    const { over, logic } = tree();
    const t = await running({ children: [child({ id: 't', logic })] });
    await terminateChild(t.runtime.root, 't');
    expect(over).toHaveBeenCalledTimes(1);
  });

  test('when the supervisor above it is started again without it', async () => {
    const { over, logic } = tree();
    const inner = supervisor({ maxRestarts: 0, children: [child({ id: 'y', name: 'y', logic: obedient })] });
    const t = await running({ children: [child({ id: 'inner', name: 'inner', logic: inner })] });
    await startChild(t.who('inner') as never, child({ id: 't', logic }));
    exit(t.who('y'), { type: 'killed' });
    await settle();
    expect(t.incarnation('inner')).toBe(2);
    expect(over).toHaveBeenCalledTimes(1);
  });

  test('with the root: one that gave up under supervisors that gave up, and one that was killed with them', async () => {
    for (const dies of ['x', 'inner'] as const) {
      const { over, logic } = tree();
      const inner = supervisor({ maxRestarts: 0, children: [child({ id: 't', logic })] });
      const t = await running({
        maxRestarts: 0,
        children: [child({ id: 'inner', name: 'inner', logic: inner })],
      });
      exit(t.who(dies), { type: 'killed' });
      await settle();
      await t.runtime.exited;
      expect(over).toHaveBeenCalled();
    }
  });

  test('not before: a supervisor above that gives up with it may be started again, and it too', async () => {
    const seen: boolean[] = [];
    const options = { maxRestarts: 0, children: [child({ id: 'x', name: 'x', logic: obedient })] };
    const logic = supervisorWith(options, () => seen.push(t.runtime.whereis('x') !== undefined));
    const inner = supervisor({ maxRestarts: 0, children: [child({ id: 't', logic })] });
    const t = await running({ children: [child({ id: 'inner', logic: inner })] });
    exit(t.who('x'), { type: 'killed' });
    await settle();
    expect(t.incarnation('x')).toBe(2);
    expect(seen).toEqual([true]);
  });

  test('of a temporary child with the supervisor that ends', async () => {
    const { over, logic } = tree();
    const t = await running({ children: [child({ id: 't', logic, restart: 'temporary' })] });
    await t.runtime.stop();
    expect(over).toHaveBeenCalledTimes(1);
  });

  test('with the group that it is stopped with: when that runs again', async () => {
    const seen: unknown[] = [];
    const options = { children: [child({ id: 'x', name: 'x', logic: obedient })] };
    const logic = supervisorWith(options, () => seen.push(t.incarnation('x')));
    const t = await running({
      strategy: 'one-for-all',
      children: [child({ id: 't', logic }), child({ id: 'y', name: 'y', logic: obedient })],
    });
    exit(t.who('y'), { type: 'killed' });
    await settle();
    expect(seen).toEqual([2]);
  });

  test('once: not again as its supervisor ends', async () => {
    const { over, logic } = tree();
    const t = await running({ children: [child({ id: 't', logic, restart: 'temporary' })] });
    exit(t.who('x'), { type: 'killed' });
    await settle();
    await t.runtime.stop();
    expect(over).toHaveBeenCalledTimes(1);
  });

  test('with the supervisor that is killed as it serves its end', async () => {
    const seen: unknown[] = [];
    const options = { children: [child({ id: 'x', name: 'x', logic: obedient })] };
    const logic = supervisorWith(options, () => seen.push(t.incarnation('x')));
    const inner = supervisor({ children: [child({ id: 't', name: 't', logic, restart: 'temporary' })] });
    const t = await running({ children: [child({ id: 'inner', name: 'inner', logic: inner })] });
    t.runtime.bus.subscribe('supervisor.report', ({ id }) => {
      if (id === 'inner') exit(t.who('inner'), { type: 'killed' });
    });
    exit(t.who('t'), { type: 'killed' });
    await settle();
    expect(seen).toEqual([2]);
  });

  test('in a plain machine, when it has ended', async () => {
    const { over, logic } = tree();
    const sup = createActor(supervisor({ children: [child({ id: 't', logic })] }));
    sup.subscribe({ error() {} });
    sup.start();
    await settle();
    const stopped = stop(sup);
    await settle();
    await stopped;
    expect(over).toHaveBeenCalled();
  });

  test('in a plain machine, once, when it is killed as it stops', async () => {
    const over = vi.fn();
    const options = { children: [child({ id: 'x', logic: orderly, shutdown: '1m' })] };
    const sup = createActor(supervisorWith(options, over)).start();
    await settle();
    const stopped = stop(sup);
    await settle();
    expect(over).not.toHaveBeenCalled();
    sup.stop();
    await stopped;
    await settle();
    expect(over).toHaveBeenCalledTimes(1);
  });

  test('one that throws is a bug of its supervisor, which is started again', async () => {
    const bug = new Error('a bug');
    const over = vi.fn().mockImplementationOnce(() => {
      throw bug;
    });
    const logic = supervisorWith({ children: [] }, over);
    const inner = supervisor({
      children: [
        child({ id: 'x', name: 'x', logic: obedient }),
        child({ id: 't', name: 't', logic, restart: 'temporary' }),
      ],
    });
    const t = await running({ children: [child({ id: 'inner', name: 'inner', logic: inner })] });
    const x = t.who('x');
    exit(t.who('t'), { type: 'killed' });
    await settle();
    expect(x.getSnapshot().status).toBe('stopped');
    expect(
      t.events.filter((event) => event.type === 'actor.crashed' && event.path === 'root/inner'),
    ).toMatchObject([{ incarnation: 1, error: bug }]);
    expect([t.incarnation('inner'), t.incarnation('x'), t.incarnation('t')]).toEqual([2, 2, 2]);
  });
});
