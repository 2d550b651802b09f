import { describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, createActor, createMachine, fromCallback, fromTransition } from 'xstate';
import { StartError, StateError } from '../../src/errors.js';
import { Incarnation } from '../../src/runtime/incarnation.js';
import { ask, type ExitReason, exit, reply, signalOf } from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { child } from '../../supervisors/index.js';
import { obedient, prepare, running, turns } from './running.js';

const killed: ExitReason = { type: 'killed' };

describe('an incarnation ends once, for the first reason', () => {
  test('however many are given in one transition', async () => {
    const logic = createMachine({
      on: {
        go: {
          actions: ({ self }) => {
            exit(self, { type: 'shutdown', detail: 1 });
            exit(self, killed);
            exit(self, { type: 'error', error: 2 });
          },
        },
      },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })] });
    t.who('a').send({ type: 'go' });
    expect(t.events.filter(({ type }) => ['actor.crashed', 'actor.stopped'].includes(type))).toMatchObject([
      { type: 'actor.stopped', reason: { type: 'shutdown', detail: 1 } },
    ]);
  });

  test('given in its making: it is not started, and that is a failed start', async () => {
    let made = 0;
    const logic = createMachine({
      context: ({ self }) => {
        exit(self, { type: 'shutdown', detail: 'early' });
        exit(self, killed);
        made++;
        return {};
      },
      entry: () => {
        throw new Error('started');
      },
    });
    for (const attributeAsyncErrors of [true, false]) {
      const t = prepare({ children: [child({ id: 'a', logic })] }, { attributeAsyncErrors });
      await expect(t.runtime.start()).rejects.toMatchObject({ childId: 'a' });
      expect(t.told().filter((line) => line.includes('root/a'))).toEqual(['actor.stopped root/a#1']);
      expect(t.events.find(({ type }) => type === 'actor.stopped')).toMatchObject({
        reason: { type: 'shutdown', detail: 'early' },
      });
    }
    expect(made).toBe(2);
  });

  test('normal in its making: done before it was ready, a failed start', async () => {
    const logic = createMachine({
      context: ({ self }) => {
        exit(self, { type: 'normal' });
        return {};
      },
    });
    const t = prepare({ children: [child({ id: 'a', logic })] });
    await expect(t.runtime.start()).rejects.toMatchObject({ childId: 'a', cause: expect.any(StateError) });
  });

  test('stopped by XState’s own means, it was killed', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    t.who('a').stop();
    expect(t.events.find(({ type }) => type === 'actor.crashed')).toMatchObject({ reason: killed });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
  });

  test.each(['ready', 'startInfo'] as const)(
    'given by its own `%s`: it does not become ready',
    async (asked) => {
      const t = prepare({
        children: [
          child({
            id: 'a',
            name: 'a',
            logic: obedient,
            [asked]: () => {
              exit(t.who('a'), { type: 'shutdown' });
              return true;
            },
          }),
        ],
      });
      await expect(t.runtime.start()).rejects.toMatchObject({ childId: 'a' });
      expect(t.told().filter((line) => line.includes('root/a'))).toEqual([
        'actor.started root/a#1',
        'actor.stopped root/a#1',
      ]);
      expect(t.runtime.whereis('a')).toBeUndefined();
    },
  );

  test.each([
    ['a machine', createMachine({ entry: ({ self }) => exit(self, killed) })],
    [
      'other logic',
      {
        ...fromTransition((_: undefined) => _, undefined),
        start: (_: unknown, { self }: { self: AnyActorRef }) => exit(self, killed),
      },
    ],
  ])('given in its own start, by %s: it does not become ready', async (_, logic) => {
    const asked = vi.fn(() => true);
    const t = prepare({ children: [child({ id: 'a', logic: logic as never, ready: asked })] });
    await expect(t.runtime.start()).rejects.toMatchObject({ childId: 'a' });
    expect(asked).not.toHaveBeenCalled();
    expect(t.told('actor.ready')).toEqual([]);
  });

  test('and who has asked to be told no more is not', async () => {
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' })],
    });
    const told: unknown[] = [];
    const incarnation = ownerOf(t.who('a'));
    const off = incarnation?.atEnd(() => told.push('one'));
    incarnation?.atEnd((reason) => told.push(reason));
    off?.();
    exit(t.who('a'), killed);
    off?.();
    expect(told).toEqual([killed]);
  });

  test('a runtime whose root is killed before it is started does not start, and tells its end', async () => {
    const before = process.listenerCount('uncaughtException');
    const t = prepare({ children: [child({ id: 'a', logic: obedient })] });
    exit(t.runtime.root, killed);
    expect(await t.runtime.exited).toEqual(killed);
    await expect(t.runtime.start()).rejects.toBeInstanceOf(StartError);
    expect(t.told()).toEqual(['actor.crashed root#1']);
    expect(process.listenerCount('uncaughtException')).toBe(before);
  });
});

