import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import {
  type ActorRefFrom,
  type AnyActorRef,
  assign,
  createActor,
  createMachine,
  fromCallback,
  fromTransition,
  setup,
} from 'xstate';
import { NoSuchActorError, StateError } from '../../src/errors.js';
import {
  actorName,
  ask,
  type ChildSpec,
  dispatch,
  type ExitReason,
  exit,
  join,
  leave,
  members,
  monitor,
  type Question,
  reply,
  sendToName,
} from '../../src/runtime/index.js';
import { Names } from '../../src/runtime/names.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { child } from '../../supervisors/index.js';
import { obedient, type Running, running, turns } from './running.js';

const killed: ExitReason = { type: 'killed' };

const counter = setup({
  types: {} as {
    context: { count: number };
    events: { type: 'inc'; by: number } | Question<{ type: 'how-many' }, number> | { type: 'untold' };
  },
}).createMachine({
  context: { count: 0 },
  on: {
    inc: { actions: assign({ count: ({ context, event }) => context.count + event.by }) },
    'how-many': { actions: ({ context, event }) => void reply(event, context.count) },
    untold: { actions: ({ event }) => void reply(event, 'anything') },
  },
});

describe('an actorName', () => {
  const name = actorName<typeof counter>('counter');
  const start = () => running({ children: [child({ id: 'c', name, logic: counter })] });

  test('is the string that it was given, and plain ones go on working', async () => {
    const t = await start();
    expect(name).toBe('counter');
    expect(t.runtime.whereis('counter')).toBe(t.runtime.whereis(name));
    t.runtime.send('counter', { type: 'inc', by: 1 });
    expect(await t.runtime.ask<number>('counter', { type: 'how-many' })).toBe(1);
  });

  test('knows the reference, the events and the replies', async () => {
    const t = await start();
    const ref = t.runtime.whereis(name);
    expectTypeOf(ref).toEqualTypeOf<ActorRefFrom<typeof counter> | undefined>();
    expectTypeOf(t.runtime.whereis('other')).toEqualTypeOf<AnyActorRef | undefined>();
    t.runtime.send(name, { type: 'inc', by: 2 });

    const total = await t.runtime.ask(name, { type: 'how-many' });
    expectTypeOf(total).toEqualTypeOf<number>();
    expect(total).toBe(2);
    const byRef = await ask(ref as ActorRefFrom<typeof counter>, { type: 'how-many' });
    expectTypeOf(byRef).toEqualTypeOf<number>();
    const untold = await t.runtime.ask(name, { type: 'untold' });
    expectTypeOf(untold).toBeUnknown();
    expect(untold).toBe('anything');
    expectTypeOf(await t.runtime.ask('counter', { type: 'untold' })).toBeUnknown();
    const wrong = () => {
      // @ts-expect-error it has no such event
      t.runtime.send(name, { type: 'dec' });
      // @ts-expect-error `by` is a number
      t.runtime.send(name, { type: 'inc', by: 'two' });
      // @ts-expect-error it has no such event
      return t.runtime.ask(name, { type: 'how-much' });
    };
    expect(wrong).toBeTypeOf('function');
  });

  test('knows what sendToName may send, and what a reply must be', () => {
    createMachine({ entry: sendToName(name, { type: 'inc', by: 1 }) });
    createMachine({ entry: sendToName(name, ({ event }) => ({ type: 'inc', by: event.type.length })) });
    createMachine({ entry: sendToName('plain', { type: 'anything' }) });
    // @ts-expect-error it has no such event
    createMachine({ entry: sendToName(name, { type: 'dec' }) });
    const asked = { type: 'how-many' } as Question<{ type: 'how-many' }, number>;
    reply(asked, 1);
    // @ts-expect-error the reply is a number
    reply(asked, 'one');
  });
});

