import { describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, createActor, createMachine, fromCallback, fromTransition, setup } from 'xstate';
import { OptionsError } from '../../src/errors.js';
import { exit, send, sendToName, sys } from '../../src/runtime/index.js';
import { child } from '../../supervisors/index.js';
import { obedient, prepare, running, turns } from './running.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('send', () => {
  test('delivers in order, after the current work and never within it', async () => {
    const got: number[] = [];
    const logic = fromTransition(
      (_: undefined, event: { type: 'n'; n: number }) => void got.push(event.n),
      undefined,
    );
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    for (let n = 0; n < 100; n++) send(t.who('a'), { type: 'n', n });
    expect(got).toEqual([]);
    await vi.waitFor(() => expect(got).toHaveLength(100));
    expect(got).toEqual(got.map((_, n) => n));
  });

  test('a chain of forwards through 10,000 actors does not overflow the stack', async () => {
    const length = 10_000;
    let end: () => void = () => {};
    const arrived = new Promise<void>((resolve) => {
      end = resolve;
    });
    const refs: AnyActorRef[] = [];
    for (let n = 0; n < length; n++) {
      const forward = fromTransition((state: undefined) => {
        if (n + 1 < length) send(refs[n + 1] as AnyActorRef, { type: 'go' });
        else end();
        return state;
      }, undefined);
      refs.push(createActor(forward).start());
    }
    send(refs[0] as AnyActorRef, { type: 'go' });
    await arrived;
    expect(refs.every((ref) => ref.getSnapshot().status === 'active')).toBe(true);
  });

  test('a ping-pong without end lets timers and I/O run', async () => {
    let rallies = 0;
    let over = false;
    const refs: AnyActorRef[] = [0, 1].map((n) =>
      createActor(
        fromTransition((_: undefined) => {
          rallies++;
          if (!over) send(refs[1 - n] as AnyActorRef, { type: 'ball' });
          return _;
        }, undefined),
      ).start(),
    );
    send(refs[0] as AnyActorRef, { type: 'ball' });
    await new Promise((resolve) => setTimeout(resolve, 1));
    await turn();
    over = true;
    expect(rallies).toBeGreaterThan(10);
  });

  test('a full mailbox does not keep the others waiting', async () => {
    const order: string[] = [];
    const logic = (id: string) => fromTransition((_: undefined) => void order.push(id), undefined);
    const t = await running({
      children: ['a', 'b'].map((id) => child({ id, name: id, logic: logic(id) })),
    });
    for (let n = 0; n < 1000; n++) send(t.who('a'), { type: 'x' });
    send(t.who('b'), { type: 'x' });
    await vi.waitFor(() => expect(order).toHaveLength(1001));
    expect(order.indexOf('b')).toBeLessThan(100);
  });

  test('to an actor that dies of an earlier message: the rest are dead letters, counted and published', async () => {
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' })],
    });
    const ref = t.who('a');
    send(ref, { type: 'throw', error: new Error('x') });
    send(ref, { type: 'inc' });
    send(ref, { type: 'inc' });
    await vi.waitFor(() => expect(t.runtime.deadLetters).toBe(2));
    send(ref, { type: 'get' });
    expect(t.events.filter(({ type }) => type === 'dead-letter')).toMatchObject([
      { to: 'root/a', event: { type: 'inc' }, count: 1 },
      { to: 'root/a', event: { type: 'inc' }, count: 2 },
      { to: 'root/a', event: { type: 'get' }, count: 3 },
    ]);
    expect(t.incarnation('a')).toBeUndefined();
  });

  test('what is waiting for one incarnation does not reach the next', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    const ref = t.who('a');
    send(ref, { type: 'inc' });
    exit(ref, { type: 'killed' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    expect(await t.runtime.ask('a', { type: 'get' })).toBe(0);
    expect(t.runtime.deadLetters).toBe(1);
  });

  test('an actor crashed by a message does not hold up the messages of others', async () => {
    const t = await running({
      children: ['a', 'b'].map((id) => child({ id, name: id, logic: obedient })),
    });
    t.runtime.send('a', { type: 'throw', error: 1 } as never);
    t.runtime.send('b', { type: 'inc' });
    expect(await t.runtime.ask('b', { type: 'get' })).toBe(1);
  });

  test.each([['no-object'], [undefined], [null], [{}], [{ type: 1 }]])('refuses %o', async (event) => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    expect(() => send(t.who('a'), event as never)).toThrow(OptionsError);
  });
});

