import { describe, expect, test, vi } from 'vitest';
import {
  type AnyActorRef,
  assign,
  createActor,
  createMachine,
  fromCallback,
  fromTransition,
  setup,
} from 'xstate';
import { MailboxFullError, NoSuchActorError, OptionsError, StateError } from '../../src/errors.js';
import {
  ask,
  dispatch,
  exit,
  incarnationOf,
  join,
  monitor,
  reply,
  send,
  sys,
} from '../../src/runtime/index.js';
import { child, stop, supervisor, whichChildren } from '../../supervisors/index.js';
import { obedient, running, turns } from './running.js';

const noting = (got: unknown[]) =>
  fromTransition((_: undefined, event: { type: string }): undefined => void got.push(event.type), undefined);

describe('Y1: the state of an actor', () => {
  test('Y1: is plain data, whatever it is made of', async () => {
    const unreadable = {
      get trap(): never {
        throw new Error('trap');
      },
    };
    const logic = setup({ actors: { inner: fromCallback(() => {}) } }).createMachine({
      context: { n: 1, unreadable, call: () => {} },
      initial: 'on',
      states: { on: { tags: 'busy', invoke: { id: 'inner', src: 'inner' } } },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    send(t.who('a'), { type: 'x' });
    const state = sys.getState(t.who('a'));
    expect(JSON.parse(JSON.stringify(state))).toEqual({
      id: 'a',
      path: 'root/a',
      incarnation: 1,
      status: 'active',
      value: 'on',
      tags: ['busy'],
      context: { n: 1, unreadable: '(unreadable)' },
      children: ['inner'],
      suspended: false,
      mailbox: 1,
    });
  });

  test('Y1: with actors by their id, cycles marked, errors in words', async () => {
    const circle: Record<string, unknown> = { n: 1 };
    circle.self = circle;
    const logic = createMachine({
      context: ({ self }) => ({
        self,
        circle,
        map: new Map([['k', new Set([1, 2n])]]),
        error: Object.assign(new Error('bad'), { code: 'E' }),
        bytes: new Uint8Array(3),
        at: new Date(0),
        call: () => {},
        lookalikes: [{ sessionId: 1 }, { system: 1, sessionId: 2 }, { getSnapshot: 1, sessionId: 3 }],
      }),
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    expect(JSON.parse(JSON.stringify(sys.getState(t.who('a')).context))).toEqual({
      self: { actor: 'a' },
      circle: { n: 1, self: '(circular)' },
      map: { k: [1, '2'] },
      error: { name: 'Error', message: 'bad', code: 'E' },
      bytes: '(3 bytes)',
      at: '1970-01-01T00:00:00.000Z',
      lookalikes: [{ sessionId: 1 }, { system: 1, sessionId: 2 }, { getSnapshot: 1, sessionId: 3 }],
    });
  });

  test('Y1: of a supervisor, of what has ended, of what no supervisor knows', async () => {
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' })],
    });
    expect(sys.getState(t.runtime.root)).toMatchObject({ path: 'root', value: 'running' });
    const a = t.who('a');
    a.send({ type: 'finish' });
    expect(sys.getState(a)).toMatchObject({ status: 'done', value: 'off' });
    expect(sys.getState(createActor(obedient).start())).toMatchObject({ value: 'on', context: { count: 0 } });
  });

  test('Y1: can be replaced, between two transitions, and is then told as any other', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    const a = t.who('a');
    const seen: unknown[] = [];
    a.subscribe((snapshot) => seen.push(snapshot.context));
    const traced: string[] = [];
    sys.trace(a, ({ type, event }) => traced.push(`${type} ${event.type}`));
    const replaced = sys.replaceState(a, ({ context }) => ({
      context: { count: (context as { count: number }).count + 41 },
    }));
    a.send({ type: 'inc' });
    expect(await replaced).toMatchObject({ value: 'on', context: { count: 42 } });
    expect(await ask(a, { type: 'get' })).toBe(42);
    expect(seen).toContainEqual({ count: 42 });
    expect(traced).toContain('transition holdfast.replace-state');
    await sys.replaceState(a, () => ({ value: 'waiting' }));
    expect(a.getSnapshot().matches('waiting')).toBe(true);
    a.send({ type: 'ready' });
    expect(a.getSnapshot().value).toBe('on');
  });

  test('Y1: what it spawned goes on; a final state ends it', async () => {
    const logic = createMachine({
      initial: 'x',
      states: {
        x: { invoke: { id: 'inner', src: fromCallback(() => {}) } },
        y: { invoke: { src: fromCallback(() => {}) } },
        end: { type: 'final' },
      },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'transient' })] });
    const a = t.who('a');
    expect((await sys.replaceState(a, () => ({ value: 'y' }))).children).toEqual(['inner']);
    await sys.replaceState(a, () => ({ value: 'end' }));
    expect(t.told('actor.stopped')).toEqual(['actor.stopped root/a#1']);
  });

  test('Y1: a transition’s state, too', async () => {
    const logic = fromTransition((n: number, event) => (event.type === 'inc' ? n + 1 : n), 0);
    const actor = createActor(logic).start();
    await sys.replaceState(actor, ({ context }) => ({ context: Number(context) + 10 }));
    actor.send({ type: 'inc' });
    expect(actor.getSnapshot().context).toBe(11);
  });

  test.each<[string, () => object, unknown]>([
    [
      'the function throws',
      () => {
        throw new Error('mine');
      },
      expect.objectContaining({ message: 'mine' }),
    ],
    ['there is no such state', () => ({ value: 'nowhere' }), expect.any(Error)],
    ['it returns none', () => 5 as never, expect.any(OptionsError)],
    ['it returns a promise', () => Promise.resolve({ value: 'off' }), expect.any(OptionsError)],
  ])('Y1: is unchanged, and the actor lives, when %s', async (_, change, error) => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    const before = t.who('a').getSnapshot();
    await expect(sys.replaceState(t.who('a'), change)).rejects.toEqual(error);
    expect(t.who('a').getSnapshot()).toBe(before);
    expect(t.incarnation('a')).toBe(1);
  });

  test('Y1: cannot be replaced where there is none', async () => {
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: fromCallback(() => {}) }),
        child({ id: 'b', name: 'b', logic: obedient, restart: 'temporary' }),
      ],
    });
    await expect(sys.replaceState(t.who('a'), (state) => state)).rejects.toBeInstanceOf(StateError);
    await expect(sys.replaceState(t.runtime.root, (state) => state)).rejects.toBeInstanceOf(StateError);
    const b = t.who('b');
    exit(b, { type: 'killed' });
    await expect(sys.replaceState(b, (state) => state)).rejects.toBeInstanceOf(NoSuchActorError);
  });
});

