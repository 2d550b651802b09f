import { describe, expect, test, vi } from 'vitest';
import { assign, createActor, createMachine, fromCallback, setup, toPromise } from 'xstate';
import { GaveUpError, StartError } from '../../src/errors.js';
import { exit, IGNORE, incarnationOf, send } from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { child, stop, supervisor, whichChildren } from '../../supervisors/index.js';
import { obedient, prepare, running, traced } from '../runtime/running.js';

const boom = (): never => {
  throw new Error('no');
};
const failing = fromCallback(boom);
const killing = async (t: Awaited<ReturnType<typeof running>>, name: string, times: number) => {
  for (let n = 0; n < times; n++) {
    await vi.waitFor(() => t.who(name));
    exit(t.who(name), { type: 'killed' });
    await whichChildren(t.runtime.root);
  }
};

describe('a supervisor over its limit', () => {
  const inner = (maxRestarts = 1) =>
    supervisor({
      maxRestarts,
      children: ['x', 'y'].map((id) => child({ id, name: id, logic: obedient })),
    });

  test('stops its children, exits with shutdown, and counts once for its own supervisor', async () => {
    const t = await running({
      maxRestarts: 1,
      children: [child({ id: 'inner', name: 'inner', logic: inner() })],
    });
    await killing(t, 'x', 2);
    await vi.waitFor(() => expect(t.incarnation('inner')).toBe(2));
    expect(t.told('supervisor.gave-up')).toEqual(['supervisor.gave-up root/inner#1']);
    const end = t.events.find((event) => event.type === 'actor.stopped' && event.path === 'root/inner');
    expect(end).toMatchObject({ reason: { type: 'shutdown', detail: { childId: 'x' } } });
    expect(t.told()).toContain('actor.stopped root/inner/y#1');
    await vi.waitFor(() => expect(t.incarnation('y')).toBe(2));
  });

  test('is started again when permanent only: shutdown is an orderly reason', async () => {
    for (const [restart, runs] of [
      ['permanent', true],
      ['transient', false],
      ['temporary', false],
    ] as const) {
      const t = await running({ children: [child({ id: 'inner', name: 'inner', logic: inner(), restart })] });
      await killing(t, 'x', 2);
      await vi.waitFor(() => expect(t.told('actor.stopped')).toContain('actor.stopped root/inner#1'));
      await whichChildren(t.runtime.root);
      await vi.waitFor(() => expect(t.runtime.whereis('inner') !== undefined).toBe(runs));
    }
  });

  test('up to the root, and to `exited`', async () => {
    const t = await running({
      maxRestarts: 1,
      children: [child({ id: 'inner', name: 'inner', logic: inner(0) })],
    });
    await killing(t, 'x', 2);
    const reason = await t.runtime.exited;
    expect(reason).toMatchObject({ type: 'shutdown', detail: { childId: 'inner', cause: { childId: 'x' } } });
    expect(reason.type === 'shutdown' && reason.detail).toBeInstanceOf(GaveUpError);
    expect(t.runtime.tree().status).toBe('stopped');
    await t.runtime.stop();
  });

  test('started again it runs its children anew, whatever had become of them', async () => {
    const restarts: string[] = [];
    const tree = supervisor({
      maxRestarts: 0,
      children: [
        child({ id: 'x', name: 'x', logic: obedient }),
        child({ id: 'done', name: 'done', logic: obedient, restart: 'transient' }),
        child({ id: 'gone', name: 'gone', logic: obedient, restart: 'temporary' }),
      ],
    });
    const t = await running({ children: [child({ id: 'inner', name: 'inner', logic: tree })] });
    t.runtime.send('done', { type: 'finish' });
    t.runtime.send('gone', { type: 'finish' });
    await vi.waitFor(() =>
      expect([t.incarnation('done'), t.incarnation('gone')]).toEqual([undefined, undefined]),
    );
    exit(t.who('x'), { type: 'killed' });
    await vi.waitFor(() =>
      expect(['x', 'done', 'gone'].map((name) => t.incarnation(name))).toEqual([2, 2, 2]),
    );
    expect(restarts).toEqual([]);
  });

  test('whose new start fails is tried again, each attempt counted', async () => {
    let starts = 0;
    const flaky = fromCallback(() => {
      if (++starts > 1 && starts < 4) throw new Error('not yet');
    });
    const tree = supervisor({ maxRestarts: 0, children: [child({ id: 'x', name: 'x', logic: flaky })] });
    const t = await running({
      maxRestarts: 3,
      children: [child({ id: 'inner', name: 'inner', logic: tree })],
    });
    exit(t.who('x'), { type: 'killed' });
    await vi.waitFor(() => expect(t.incarnation('inner')).toBe(4));
    expect(starts).toBe(4);
    expect(t.runtime.tree().status).toBe('running');
  });
});