describe('in the making of an actor', () => {
  test('it has no state yet, and whoever looks sees that', async () => {
    const seen: unknown[] = [];
    const logic = createMachine({
      context: () => {
        seen.push(t.runtime.tree().children);
        return {};
      },
    });
    const t = prepare({ children: [child({ id: 'a', logic })] });
    await t.runtime.start();
    expect(seen).toMatchObject([[{ id: 'a', status: 'starting', state: undefined }]]);
  });

  test('it may ask itself something: its transition is not what runs', async () => {
    const answers: unknown[] = [];
    const logic = createMachine({
      context: ({ self }) => {
        void ask(self, { type: 'get' }).then((answer) => answers.push(answer));
        return {};
      },
      on: { get: { actions: ({ event }) => void reply(event, 'got') } },
    });
    await running({ children: [child({ id: 'a', logic })] });
    await vi.waitFor(() => expect(answers).toEqual(['got']));
  });

  test('nobody else’s, made in the meantime or afterwards, is taken for its', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    const errors: unknown[] = [];
    const plain = createMachine({
      context: ({ self }) => {
        try {
          signalOf(self);
        } catch (error) {
          errors.push(error);
        }
        return {};
      },
    });
    createActor(plain);
    expect(errors).toEqual([expect.any(StateError)]);
    expect(t.incarnation('a')).toBe(1);
  });

  test('an incarnation has no actor', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    const { scope, spec } = ownerOf(t.who('a')) as Incarnation;
    const unmade = new Incarnation(scope, spec, 'root/unmade');
    expect(() => unmade.ref).toThrow(/root\/unmade has not been made/);
  });
});

describe('who is ready', () => {
  test('is told so once, whatever comes of it later', async () => {
    const seen: unknown[] = [];
    const logic = fromTransition((n: number) => n + 1, 0);
    const ready = ({ context }: { context: number }): boolean => {
      seen.push(context);
      return context === 0;
    };
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, ready })] });
    for (const _ of [1, 2]) t.who('a').send({ type: 'x' });
    expect([seen, t.told('actor.ready')]).toEqual([[0], ['actor.ready root/a#1', 'actor.ready root#1']]);
  });

  test('is not asked before what it invokes at once has begun', async () => {
    const seen: unknown[] = [];
    const logic = createMachine({
      initial: 'x',
      states: {
        x: { invoke: { src: fromCallback(({ sendBack }) => void sendBack({ type: 'up' })) } },
        y: {},
      },
      on: { up: '.y' },
    });
    await running({
      children: [
        child({
          id: 'a',
          logic,
          ready: (snapshot) => {
            seen.push((snapshot as { value: unknown }).value);
            return true;
          },
        }),
      ],
    });
    expect(seen).toEqual(['y']);
  });

  test('in time, has no timer left; nor has one that failed; a supervisor, which may take for ever, never has', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const waits = (rest: object) =>
        child({ id: 'a', name: 'a', logic: obedient, input: { waits: true }, ...rest });
      const t = prepare({ children: [waits({ startTimeout: 50 })] });
      const started = t.runtime.start();
      await turns();
      await vi.advanceTimersByTimeAsync(49);
      expect(vi.getTimerCount()).toBe(1);
      t.who('a').send({ type: 'ready' });
      await started;
      expect(vi.getTimerCount()).toBe(0);
      const w = prepare({ children: [waits({ startTimeout: 50 })] });
      const failed = w.runtime.start().catch(() => 'failed');
      await turns();
      w.who('a').send({ type: 'throw', error: 1 });
      expect([await failed, vi.getTimerCount()]).toEqual(['failed', 0]);
      const x = await running({ children: [child({ id: 'a', logic: obedient })] });
      expect([x.told('actor.ready').length, vi.getTimerCount()]).toEqual([2, 0]);
    } finally {
      vi.useRealTimers();
    }
  });
});