describe('R1: a unique name', () => {
  test('R1, A5: that is taken is an error, and he who bears it keeps it', async () => {
    const logic = fromCallback(() => {});
    const t = await running({ children: [child({ id: 'a', name: 'n', logic })] }).then((up) => up);
    const first = t.who('n');
    await expect(
      running({
        children: [child({ id: 'a', name: 'n', logic }), child({ id: 'b', name: 'n', logic })],
      }),
    ).rejects.toThrow(/could not start its child 'b'.*borne by root\/a already/);
    expect(t.who('n')).toBe(first);
  });

  test('R1: of one that has ended is free at once, whether or not it was released', () => {
    const names = new Names();
    const [one, other] = ['one', 'other'].map((path) => ({ path, ref: createActor(obedient).start() }));
    if (one === undefined || other === undefined) throw new Error('two were made');
    names.claim('n', one);
    expect(() => names.claim('n', other)).toThrow(/borne by one already/);
    one.ref.stop();
    expect(names.whereis('n')).toBeUndefined();
    names.claim('n', other);
    names.release('n', one);
    expect(names.whereis('n')).toBe(other.ref);
    // Its last snapshot says that it is active: it is stopped all the same.
    const plain = { path: 'plain', ref: createActor(fromTransition((_: undefined) => _, undefined)).start() };
    names.claim('m', plain);
    plain.ref.stop();
    expect(names.whereis('m')).toBeUndefined();
  });

  test('R1: claimed twice by who bears it is borne by it, and ends with it', () => {
    const names = new Names();
    const bearer = { path: 'one', ref: createActor(obedient).start() };
    names.claim('n', bearer);
    names.claim('n', bearer);
    expect([names.whereis('n'), names.size]).toEqual([bearer.ref, 1]);
    names.release('n', bearer);
    expect([names.whereis('n'), names.size]).toEqual([undefined, 0]);
  });

  test('R2: nobody sees a bearer that has ended, not even those who hear of its end first', async () => {
    const seen: unknown[] = [];
    const t = await running({
      children: ['a', 'b'].map((id) => child({ id, name: id, logic: obedient, restart: 'temporary' })),
    });
    const look = (id: string) => () => void seen.push(t.runtime.whereis(id), members(t.runtime, id));
    const [a, b] = [t.who('a'), t.who('b')];
    join(a, 'a');
    join(b, 'b');
    // The last snapshot is told before the end is.
    b.subscribe({ next: look('b') });
    for (const ref of [a, b]) ref.subscribe({ complete: look(ref.id), error: look(ref.id) });
    for (const topic of ['actor.crashed', 'actor.stopped'] as const) {
      t.runtime.bus.subscribe(topic, ({ id }) => look(id)());
    }
    exit(a, killed);
    b.send({ type: 'finish' });
    expect(seen).toHaveLength(2 * 5);
    expect(seen.filter((each) => each !== undefined)).toEqual([[], [], [], [], []]);
    expect([ownerOf(a)?.scope.groups.size, ownerOf(a)?.scope.names.size]).toEqual([0, 0]);
  });
});

test('P5, GS1: a name is free before anybody is told of the end, and a supervisor can start the next at once', async () => {
  const seen: unknown[] = [];
  const watcher = createMachine({
    on: { 'holdfast.down': { actions: () => void seen.push(t.runtime.whereis('a')) } },
  });
  const t = await running({
    children: [
      child({ id: 'w', name: 'w', logic: watcher }),
      child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' }),
      child({ id: 'b', name: 'b', logic: obedient }),
    ],
  });
  monitor(t.who('w'), t.who('a'));
  exit(t.who('a'), killed);
  exit(t.who('b'), killed);
  await vi.waitFor(() => expect(t.incarnation('b')).toBe(2));
  expect(seen).toEqual([undefined]);
});