describe('Y1: suspend', () => {
  async function held() {
    const got: unknown[] = [];
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: noting(got), restart: 'temporary', mailbox: { bound: 4 } }),
        child({ id: 'b', name: 'b', logic: obedient, restart: 'temporary' }),
      ],
    });
    const a = t.who('a');
    send(a, { type: 'before' });
    await sys.suspend(a);
    return { ...t, a, got };
  }

  test('Y1: keeps what comes by every way, in order, until resume', async () => {
    const t = await held();
    await sys.suspend(t.a);
    join(t.a, 'g');
    t.runtime.send('a', { type: 'named' });
    dispatch(t.runtime, 'g', { type: 'dispatched' });
    const asked = ask(t.a, { type: 'asked' }, { timeout: '1h' }).catch((error: unknown) => error);
    monitor(t.a, t.who('b'));
    exit(t.who('b'), { type: 'killed' });
    await turns();
    expect(t.got).toEqual([]);
    expect(() => send(t.a, { type: 'more' })).toThrow(MailboxFullError);
    expect(sys.getState(t.a)).toMatchObject({ suspended: true, mailbox: 4 });
    sys.resume(t.a);
    sys.resume(t.a);
    await turns();
    send(t.a, { type: 'after' });
    await turns();
    expect(t.got).toEqual(['holdfast.down', 'before', 'named', 'dispatched', 'asked', 'after']);
    exit(t.a, { type: 'killed' });
    expect(await asked).toMatchObject({ code: 'HOLDFAST_ACTOR_DIED' });
  });

  test('Y1: holds no kill, no order to stop, and what waited is then dead letters', async () => {
    const t = await held();
    exit(t.a, { type: 'killed' });
    expect(t.runtime.whereis('a')).toBeUndefined();
    await turns();
    expect(t.runtime.deadLetters).toBe(1);
    const stopping = fromCallback(({ receive, self }) =>
      receive(({ type }) => type === 'holdfast.shutdown' && exit(self, { type: 'normal' })),
    );
    const u = await running({ children: [child({ id: 's', name: 's', logic: stopping, trapExit: true })] });
    await sys.suspend(u.who('s'));
    await stop(u.runtime.root);
    expect(u.told('actor.stopped')).toContain('actor.stopped root/s#1');
  });

  test('Y1: the next incarnation is not suspended', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    await sys.suspend(t.who('a'));
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    expect(await t.runtime.ask('a', { type: 'get' })).toBe(0);
    expect(sys.getState(t.who('a')).suspended).toBe(false);
  });

  test('Y1: an actor may suspend itself in the midst of a batch', async () => {
    const got: string[] = [];
    const logic = fromTransition((_: undefined, { type }: { type: string }, { self }): undefined => {
      got.push(type);
      if (type === 'suspend') void sys.suspend(self);
    }, undefined);
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    for (const type of ['1', 'suspend', '2', '3']) send(t.who('a'), { type });
    await turns();
    expect(got).toEqual(['1', 'suspend']);
    sys.resume(t.who('a'));
    await turns();
    expect(got).toEqual(['1', 'suspend', '2', '3']);
  });

  test('Y1: a supervisor serves no exit and no call, and all of them after resume', async () => {
    const inner = supervisor({ children: [child({ id: 'x', name: 'x', logic: obedient })] });
    const t = await running({ children: [child({ id: 'inner', name: 'inner', logic: inner })] });
    const sup = t.who('inner');
    await sys.suspend(sup);
    exit(t.who('x'), { type: 'killed' });
    let answered = false;
    const asked = whichChildren(sup as never).then((children) => {
      answered = true;
      return children;
    });
    await turns();
    expect([t.runtime.whereis('x'), answered]).toEqual([undefined, false]);
    sys.resume(sup);
    expect(await asked).toMatchObject([{ id: 'x', status: 'running' }]);
    expect(t.incarnation('x')).toBe(2);
  });

  test('Y1: of who has ended is an error', async () => {
    const t = await held();
    exit(t.a, { type: 'killed' });
    await expect(sys.suspend(t.a)).rejects.toBeInstanceOf(NoSuchActorError);
    sys.resume(t.a);
  });
});

