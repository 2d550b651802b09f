import { beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { emit, setup } from 'xstate';
import {
  ActorDiedError,
  BackoffError,
  OptionsError,
  StartError,
  StartTimeoutError,
  StateError,
} from '../../src/errors.js';
import {
  ask,
  exit,
  IGNORE,
  incarnationOf,
  monitor,
  reply,
  send,
  signalOf,
  sys,
} from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { sleep } from '../../src/runtime/time.js';
import {
  child,
  dynamicSupervisor,
  resourceOf,
  service,
  startChild,
  stop,
  supervisor,
  task,
  withBackoff,
} from '../../supervisors/index.js';
import { obedient } from '../runtime/running.js';
import { boom, crash, innerOf, obeying, outcome, steady, tree } from './backing-off.js';

beforeEach(steady);

describe('running, and backing off', () => {
  test('it is started again after a delay that grows, and its supervisor knows nothing of it', async () => {
    const t = await obeying();
    expect(t.snapshot()).toMatchObject({ value: 'running', context: { failures: 0, delay: undefined } });
    for (const [failures, delay] of [
      [1, 200],
      [2, 400],
      [3, 800],
      [4, 1000],
      [5, 1000],
    ] as const) {
      await crash(t);
      expect(t.snapshot()).toMatchObject({
        value: 'backoff',
        inner: undefined,
        context: { failures, delay },
      });
      expect(t.runtime.tree().children).toMatchObject([{ status: 'running', state: 'backoff', restarts: 0 }]);
      await t.settle(delay - 1);
      expect(t.snapshot().value).toBe('backoff');
      await t.settle(1);
      expect(t.snapshot()).toMatchObject({ value: 'running', context: { failures, delay: undefined } });
    }
    expect(t.incarnation('a')).toBe(1);
    expect(t.told('supervisor.report')).toEqual([]);
    expect(t.told('actor.crashed')).toEqual([1, 2, 3, 4, 5].map((n) => `actor.crashed root/a/attempt#${n}`));
    expect(t.told('actor.restarted')).toEqual(
      [2, 3, 4, 5, 6].map((n) => `actor.restarted root/a/attempt#${n}`),
    );
    expect(t.lines.filter(({ fields }) => fields.event === 'actor.backoff')).toHaveLength(5);
  });

  test('having run for `resetAfter` it begins anew; not a moment before', async () => {
    const t = await obeying();
    await crash(t);
    await t.settle(200 + 4999);
    await crash(t);
    expect(t.snapshot().context).toEqual({ failures: 2, delay: 400 });
    await t.settle(400 + 5000);
    await crash(t);
    expect(t.snapshot().context).toEqual({ failures: 1, delay: 200 });
  });

  test('the time of a start does not count as running', async () => {
    const logic = service('a', {
      name: 'a',
      start: () => sleep(20_000).then(() => Promise.reject(boom)),
    });
    const t = tree([withBackoff(logic, { min: 100, max: 1000, resetAfter: 5000 })]);
    void t.runtime.start();
    await t.settle(20_000);
    await t.settle(20_200);
    expect(t.snapshot().context).toEqual({ failures: 2, delay: 400 });
  });

  test('a first start that fails is no failed start: the app comes up, and it backs off', async () => {
    const start = vi.fn(() => Promise.reject(boom));
    const t = tree([withBackoff(service('a', { name: 'a', start })), child({ id: 'b', logic: obedient })]);
    const started = t.runtime.start();
    await t.settle();
    await started;
    expect(t.snapshot()).toMatchObject({ value: 'backoff', context: { failures: 1, delay: 500 } });
    expect(() => resourceOf(t.who('a'))).toThrow(/'a' backs off/);
    await t.settle(500);
    expect(start).toHaveBeenCalledTimes(2);
  });

  test('a start that hangs is a failure when its time is over, and the wrapper is started by then', async () => {
    const t = tree([withBackoff(service('a', { name: 'a', start: () => new Promise(() => {}) }))]);
    const started = t.runtime.start();
    await t.settle(29_999);
    expect(t.snapshot().hasTag('starting')).toBe(true);
    await t.settle(1);
    await started;
    expect(t.snapshot().value).toBe('backoff');
  });

  test('a start time of the spec that holds it is that of an attempt: what hangs backs off, and the app comes up', async () => {
    const hanging = setup({ types: {} as { tags: 'starting' } }).createMachine({ tags: 'starting' });
    const t = tree([child({ id: 'a', name: 'a', logic: withBackoff(hanging), startTimeout: 100 })]);
    const started = t.runtime.start();
    await t.settle(100);
    expect(await outcome(t, started)).toEqual({ value: t.runtime });
    expect(t.snapshot()).toMatchObject({ value: 'backoff', context: { failures: 1 } });
    expect(t.events.find(({ type }) => type === 'actor.crashed')).toMatchObject({
      path: 'root/a/attempt',
      error: expect.any(StartTimeoutError),
    });
  });

  test("an error of a timer of its own is its failure, and not the wrapper's", async () => {
    const t = await obeying();
    const inner = innerOf(t);
    ownerOf(inner)?.asyncError(boom);
    await t.settle();
    expect(t.snapshot().value).toBe('backoff');
    expect(t.incarnation('a')).toBe(1);
    expect(signalOf(inner).aborted).toBe(true);
  });

  test('killed inside, it backs off; killed itself, its supervisor restarts it anew', async () => {
    const t = await obeying();
    exit(innerOf(t), { type: 'killed' });
    await t.settle();
    expect(t.snapshot().value).toBe('backoff');
    await t.settle(200);
    const inner = innerOf(t);
    exit(t.who('a'), { type: 'killed' });
    expect(signalOf(inner).aborted).toBe(true);
    await t.settle();
    expect(t.told('supervisor.gave-up')).toEqual(['supervisor.gave-up root#1']);
  });

  test('killed while it backs off, nothing is started any more', async () => {
    const t = await obeying();
    await crash(t);
    exit(t.who('a'), { type: 'killed' });
    await t.settle(60_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(t.told('actor.ready').filter((each) => each.includes('attempt'))).toHaveLength(1);
  });
});

describe('what is a failure says the spec', () => {
  test('permanent: an orderly end, too', async () => {
    const t = await obeying();
    send(t.who('a'), { type: 'finish' });
    await t.settle();
    expect(t.snapshot().value).toBe('backoff');
  });

  test('transient: an orderly end is the end, with its output', async () => {
    const t = await obeying({ restart: 'transient' });
    const ref = t.who('a');
    send(ref, { type: 'finish' });
    await t.settle();
    expect(ref.getSnapshot()).toMatchObject({ status: 'done', value: 'stopped' });
    expect(t.told('actor.stopped')).toEqual(['actor.stopped root/a/attempt#1', 'actor.stopped root/a#1']);
    await t.settle(10_000);
    expect(t.runtime.whereis('a')).toBeUndefined();
  });

  test('transient: a task that fails is tried until it has succeeded', async () => {
    let runs = 0;
    const fn = vi.fn(() => (++runs < 4 ? Promise.reject(boom) : 'done'));
    const t = tree([withBackoff(task('a', fn, { name: 'a' }), { min: 100, max: 1000 })]);
    await outcome(t, t.runtime.start());
    await t.settle(200 + 400 + 800);
    expect(fn).toHaveBeenCalledTimes(4);
    expect(t.runtime.whereis('a')).toBeUndefined();
    expect(t.told('supervisor.gave-up')).toEqual([]);
  });

  test('transient: a supervisor that cannot start its children has failed, though its end is orderly', async () => {
    let starts = 0;
    const inner = supervisor({
      children: [service('x', { start: () => (++starts < 3 ? Promise.reject(boom) : starts) })],
    });
    const t = tree([
      withBackoff(child({ id: 'a', name: 'a', restart: 'transient', logic: inner }), { min: 100, max: 1000 }),
    ]);
    expect(await outcome(t, t.runtime.start())).toEqual({ value: t.runtime });
    expect(t.snapshot()).toMatchObject({ value: 'backoff', context: { failures: 1 } });
    await t.settle(200 + 400);
    expect(t.snapshot()).toMatchObject({ value: 'running', context: { failures: 2 } });
  });

  test('temporary: any end is the end, and a failed start a failed start', async () => {
    const t = await obeying({ restart: 'temporary' });
    await crash(t);
    expect(t.runtime.whereis('a')).toBeUndefined();
    const failing = withBackoff(service('x', { restart: 'temporary', start: () => Promise.reject(boom) }));
    expect(await outcome(t, startChild(t.runtime.root, failing))).toEqual({ error: expect.any(StartError) });
  });

  test('IGNORE is passed on', async () => {
    const ignoring = setup({}).createMachine({
      initial: 'x',
      states: { x: { tags: 'starting', always: 'y' }, y: { type: 'final' } },
      output: () => IGNORE,
    });
    const t = tree([child({ id: 'a', name: 'a', logic: withBackoff(ignoring) })]);
    expect(await outcome(t, t.runtime.start())).toMatchObject({ value: expect.anything() });
    expect(t.runtime.tree().children).toMatchObject([{ status: 'stopped' }]);
  });
});

describe('passed through', () => {
  test('events, in order, questions, and the snapshot', async () => {
    const t = await obeying();
    const ref = t.who('a');
    send(ref, { type: 'inc' });
    send(ref, { type: 'inc' });
    expect(await outcome(t, ask(ref, { type: 'get' } as never))).toEqual({ value: 2 });
    expect(t.snapshot().inner?.context).toEqual({ count: 2 });
    expectTypeOf(t.snapshot().inner).toEqualTypeOf<
      ReturnType<typeof obedient.getInitialSnapshot> | undefined
    >();
  });

  test('its types: events and input are those of what runs inside', () => {
    const logic = withBackoff(obedient);
    child({ id: 'a', logic, input: { waits: false } });
    // @ts-expect-error: no such input
    child({ id: 'a', logic, input: { nonsense: 1 } });
  });

  test('who asks something that it does not live to answer is told at once, with the reason', async () => {
    const t = await obeying();
    const asked = ask(t.who('a'), { type: 'never answered' } as never);
    const told = outcome(t, asked);
    await crash(t);
    const { error } = (await told) as { error: unknown };
    expect(error).toBeInstanceOf(ActorDiedError);
    expect(error).toMatchObject({ cause: boom, reason: { type: 'error' } });
  });

  test('in backoff nobody is there: a question is refused at once, an event is a dead letter', async () => {
    const t = await obeying();
    await crash(t);
    expect(await outcome(t, ask(t.who('a'), { type: 'get' } as never))).toMatchObject({
      error: { code: 'HOLDFAST_BACKOFF', retryAfter: 200 },
    });
    send(t.who('a'), { type: 'inc' });
    await t.settle(200);
    expect(t.runtime.deadLetters).toBe(2);
    expect(t.events.filter(({ type }) => type === 'dead-letter')).toMatchObject([
      { to: 'root/a', because: 'dead' },
      { to: 'root/a', event: { type: 'inc' } },
    ]);
    expect(await outcome(t, ask(t.who('a'), { type: 'get' } as never))).toEqual({ value: 0 });
    expect(BackoffError.code).toBe('HOLDFAST_BACKOFF');
  });

  test('what it emits', async () => {
    const emitting = setup({ types: {} as { emitted: { type: 'beep' } } }).createMachine({
      on: { go: { actions: emit({ type: 'beep' }) } },
    });
    const t = tree([child({ id: 'a', name: 'a', logic: withBackoff(emitting) })]);
    await outcome(t, t.runtime.start());
    const heard = vi.fn();
    t.who('a').on('beep', heard);
    t.who('a').send({ type: 'go' });
    expect(heard).toHaveBeenCalledTimes(1);
  });

  test('a monitor outlives the attempts', async () => {
    const t = await obeying();
    const watcher = setup({}).createMachine({});
    const { ref } = await startChild(t.runtime.root, child({ id: 'w', logic: watcher }));
    const down = vi.fn();
    ref?.subscribe({ next: down });
    if (ref !== undefined) monitor(ref, t.who('a'));
    await crash(t);
    await t.settle(200);
    expect(down).not.toHaveBeenCalled();
  });

  test('an order to stop: it stops in order, within the time of its spec', async () => {
    const trace: string[] = [];
    const spec = service('a', {
      name: 'a',
      start: () => 1,
      stop: async () => {
        trace.push('stopping');
        await sleep(100);
        trace.push('stopped');
      },
    });
    const t = tree([withBackoff(spec)]);
    await outcome(t, t.runtime.start());
    const stopped = t.runtime.stop();
    await t.settle(50);
    expect(t.snapshot().value).toBe('stopping');
    await t.settle(50);
    await stopped;
    expect(trace).toEqual(['stopping', 'stopped']);
    expect(t.told('supervisor.report')).toEqual([]);
    expect(t.told('actor.crashed')).toEqual([]);
  });

  test('an order to stop: who overruns the time of the spec is killed with the wrapper', async () => {
    const t = tree([
      withBackoff(service('a', { shutdown: 200, start: (signal) => signal, stop: () => sleep(60_000) })),
    ]);
    await outcome(t, t.runtime.start());
    let over = false;
    void t.runtime.stop().then(() => {
      over = true;
    });
    await t.settle(199);
    expect(over).toBe(false);
    await t.settle(1);
    expect(over).toBe(true);
    expect(t.told('actor.stopped')).toContain('actor.stopped root/a/attempt#1');
  });

  test('an order to stop in backoff is obeyed at once', async () => {
    const t = await obeying();
    await crash(t);
    await t.runtime.stop();
    expect(t.told('actor.stopped')).toContain('actor.stopped root/a#1');
  });

  test('an order to stop in the midst of a start is obeyed at once', async () => {
    let starts = 0;
    const spec = service('b', {
      name: 'b',
      start: () => (starts++ === 0 ? Promise.reject(boom) : new Promise(() => {})),
    });
    const u = tree([withBackoff(spec, { min: 100 })]);
    await outcome(u, u.runtime.start());
    await u.settle(200);
    expect(u.snapshot('b').value).toBe('starting');
    const stopped = u.runtime.stop();
    await u.settle();
    await stopped;
    expect(u.events.filter((e) => e.type === 'actor.stopped')).toMatchObject([
      { path: 'root/b/attempt' },
      { path: 'root/b', reason: { type: 'shutdown' } },
      { path: 'root' },
    ]);
  });

  test('an order to stop before it ever ran: it is not told to be ready on the way out', async () => {
    const inner = supervisor({ children: [service('x', { start: () => new Promise(() => {}) })] });
    const t = tree([withBackoff(child({ id: 'a', name: 'a', logic: inner }))]);
    const started = t.runtime.start().catch((error: unknown) => error);
    await t.settle();
    const stopped = t.runtime.stop();
    await t.settle();
    await stopped;
    expect(await started).toBeInstanceOf(StartError);
    expect(t.told('actor.ready')).toEqual([]);
  });

  test('an error of stopping is how it ended', async () => {
    const t = tree([withBackoff(service('a', { start: () => 1, stop: () => Promise.reject(boom) }))]);
    await outcome(t, t.runtime.start());
    await t.runtime.stop();
    expect(t.events.filter(({ type }) => type === 'supervisor.report')).toMatchObject([
      { context: 'shutdown-error', childId: 'a', reason: { type: 'error', error: boom } },
    ]);
  });

  test('`stop` of the wrapper ends what runs inside for that reason', async () => {
    const t = await obeying({ restart: 'temporary' });
    const inner = innerOf(t);
    await stop(t.who('a'), { type: 'shutdown', detail: 'enough' });
    expect(ownerOf(inner)?.reason).toEqual({ type: 'shutdown', detail: 'enough' });
  });

  test('suspended, events wait; the state is seen', async () => {
    const t = await obeying();
    const ref = t.who('a');
    await sys.suspend(ref);
    send(ref, { type: 'inc' });
    await t.settle(10);
    expect(t.snapshot().inner?.context.count).toBe(0);
    sys.resume(ref);
    await t.settle(10);
    expect(t.snapshot().inner?.context.count).toBe(1);
    expect(sys.getState(ref)).toMatchObject({ value: 'running', context: { failures: 0 } });
  });
});

describe('a child spec', () => {
  test('its input, ready and startInfo are those of what runs inside, anew for each attempt', async () => {
    let inputs = 0;
    const machine = setup({
      types: {} as {
        context: { n: number };
        input: { n: number };
        events: { type: 'throw' } | { type: 'get' };
      },
    }).createMachine({
      context: ({ input }) => input,
      on: {
        throw: {
          actions: () => {
            throw boom;
          },
        },
        get: { actions: ({ context, event }) => void reply(event, context.n) },
      },
    });
    const t = tree([]);
    await outcome(t, t.runtime.start());
    const spec = child({
      id: 'a',
      name: 'a',
      logic: machine,
      input: () => ({ n: ++inputs }),
      ready: ({ context }) => context.n > 0,
      startInfo: ({ context }) => `n=${context.n}`,
    });
    const { info } = await startChild(t.runtime.root, withBackoff(spec, { min: 100 }));
    expect(info).toBe('n=1');
    send(t.who('a'), { type: 'throw' });
    await t.settle(200);
    expect(await outcome(t, ask(t.who('a'), { type: 'get' } as never))).toEqual({ value: 2 });
  });

  test('a service: its resource is that of the attempt that runs', async () => {
    let n = 0;
    let fail: (error: unknown) => void = () => {};
    const spec = service('a', {
      name: 'a',
      start: (_, context) => {
        fail = context.fail;
        return ++n;
      },
    });
    const t = tree([withBackoff(spec, { min: 100 })]);
    await outcome(t, t.runtime.start());
    expect(resourceOf(t.who('a'))).toBe(1);
    fail(boom);
    await t.settle();
    expect(() => resourceOf(t.who('a'))).toThrow(StateError);
    await t.settle(200);
    expect(resourceOf(t.who('a'))).toBe(2);
  });

  test('a service that crashed has its own time to be stopped; then the next attempt is started', async () => {
    let starts = 0;
    let fail: (error: unknown) => void = () => {};
    const spec = service('a', {
      name: 'a',
      shutdown: 300,
      start: (_, context) => {
        fail = context.fail;
        return ++starts;
      },
      stop: () => new Promise(() => {}),
    });
    const t = tree([withBackoff(spec, { min: 100, max: 100 })]);
    await outcome(t, t.runtime.start());
    fail(boom);
    await t.settle(299);
    expect(starts).toBe(1);
    await t.settle(1);
    expect(resourceOf(t.who('a'))).toBe(2);
  });

  test('a supervisor: a whole tree is started again after a delay', async () => {
    const inner = supervisor({ maxRestarts: 0, children: [child({ id: 'x', name: 'x', logic: obedient })] });
    const t = tree([withBackoff(child({ id: 'a', name: 'a', logic: inner }), { min: 100 })]);
    await outcome(t, t.runtime.start());
    send(t.who('x'), { type: 'throw', error: boom });
    await t.settle();
    expect(t.snapshot().value).toBe('backoff');
    expect(t.runtime.tree().children).toMatchObject([{ type: 'supervisor', state: 'backoff', children: [] }]);
    await t.settle(200);
    expect(t.runtime.tree().children).toMatchObject([
      { type: 'supervisor', state: 'running', children: [{ id: 'x', state: 'on' }] },
    ]);
    expect(incarnationOf(t.who('a'))).toBe(1);
  });

  test('under a dynamic supervisor', async () => {
    const t = tree([
      child({
        id: 'd',
        name: 'd',
        logic: dynamicSupervisor({
          maxRestarts: 0,
          child: (name: string) => ({ name, logic: withBackoff(obedient, { min: 100 }) }),
        }),
      }),
    ]);
    await outcome(t, t.runtime.start());
    await startChild(t.who('d') as never, 'a');
    await crash(t);
    await t.settle(200);
    expect(t.snapshot().value).toBe('running');
  });
});

test('what is wrong is said, where it is written', () => {
  expect(() => withBackoff(obedient, { min: 0 })).toThrow(/"min" must be longer than 0 ms/);
  expect(() => withBackoff(obedient, { min: 0 })).toThrow(
    expect.objectContaining({ option: 'min', given: 0 }),
  );
  expect(() => withBackoff(obedient, { min: '2s', max: '1s' })).toThrow(
    /"max" \(1000 ms\) must not be less than "min"/,
  );
  expect(() => withBackoff(obedient, { min: '2s', max: '1s' })).toThrow(
    expect.objectContaining({ option: 'max', given: '1s' }),
  );
  expect(() => withBackoff(obedient, { factor: 3 } as never)).toThrow(OptionsError);
  expect(() => withBackoff(obedient, { factor: 3 } as never)).toThrow(/"factor" of withBackoff/);
  expect(() => withBackoff({} as never)).toThrow(/"withBackoff.logic"/);
  expect(() => withBackoff({ id: 'a', logic: obedient, restart: 'always' } as never)).toThrow(/restart/);
});