describe('R1: a group', () => {
  const group = (...ids: string[]): Promise<Running> =>
    running({
      maxRestarts: 9,
      children: ids.map((id): ChildSpec => child({ id, name: id, logic: obedient })),
    });

  test('R1: has many members, one of them several times', async () => {
    const t = await group('a', 'b');
    for (const id of ['a', 'b', 'a']) join(t.who(id), 'g');
    expect(members(t.runtime, 'g')).toEqual([t.who('a'), t.who('a'), t.who('b')]);
    expect(members(t.who('b'), 'g')).toHaveLength(3);
    expect(members(t.runtime, 'other')).toEqual([]);
  });

  test('R2: a membership ends with its incarnation', async () => {
    const t = await group('a', 'b');
    const [a, b] = [t.who('a'), t.who('b')];
    for (const ref of [a, b]) for (const name of ['g', 'h']) join(ref, name);
    exit(a, killed);
    expect([members(t.runtime, 'g'), members(t.runtime, 'h')]).toEqual([[b], [b]]);
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    expect(members(t.runtime, 'g')).toEqual([b]);
    join(t.who('a'), 'g');
    expect(members(t.runtime, 'g')).toEqual([b, t.who('a')]);
  });

  test('R2: of several memberships each ends, be it that the actor leaves or that it ends', async () => {
    const t = await group('a', 'b');
    const [a, b] = [t.who('a'), t.who('b')];
    const { groups } = ownerOf(a)?.scope ?? {};
    for (const name of ['g', 'h', 'i']) join(a, name);
    join(b, 'i');
    leave(a, 'g');
    expect([groups?.size, members(t.runtime, 'g'), members(t.runtime, 'h')]).toEqual([2, [], [a]]);
    join(a, 'g');
    expect(members(t.runtime, 'g')).toEqual([a]);
    exit(a, killed);
    expect([groups?.size, members(t.runtime, 'i')]).toEqual([1, [b]]);
    leave(b, 'i');
    expect(groups?.size).toBe(0);
  });

  test('R2: nobody’s membership ends with that of another actor', async () => {
    const t = await group('a', 'b');
    join(t.who('a'), 'g');
    exit(t.who('b'), killed);
    expect(members(t.runtime, 'g')).toEqual([t.who('a')]);
  });

  test('R3: leave takes all its memberships of a group; who is no member leaves in peace', async () => {
    const t = await group('a', 'b', 'c');
    leave(t.who('c'), 'g');
    for (const id of ['a', 'a', 'b']) join(t.who(id), 'g');
    leave(t.who('a'), 'g');
    leave(t.who('a'), 'g');
    leave(t.who('a'), 'never');
    expect(members(t.runtime, 'g')).toEqual([t.who('b')]);
  });

  test('R3: dispatch sends to every member, and one that is full harms nobody', async () => {
    const t = await running({
      children: ['a', 'b'].map((id) =>
        child({ id, name: id, logic: obedient, ...(id === 'a' && { mailbox: { bound: 1 } }) }),
      ),
    });
    for (const id of ['a', 'b']) join(t.who(id), 'g');
    expect([dispatch(t.runtime, 'g', { type: 'inc' }), dispatch(t.who('a'), 'g', { type: 'inc' })]).toEqual([
      2, 2,
    ]);
    expect(dispatch(t.runtime, 'nobody', { type: 'inc' })).toBe(0);
    await turns();
    expect(await Promise.all(['a', 'b'].map((id) => t.runtime.ask(id, { type: 'get' })))).toEqual([1, 2]);
    expect(t.runtime.deadLetters).toBe(1);
  });

  test('R1: takes supervised actors that live', async () => {
    const t = await group('a');
    const a = t.who('a');
    exit(a, killed);
    expect(() => join(a, 'g')).toThrow(NoSuchActorError);
    expect(() => join(createActor(obedient).start(), 'g')).toThrow(StateError);
    expect(() => members(createActor(obedient).start(), 'g')).toThrow(StateError);
  });
});

test('sendToName of an actor that belongs to no runtime reaches nobody, and harms nobody', () => {
  const sender = createActor(
    createMachine({
      context: { sent: 0 },
      on: { go: { actions: [sendToName('a', { type: 'x' }), assign({ sent: 1 })] } },
    }),
  ).start();
  sender.send({ type: 'go' });
  expect(sender.getSnapshot()).toMatchObject({ status: 'active', context: { sent: 1 } });
});