describe('names', () => {
  test('belong to the current incarnation, and to nobody in between', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    const first = t.who('a');
    exit(first, { type: 'killed' });
    expect(t.runtime.whereis('a')).toBeUndefined();
    t.runtime.send('a', { type: 'inc' });
    expect(t.events.at(-1)).toMatchObject({ type: 'dead-letter', to: 'a' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    expect(t.who('a')).not.toBe(first);
  });

  test('sendToName reaches a sibling, and asks for whoever bears the name by then', async () => {
    const sender = createMachine({
      context: { by: 'me' },
      on: {
        fixed: { actions: sendToName('a', { type: 'inc' }) },
        made: { actions: sendToName('a', ({ context }) => ({ type: 'inc', by: context.by })) },
        nobody: { actions: sendToName('nobody', { type: 'inc' }) },
      },
    });
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: obedient }),
        child({ id: 's', name: 's', logic: sender }),
      ],
    });
    for (const type of ['fixed', 'made', 'nobody']) t.runtime.send('s', { type });
    await vi.waitFor(async () => expect(await t.runtime.ask('a', { type: 'get' })).toBe(2));
    expect(t.runtime.deadLetters).toBe(1);
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    t.runtime.send('s', { type: 'fixed' });
    await vi.waitFor(async () => expect(await t.runtime.ask('a', { type: 'get' })).toBe(1));
  });

  test('sendToName from what an actor invoked', async () => {
    const inner = createMachine({ entry: sendToName('a', { type: 'inc' }) });
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: obedient }),
        child({ id: 's', logic: createMachine({ invoke: { src: inner } }) }),
      ],
    });
    await vi.waitFor(async () => expect(await t.runtime.ask('a', { type: 'get' })).toBe(1));
  });

  test('two runtimes do not share them', async () => {
    const logic = fromCallback(() => {});
    const one = await running({ children: [child({ id: 'a', name: 'same', logic })] });
    const two = await running({ children: [child({ id: 'a', name: 'same', logic })] });
    expect(one.who('same')).not.toBe(two.who('same'));
  });
});

describe('a mailbox', () => {
  const noting = (got: unknown[]) =>
    fromTransition(
      (_: undefined, event: { type: string }): undefined => void got.push(event.type),
      undefined,
    );

  test('of what an actor spawned has its own bound, not that of the actor’s spec', async () => {
    const got: string[] = [];
    const logic = setup({ actors: { inner: noting(got) } }).createMachine({
      context: ({ spawn }) => ({ inner: spawn('inner', { id: 'inner' }) }),
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, mailbox: { bound: 1 } })] });
    const { inner } = t.who('a').getSnapshot().context;
    for (const type of ['1', '2', '3']) send(inner, { type });
    await turns();
    expect(got).toEqual(['1', '2', '3']);
  });

  test('what was sent to what an actor spawned, and is no more, is a dead letter of both names', async () => {
    const logic = setup({ actors: { inner: fromTransition((_: undefined) => _, undefined) } }).createMachine({
      initial: 'on',
      states: { on: { invoke: { id: 'inner', src: 'inner' }, on: { off: 'off' } }, off: {} },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    const inner = t.who('a').getSnapshot().children.inner;
    t.who('a').send({ type: 'off' });
    send(inner, { type: 'x' });
    expect(t.events.at(-1)).toMatchObject({ type: 'dead-letter', to: 'root/a/inner', because: 'dead' });
  });

  test('sent to in the making of its actor, which fails: a dead letter under its path', async () => {
    const logic = createMachine({
      context: ({ self }) => {
        send(self, { type: 'x' });
        throw new Error('context');
      },
    });
    const t = prepare({ children: [child({ id: 'a', logic })] });
    await expect(t.runtime.start()).rejects.toThrow(/context/);
    await turns();
    expect(t.events.filter(({ type }) => type === 'dead-letter')).toMatchObject([
      { to: 'root/a', event: { type: 'x' }, because: 'dead', count: 1 },
    ]);
  });

  test('of nobody’s actor that has ended takes nothing, and harms no sender', async () => {
    const got: string[] = [];
    const plain = createActor(noting(got)).start();
    send(plain, { type: 'waits' });
    plain.stop();
    send(plain, { type: 'late' });
    await turns();
    expect(got.filter((type) => type !== 'xstate.stop')).toEqual([]);
  });

  test('of nobody’s actor, full, says whose it is', () => {
    const plain = createActor(noting([]), { id: 'plain' }).start();
    for (let n = 0; n < 10_000; n++) send(plain, { type: 'n' });
    expect(() => send(plain, { type: 'n' })).toThrow(/'plain' is full: 10000 events.*'n'/);
  });

  test('sent to after a suspended one: goes on to be served', async () => {
    const got: string[] = [];
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: noting(got) }),
        child({ id: 'b', name: 'b', logic: obedient }),
      ],
    });
    await sys.suspend(t.who('a'));
    send(t.who('a'), { type: 'held' });
    t.runtime.send('b', { type: 'inc' });
    expect(await t.runtime.ask('b', { type: 'get' })).toBe(1);
    expect(got).toEqual([]);
  });

  test('an inspector of nobody’s actor that throws: the error is the process’s, and everybody is served', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const failure = new Error('inspector');
      let fails = false;
      const plain = createActor(noting([]), {
        inspect: () => {
          if (fails) throw failure;
        },
      }).start();
      const t = await running({ children: [child({ id: 'b', name: 'b', logic: obedient })] });
      fails = true;
      send(plain, { type: 'x' });
      t.runtime.send('b', { type: 'inc' });
      await turns();
      expect(t.who('b').getSnapshot().context.count).toBe(1);
      expect(() => vi.runAllTimers()).toThrow(failure);
    } finally {
      vi.useRealTimers();
    }
  });
});
