import { describe, expect, test } from 'vitest';
import { type AnyActorRef, createMachine, fromCallback, fromPromise, fromTransition, setup } from 'xstate';
import { attribution } from '../../src/runtime/attribution.js';
import { type ExitReason, exit } from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { child } from '../../supervisors/index.js';
import { obedient, running, traced, turns } from './running.js';

const boom = new Error('boom');
const ends = ['actor.crashed', 'actor.stopped'];

describe('an actor that is ended within its own transition', () => {
  test.each<ExitReason>([{ type: 'killed' }, { type: 'error', error: boom }])(
    'by $type, and is done by it, has been done: its snapshot says so, its reason is the first',
    async (reason) => {
      const logic = createMachine({
        initial: 'on',
        states: {
          on: { on: { go: { target: 'off', actions: ({ self }) => exit(self, reason) } } },
          off: { type: 'final' },
        },
      });
      const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })] });
      const ref = t.who('a');
      ref.send({ type: 'go' });
      expect(ref.getSnapshot().status).toBe('done');
      expect(t.events.filter(({ type }) => ends.includes(type))).toMatchObject([{ reason }]);
    },
  );

  test('within a descendant’s transition: at once', async () => {
    const trace: string[] = [];
    const inner = createMachine({
      on: {
        go: {
          actions: () => {
            exit(t.who('a'), { type: 'killed' });
            trace.push('on');
          },
        },
      },
    });
    const logic = setup({ actors: { inner } }).createMachine({
      invoke: [{ id: 'inner', src: 'inner' }, { src: traced(trace, 'other') as never }],
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })] });
    trace.length = 0;
    const it = t.who('a').getSnapshot().children.inner;
    it.send({ type: 'go' });
    expect(trace).toEqual(['-other', 'on']);
    expect(t.runtime.whereis('a')).toBeUndefined();
  });
});

describe('a descendant', () => {
  test('works as its supervised actor, in its start and its transitions', async () => {
    const seen: unknown[] = [];
    const look = (): void => void seen.push(attribution().current());
    const inner = createMachine({ entry: look, on: { go: { actions: look } } });
    const logic = setup({ actors: { inner } }).createMachine({ invoke: { id: 'inner', src: 'inner' } });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    t.who('a').getSnapshot().children.inner.send({ type: 'go' });
    expect(seen).toEqual([ownerOf(t.who('a')), ownerOf(t.who('a'))]);
  });

  test('whose error its parent handles is told to nobody else', async () => {
    const logic = createMachine({
      initial: 'x',
      states: {
        x: {
          invoke: {
            src: fromPromise(async () => {
              throw boom;
            }),
            onError: 'y',
          },
        },
        y: {},
      },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    await turns();
    expect(t.who('a').getSnapshot().value).toBe('y');
    expect(t.told('actor.late-error')).toEqual([]);
  });

  test.each([
    ['while nobody ends', () => {}],
    ['while the family is about to end', (self: AnyActorRef) => exit(self, { type: 'killed' })],
  ])(
    'whose error is handled by a parent that has done something before: told to nobody else, %s',
    async (_, before) => {
      const failing = fromCallback(() => {
        throw boom;
      });
      const inner = setup({ actors: { failing } }).createMachine({
        initial: 'x',
        states: { x: { on: { go: 'y' } }, y: { invoke: { src: 'failing', onError: 'z' } }, z: {} },
        on: { something: {} },
      });
      const logic = setup({ actors: { inner } }).createMachine({
        invoke: { id: 'inner', src: 'inner' },
        on: {
          go: {
            actions: ({ self }) => {
              before(self);
              for (const type of ['something', 'go']) self.getSnapshot().children.inner?.send({ type });
            },
          },
        },
      });
      const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })] });
      const it = t.who('a').getSnapshot().children.inner;
      t.who('a').send({ type: 'go' });
      expect(it.getSnapshot().value).toBe('z');
      expect(t.told('actor.late-error')).toEqual([]);
    },
  );

  test('that errs when its parent is no more, is told of as a late error', async () => {
    const inner = createMachine({
      invoke: {
        src: fromCallback(() => () => {
          throw boom;
        }),
      },
    });
    const logic = setup({ actors: { inner } }).createMachine({
      initial: 'x',
      states: { x: { invoke: { src: 'inner' }, on: { leave: 'y' } }, y: {} },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    t.who('a').send({ type: 'leave' });
    expect(t.events.filter(({ type }) => type === 'actor.late-error')).toMatchObject([{ error: boom }]);
    expect(t.incarnation('a')).toBe(1);
  });
});

describe('an error of a descendant', () => {
  test('that one region takes by name is handled, though another takes anything', async () => {
    const logic = createMachine({
      type: 'parallel',
      states: {
        one: {
          initial: 'x',
          states: {
            x: {
              invoke: {
                src: fromPromise(async () => {
                  throw boom;
                }),
                onError: 'y',
              },
            },
            y: {},
          },
        },
        other: { on: { '*': { actions: () => {} } } },
      },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    await turns();
    expect(t.who('a').getSnapshot().value).toMatchObject({ one: 'y' });
    expect(t.incarnation('a')).toBe(1);
  });

  test('is an event as any other to logic that is no machine', async () => {
    const got: unknown[] = [];
    const logic = fromTransition((_: undefined, event: { type: string }) => void got.push(event), undefined);
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    const event = { type: 'xstate.error.actor.x', error: boom };
    t.who('a').send(event);
    expect(got).toEqual([event]);
    expect(t.incarnation('a')).toBe(1);
  });

  test('while all of them are killed is a late error', async () => {
    const logic = createMachine({
      invoke: {
        src: fromCallback(() => () => {
          throw boom;
        }),
      },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })] });
    exit(t.who('a'), { type: 'killed' });
    expect(t.events.filter(({ type }) => type === 'actor.late-error')).toMatchObject([{ error: boom }]);
  });
});

describe('a family', () => {
  test('works on until the transition that ends it is over', async () => {
    const trace: string[] = [];
    const inner = createMachine({ on: { go: { actions: () => void trace.push('inner') } } });
    const logic = setup({ actors: { inner } }).createMachine({
      invoke: { id: 'inner', src: 'inner' },
      on: {
        go: {
          actions: ({ self }) => {
            exit(self, { type: 'killed' });
            self.getSnapshot().children.inner?.send({ type: 'go' });
            trace.push('outer');
          },
        },
      },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })] });
    t.who('a').send({ type: 'go' });
    expect(trace).toEqual(['inner', 'outer']);
    expect(t.runtime.whereis('a')).toBeUndefined();
  });

  test('an inspector of its system that throws is reported', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    t.who('a').system.inspect(() => {
      throw boom;
    });
    t.who('a').send({ type: 'inc' });
    expect(t.who('a').getSnapshot().context.count).toBe(1);
    expect(t.events.find(({ type }) => type === 'listener.failed')).toMatchObject({
      listener: 'inspect',
      error: boom,
    });
  });

  test('a guard that throws when it is asked to stop counts as no, and it is stopped', async () => {
    const guard = (): boolean => {
      throw boom;
    };
    const logic = createMachine({ on: { 'holdfast.shutdown': { guard, actions: () => {} } } });
    const t = await running({ children: [child({ id: 'a', logic, shutdown: 'infinity' })] });
    await t.runtime.stop();
    expect(t.events.find(({ type }) => type === 'actor.stopped')).toMatchObject({
      path: 'root/a',
      reason: { type: 'shutdown' },
    });
  });
});
