/** An order to stop, or a kill, in the midst of what a supervisor does: that is given up, and nobody has failed. */
import { describe, expect, test, vi } from 'vitest';
import { createActor } from 'xstate';
import { stop, supervisor, terminateChild } from '../../supervisors/index.js';
import { because, end, killed, nested, stage, Stage as Unstarted, worker } from '../conformance/build.js';

const never = (id: string) => worker(id, { ready: () => false });
/** Is ready in its first life only. */
const readyOnce = (id: string) =>
  worker(id, {
    starts: ['ok:first'],
    ready: ({ context }: { context: { info?: string } }) => context.info === 'first',
  });

async function stopped(t: Unstarted): Promise<void> {
  const done = t.runtime.stop();
  await t.settle(1000);
  await done;
}

describe('while it starts its children', () => {
  test('nothing is reported, and it ends as it was told', async () => {
    const t = new Unstarted({ children: [worker('a'), never('b')] });
    const starting = t.runtime.start().catch((error: { code: string }) => error.code);
    await t.settle();
    await stopped(t);
    expect(await starting).toBe('HOLDFAST_START');
    expect(t.took()).toEqual(['+a#1', '-b#1 killed', '-a#1 shutdown']);
    expect([t.reported(), t.end]).toEqual([[], 'shutdown']);
  });

  test('of two orders the first counts', async () => {
    const sup = createActor(supervisor({ children: [worker('a'), never('b')] })).start();
    const orders = [stop(sup, because('one')), stop(sup, because('two'))];
    await Promise.all(orders);
    expect(sup.getSnapshot()).toMatchObject({ status: 'done', output: because('one') });
  });
});

describe('while it restarts', () => {
  const group = (takes: number) =>
    ({ strategy: 'one-for-all', children: [worker('a'), worker('b', { takes })] }) as const;

  test('told to stop as the siblings stop: nobody is started', async () => {
    const t = await stage(group(100));
    await t.ends('a');
    await stopped(t);
    expect(t.took()).toEqual(['-a#1 killed', '-b#1 shutdown']);
    expect(t.end).toBe('shutdown');
  });

  test('killed as the siblings stop: its children start with its next life only', async () => {
    const t = await stage({ children: [nested('s', group(100))] });
    await t.ends('s/a');
    end(await t.ref('s'), killed);
    await t.settle(1000);
    expect(t.took()).toEqual(['-s/a#1 killed', '-s/b#1 killed', '-s#1 killed', '+s/a#2', '+s/b#2', '+s#2']);
  });

  test('told to stop as a child starts: that is no failed start', async () => {
    const t = await stage({ children: [readyOnce('a'), worker('b')] });
    await t.ends('a');
    t.reported();
    await stopped(t);
    expect(t.took()).toEqual(['-a#1 killed', '-a#2 killed', '-b#1 shutdown']);
    expect([t.reported(), t.end]).toEqual([[], 'shutdown']);
  });
});

test('killed by who hears that a child of a child is about to start', async () => {
  const t = await stage({
    children: [nested('s', { children: [nested('i', { children: [worker('x')] })] })],
  });
  const s = await t.ref('s');
  const off = t.runtime.bus.subscribe('actor.started', ({ id }) => {
    if (id === 'i') end(s, killed);
    off();
  });
  await t.ends('s/i');
  expect(t.end).toBeUndefined();
  expect(await t.which()).toEqual(['s#2']);
  expect(t.took().slice(-3)).toEqual(['+s/i/x#2', '+s/i#3', '+s#2']);
});

test('stop of a worker by ref: it has its own time', async () => {
  const t = await stage({ children: [worker('a', { takes: 1000, shutdown: 100, restart: 'temporary' })] });
  const done = stop(await t.ref('a'));
  await t.settle(99);
  expect(t.took()).toEqual([]);
  await t.settle(1);
  await done;
  expect(t.took()).toEqual(['-a#1 killed']);
});

test('its snapshot says where it stands', async () => {
  const t = new Unstarted({ children: [worker('a', { takes: 100 })] });
  const states = [t.root.getSnapshot().value];
  await t.start();
  states.push(t.root.getSnapshot().value);
  const done = t.runtime.stop();
  await t.settle(50);
  states.push(t.root.getSnapshot().value);
  expect(t.runtime.tree()).toMatchObject({ status: 'stopping', state: 'stopping' });
  await t.settle(100);
  await done;
  expect([...states, t.root.getSnapshot().value]).toEqual(['starting', 'running', 'stopping', 'stopped']);
});

test('the tree of a root that was killed tells of nobody as if he lived, or were to', async () => {
  const t = await stage({
    maxRestarts: 1e6,
    children: [worker('a'), worker('b', { starts: ['ok'], later: 'fail:e' }), worker('c')],
  });
  await t.ends('b');
  await terminateChild(t.root, 'c');
  expect(t.runtime.tree().children?.map(({ status }) => status)).toEqual([
    'running',
    'restarting',
    'stopped',
  ]);
  end(t.root, killed);
  expect(t.runtime.tree()).toMatchObject({
    status: 'stopped',
    children: ['a', 'b', 'c'].map((id) => ({ id, status: 'stopped', state: undefined })),
  });
});

test('of one that is asked in the midst of its own end nobody hears twice', async () => {
  vi.useFakeTimers();
  const sup = createActor(supervisor({ children: [worker('a', { takes: 100 })] })).start();
  const states: unknown[] = [];
  sup.subscribe(({ value, status }) => states.push(value, status));
  await vi.advanceTimersByTimeAsync(10);
  const done = stop(sup);
  await vi.advanceTimersByTimeAsync(10);
  sup.stop();
  await done;
  await vi.advanceTimersByTimeAsync(1000);
  expect(states).toEqual(['running', 'active', 'stopping', 'active']);
});