describe('Y1: trace and statistics', () => {
  const relay = createMachine({
    context: { n: 0 },
    on: {
      go: {
        actions: [
          assign({ n: ({ context }) => context.n + 1 }),
          ({ event }) => send(event.to as AnyActorRef, { type: 'inc' }),
        ],
      },
      get: { actions: ({ event }) => void reply(event, 1) },
    },
  });
  const pair = () =>
    running({
      children: [
        child({ id: 'r', name: 'r', logic: relay }),
        child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' }),
      ],
    });

  test('Y1: tells what goes in and out and what becomes of it, of this actor only, until stopped', async () => {
    const t = await pair();
    const seen: string[] = [];
    const off = sys.trace(t.who('r'), (what) => {
      const context =
        what.type === 'transition' ? JSON.stringify((what.snapshot as { context: unknown }).context) : '';
      seen.push(`${what.type} ${what.event.type} ${what.type === 'out' ? what.to : context}`.trim());
    });
    send(t.who('r'), { type: 'go', to: t.who('a') });
    t.who('r').send({ type: 'go', to: t.who('a') });
    t.who('a').send({ type: 'inc' });
    send(t.who('a'), { type: 'inc' });
    await turns();
    expect(seen).toEqual([
      'in go',
      'out inc root/a',
      'transition go {"n":1}',
      'in go',
      'out inc root/a',
      'transition go {"n":2}',
    ]);
    off();
    send(t.who('r'), { type: 'go', to: t.who('a') });
    await turns();
    expect(seen).toHaveLength(6);
  });

  test('Y1: a listener that throws harms nobody and is reported', async () => {
    const t = await pair();
    sys.trace(t.who('r'), () => {
      throw new Error('listener');
    });
    t.who('r').send({ type: 'go', to: t.who('a') });
    expect(await ask(t.who('a'), { type: 'get' })).toBe(1);
    expect(t.incarnation('r')).toBe(1);
    expect(t.events.filter(({ type }) => type === 'listener.failed')).toHaveLength(3);
  });

  test('Y1: counts from the first call to the last', async () => {
    const t = await pair();
    const r = t.who('r');
    send(r, { type: 'go', to: t.who('a') });
    await turns();
    const zero = { since: expect.any(Number), messagesIn: 0, messagesOut: 0, mailbox: 0 };
    expect(sys.statistics(r)).toEqual(zero);
    for (const _ of [1, 2]) send(r, { type: 'go', to: t.who('a') });
    await ask(r, { type: 'get' });
    send(r, { type: 'x' });
    expect(sys.statistics(r)).toEqual({ ...zero, messagesIn: 3, messagesOut: 3, mailbox: 1 });
    expect(sys.statistics(r, 'off')).toMatchObject({ messagesIn: 3 });
    expect(sys.statistics(r, 'off')).toMatchObject({ messagesIn: 0 });
  });

  test('Y1: what was refused was not sent', async () => {
    const t = await running({
      children: [
        child({
          id: 'r',
          name: 'r',
          logic: createMachine({
            on: {
              go: {
                actions: ({ event }) => {
                  for (const _ of [1, 2, 3]) {
                    try {
                      send(event.to, { type: 'inc' });
                    } catch {}
                  }
                },
              },
            },
          }),
        }),
        child({ id: 'a', name: 'a', logic: obedient, mailbox: { bound: 2 } }),
      ],
    });
    sys.statistics(t.who('r'));
    t.who('r').send({ type: 'go', to: t.who('a') });
    expect(sys.statistics(t.who('r')).messagesOut).toBe(2);
  });

  test('Y1: end with the actor', async () => {
    const t = await pair();
    const a = t.who('a');
    const seen: unknown[] = [];
    const off = sys.trace(a, (what) => void seen.push(what.type));
    sys.statistics(a);
    exit(a, { type: 'killed' });
    const { length } = seen;
    send(a, { type: 'inc' });
    off();
    expect(seen).toHaveLength(length);
    expect(sys.trace(a, () => {})).toBeTypeOf('function');
    expect(incarnationOf(t.who('r'))).toBe(1);
  });
});
