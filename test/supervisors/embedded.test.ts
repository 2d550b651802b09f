/** A supervisor in somebody's machine: whose runtime it works in, and what that machine sees of it. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createActor, createMachine, fromCallback } from 'xstate';
import { unattributed } from '../../src/runtime/attribution.js';
import { exit, incarnationOf, loggerOf, whenStarted } from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { child, stop, supervisor, whichChildren } from '../../supervisors/index.js';
import { obedient, running } from '../runtime/running.js';

const settle = (ms = 10) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

describe('within an actor of a runtime', () => {
  const x = child({ id: 'x', logic: fromCallback(({ self }) => loggerOf(self).info({}, 'here')) });
  const around = createMachine({ invoke: { id: 'tree', src: supervisor({ children: [x] }) } });

  test('it logs to that runtime, under the path of the actor', async () => {
    const t = await running({ children: [child({ id: 'm', name: 'm', logic: around })] });
    await settle();
    const here = t.lines.filter(({ message }) => message === 'here');
    expect(here.map(({ fields }) => fields.path)).toEqual(['root/m/tree/x']);
    // What its children tell is its own.
    expect(t.told().filter((line) => line.includes('tree'))).toEqual([]);
  });

  test('it reports there of its children, as who it is', async () => {
    const t = await running({ children: [child({ id: 'm', name: 'm', logic: around })] });
    await settle();
    const [{ ref } = { ref: undefined }] = await whichChildren(t.who('m').getSnapshot().children.tree);
    exit(ref as never, { type: 'killed' });
    await settle();
    expect(t.lines.filter(({ fields }) => fields.event === 'supervisor.report')).toMatchObject([
      { level: 'error', fields: { path: 'root/m/tree', id: 'tree', incarnation: 1, childId: 'x' } },
    ]);
  });

  test('it attributes as that runtime does', async () => {
    for (const attributeAsyncErrors of [true, false]) {
      const t = await running(
        { children: [child({ id: 'm', name: 'm', logic: around })] },
        { attributeAsyncErrors },
      );
      await settle();
      const tree = t.who('m').getSnapshot().children.tree;
      const [{ ref } = { ref: undefined }] = await whichChildren(tree);
      expect(ownerOf(ref as never)?.scope.attribution === unattributed).toBe(!attributeAsyncErrors);
    }
  });
});

describe('in a plain machine', () => {
  test('its children are told when all of them have been started', async () => {
    const order: string[] = [];
    const logic = createMachine({
      entry: ({ self }) => void whenStarted(self).then(() => order.push('started')),
    });
    const slow = createMachine({
      initial: 'waiting',
      states: { waiting: { tags: 'starting', after: { 100: 'on' } }, on: { entry: () => order.push('on') } },
    });
    const sup = createActor(
      supervisor({ children: [child({ id: 'a', logic }), child({ id: 'b', logic: slow })] }),
    ).start();
    await settle(50);
    expect(order).toEqual([]);
    await settle(100);
    expect(order).toEqual(['on', 'started']);
    sup.stop();
  });

  test('each that is started counts its children from 1', async () => {
    for (const id of ['one', 'two']) {
      const sup = createActor(supervisor({ children: [child({ id: 'x', logic: obedient })] }), {
        id,
      }).start();
      await settle();
      const [x] = await whichChildren(sup);
      expect(incarnationOf(x?.ref as never)).toBe(1);
      expect(ownerOf(x?.ref as never)?.path).toBe(`${id}/x`);
      sup.stop();
    }
  });

  test('its snapshot says where it stands, is what is persisted, and is tagged while it starts', async () => {
    const seen: unknown[] = [];
    const slow = createMachine({
      initial: 'waiting',
      states: { waiting: { tags: 'starting', after: { 100: 'on' } }, on: {} },
    });
    const sup = createActor(supervisor({ children: [child({ id: 'a', logic: slow })] }));
    const see = (): void => {
      const snapshot = sup.getSnapshot();
      expect(sup.getPersistedSnapshot()).toBe(snapshot);
      seen.push([snapshot.value, snapshot.status, snapshot.hasTag('starting'), snapshot.output]);
    };
    see();
    sup.start();
    await settle();
    see();
    await settle(100);
    see();
    await stop(sup);
    see();
    expect(seen).toEqual([
      ['starting', 'active', true, undefined],
      ['starting', 'active', true, undefined],
      ['running', 'active', false, undefined],
      ['stopped', 'done', false, { type: 'normal' }],
    ]);
  });

  test('stopped by XState it is stopped, with its children', async () => {
    const sup = createActor(supervisor({ children: [child({ id: 'x', logic: obedient })] })).start();
    await settle();
    const [x] = await whichChildren(sup);
    sup.stop();
    expect(x?.ref?.getSnapshot().status).toBe('stopped');
    expect(sup.getSnapshot()).toMatchObject({ value: 'stopped', status: 'stopped' });
  });

  test('what is sent to it changes nothing', async () => {
    const sup = createActor(supervisor({ children: [] })).start();
    await settle();
    const before = sup.getSnapshot();
    sup.send({ type: 'anything' });
    sup.send({ type: 'holdfast.supervisor' });
    expect(sup.getSnapshot()).toBe(before);
    sup.stop();
  });

  test('the errors of two supervisors are those of each alone: the hook is there until the last has ended', async () => {
    const count = () => process.listenerCount('uncaughtException');
    const before = count();
    const [one, two] = [0, 1].map(() => createActor(supervisor({ children: [] })).start());
    await settle();
    expect(count()).toBe(before + 1);
    one?.stop();
    expect(count()).toBe(before + 1);
    await stop(two as never);
    expect(count()).toBe(before);
  });
});