test('a bug in a supervisor itself is its crash, and leaves no child behind', async () => {
  const inner = supervisor({ children: [child({ id: 'x', name: 'x', logic: obedient })] });
  const t = await running({ children: [child({ id: 'inner', name: 'inner', logic: inner })] });
  const x = t.who('x');
  const bug = new Error('a bug');
  ownerOf(t.who('inner'))?.asyncError(bug);
  expect(x.getSnapshot().status).toBe('stopped');
  expect(t.events.find(({ type }) => type === 'actor.crashed')).toMatchObject({
    path: 'root/inner',
    error: bug,
  });
  await vi.waitFor(() => expect([t.incarnation('inner'), t.incarnation('x')]).toEqual([2, 2]));
});

describe('in a plain machine', () => {
  const trace: string[] = [];
  const tree = (rest: object = {}) =>
    supervisor({
      children: [
        child({ id: 'a', logic: traced(trace, 'a') }),
        child({
          id: 'inner',
          logic: supervisor({
            children: [
              child({ id: 'x', logic: traced(trace, 'x') }),
              child({ id: 'y', logic: traced(trace, 'y') }),
            ],
          }),
        }),
        child({ id: 'b', logic: traced(trace, 'b') }),
      ],
      ...rest,
    });
  const machineAround = (logic: ReturnType<typeof supervisor>) =>
    setup({ types: {} as { context: { told: unknown } }, actors: { tree: logic } }).createMachine({
      context: { told: undefined },
      initial: 'on',
      states: {
        on: {
          invoke: {
            id: 'tree',
            src: 'tree',
            onDone: { target: 'done', actions: assign({ told: ({ event }) => event.output }) },
            onError: { target: 'failed', actions: assign({ told: ({ event }) => event.error }) },
          },
          on: { leave: 'left', boom: { actions: boom } },
        },
        left: {},
        done: {},
        failed: {},
      },
    });
  const started = async (logic: ReturnType<typeof supervisor>) => {
    trace.length = 0;
    const actor = createActor(machineAround(logic));
    actor.start();
    const sup = actor.getSnapshot().children.tree!;
    await vi.waitFor(() => expect(sup.getSnapshot().value).toBe('running'));
    return { actor, sup };
  };
  const killed = ['-b', '-y', '-x', '-a'];

  test('it starts its children, and XState’s stop kills them depth first before it returns', async () => {
    const { actor } = await started(tree());
    expect(trace).toEqual(['+a', '+x', '+y', '+b']);
    trace.length = 0;
    actor.stop();
    expect(trace).toEqual(killed);
  });

  test('leaving the state that invokes it kills them, too', async () => {
    const { actor } = await started(tree());
    trace.length = 0;
    actor.send({ type: 'leave' });
    expect(trace).toEqual(killed);
  });

  test('so does an error of the machine around it', async () => {
    const { actor } = await started(tree());
    trace.length = 0;
    const failed = toPromise(actor).catch(() => 'failed');
    actor.send({ type: 'boom' });
    expect(await failed).toBe('failed');
    expect(trace).toEqual(killed);
  });

  test('stop(ref) stops it in order; the machine sees it done', async () => {
    const { actor, sup } = await started(tree());
    trace.length = 0;
    await stop(sup);
    expect(trace).toEqual(killed);
    expect(actor.getSnapshot()).toMatchObject({ value: 'done', context: { told: { type: 'normal' } } });
    await stop(sup);
  });

  test('its giving up, and its failed start, are errors', async () => {
    const dying = supervisor({ maxRestarts: 0, children: [child({ id: 'x', logic: obedient })] });
    const { actor, sup } = await started(dying);
    const [x] = await whichChildren(sup);
    send(x!.ref!, { type: 'finish' });
    await vi.waitFor(() => expect(actor.getSnapshot().value).toBe('failed'));
    expect(actor.getSnapshot().context.told).toBeInstanceOf(GaveUpError);

    const unable = createActor(
      machineAround(supervisor({ children: [child({ id: 'x', logic: failing })] })),
    ).start();
    await vi.waitFor(() => expect(unable.getSnapshot().value).toBe('failed'));
    expect(unable.getSnapshot().context.told).toBeInstanceOf(StartError);
  });

  test('it restarts its children as anywhere', async () => {
    const { actor, sup } = await started(supervisor({ children: [child({ id: 'x', logic: obedient })] }));
    const first = (await whichChildren(sup))[0]!.ref!;
    exit(first, { type: 'killed' });
    await vi.waitFor(async () => expect(incarnationOf((await whichChildren(sup))[0]!.ref!)).toBe(2));
    actor.stop();
  });

  test('leaves no listener of the process behind', async () => {
    const before = process.listenerCount('uncaughtException');
    const { actor } = await started(tree());
    expect(process.listenerCount('uncaughtException')).toBe(before + 1);
    actor.stop();
    expect(process.listenerCount('uncaughtException')).toBe(before);
  });

  test('of a supervised machine, it dies with that machine’s crash', async () => {
    trace.length = 0;
    const around = createMachine({
      invoke: { src: tree() },
      on: {
        go: {
          actions: () => {
            throw new Error('boom');
          },
        },
      },
    });
    const t = await running({
      children: [child({ id: 'm', name: 'm', logic: around, restart: 'temporary' })],
    });
    await vi.waitFor(() => expect(trace).toHaveLength(4));
    trace.length = 0;
    t.who('m').send({ type: 'go' });
    expect(trace).toEqual(killed);
  });

  test('alone as a root, its giving up is no secret', async () => {
    const sup = createActor(supervisor({ maxRestarts: 0, children: [child({ id: 'x', logic: obedient })] }));
    const ended = toPromise(sup);
    sup.start();
    const [x] = await whichChildren(sup);
    exit(x!.ref!, { type: 'killed' });
    await expect(ended).rejects.toBeInstanceOf(GaveUpError);
  });
});

test('a child that asks to be ignored under a nested supervisor holds nobody up', async () => {
  const ignoring = createMachine({
    initial: 'off',
    states: { off: { type: 'final' } },
    output: () => IGNORE,
  });
  const inner = supervisor({
    children: [child({ id: 'i', logic: ignoring }), child({ id: 'x', name: 'x', logic: obedient })],
  });
  const t = await running({ children: [child({ id: 'inner', logic: inner })] });
  expect(t.runtime.tree()).toMatchObject({
    children: [{ status: 'running', children: [{ status: 'stopped' }, { status: 'running' }] }],
  });
});

test('a nested supervisor that cannot start its child was taken for ready, and started again and again', async () => {
  const inner = supervisor({ children: [child({ id: 'x', logic: failing })] });
  const t = prepare({ children: [child({ id: 'inner', logic: inner })] });
  await expect(t.runtime.start()).rejects.toMatchObject({ childId: 'inner' });
  expect(t.told('actor.ready')).toEqual([]);
  expect(t.told('actor.started')).toEqual([
    'actor.started root#1',
    'actor.started root/inner#1',
    'actor.started root/inner/x#1',
  ]);
});
