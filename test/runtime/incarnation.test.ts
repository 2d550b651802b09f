import { describe, expect, test, vi } from 'vitest';
import { createMachine, fromCallback, fromPromise, fromTransition } from 'xstate';
import { ActorDiedError, StartError } from '../../src/errors.js';
import { type ExitReason, exit, signalOf } from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { child } from '../../supervisors/index.js';
import { obedient, prepare, running, turns } from './running.js';

const killed: ExitReason = { type: 'killed' };

describe('an asynchronous error of an actor', () => {
  const one = () =>
    running({ children: [child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' })] });
  const late = (t: Awaited<ReturnType<typeof one>>): unknown[] =>
    t.events.flatMap((event) => (event.type === 'actor.late-error' ? [event.error] : []));

  test.each([[new Error('x')], ['a string'], [undefined], [null]])('is its crash: %o', async (error) => {
    const t = await one();
    ownerOf(t.who('a'))?.asyncError(error);
    expect(t.events.find(({ type }) => type === 'actor.crashed')).toMatchObject({
      reason: { type: 'error', error },
    });
    expect(late(t)).toEqual([]);
  });

  test('that ended for another reason is reported, each one', async () => {
    const t = await one();
    const owner = ownerOf(t.who('a'));
    exit(t.who('a'), killed);
    for (const error of ['one', 'other']) owner?.asyncError(error);
    expect(late(t)).toEqual(['one', 'other']);
  });

  test('that it has ended by already is not told again; another is', async () => {
    const t = await one();
    const owner = ownerOf(t.who('a'));
    const [error, other] = [new Error('its end'), new Error('another')];
    exit(t.who('a'), { type: 'error', error });
    owner?.asyncError(error);
    owner?.asyncError(other);
    expect(late(t)).toEqual([other]);
  });

  test('is none when it is the reason that its signal gave', async () => {
    const t = await one();
    const owner = ownerOf(t.who('a'));
    const signal = signalOf(t.who('a'));
    exit(t.who('a'), killed);
    owner?.asyncError(signal.reason);
    expect(signal.reason).toBeInstanceOf(ActorDiedError);
    expect(late(t)).toEqual([]);
  });

  test('that is told to end in its own transition, and has yet to, is reported, and does not change its reason', async () => {
    const logic = createMachine({
      on: {
        go: {
          actions: ({ self }) => {
            exit(self, killed);
            ownerOf(self)?.asyncError('meanwhile');
          },
        },
      },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })] });
    t.who('a').send({ type: 'go' });
    expect(t.events.find(({ type }) => type === 'actor.crashed')).toMatchObject({ reason: killed });
    expect(late(t)).toEqual(['meanwhile']);
  });

  test('that XState throws once more, from a timer, though a transition has handled it, is none', async () => {
    const error = new Error('handled');
    const logic = createMachine({
      initial: 'x',
      states: {
        x: { on: { go: 'y' } },
        y: {
          invoke: {
            src: fromPromise(async () => {
              throw error;
            }),
            onError: 'z',
          },
        },
        z: {},
      },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    t.who('a').send({ type: 'go' });
    await vi.waitFor(() => expect(t.who('a').getSnapshot().value).toBe('z'));
    ownerOf(t.who('a'))?.asyncError(error);
    expect(t.incarnation('a')).toBe(1);
    ownerOf(t.who('a'))?.asyncError(new Error('another'));
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
  });

  test.each([['a string'], [undefined], [null], [7]])(
    'a descendant’s that is no object, and handled: %o',
    async (thrown) => {
      const logic = createMachine({
        initial: 'x',
        states: {
          x: {
            invoke: {
              src: fromPromise(async () => {
                throw thrown;
              }),
              onError: 'y',
            },
          },
          y: {},
        },
      });
      const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
      await vi.waitFor(() => expect(t.who('a').getSnapshot().value).toBe('y'));
      expect([t.incarnation('a'), late(t as never)]).toEqual([1, []]);
    },
  );
});

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
    const logic = createMachine({
      context: ({ self }) => {
        exit(self, { type: 'shutdown', detail: 'early' });
        exit(self, killed);
        return {};
      },
      entry: () => {
        throw new Error('started');
      },
    });
    const t = prepare({ children: [child({ id: 'a', logic })] });
    await expect(t.runtime.start()).rejects.toMatchObject({ childId: 'a' });
    expect(t.told().filter((line) => line.includes('root/a'))).toEqual(['actor.stopped root/a#1']);
    expect(t.events.find(({ type }) => type === 'actor.stopped')).toMatchObject({
      reason: { type: 'shutdown', detail: 'early' },
    });
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

test('a subscriber’s callback that throws is its own error, whoever it listens to', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    const mine = new Error('mine');
    t.who('a').subscribe(() => {
      throw mine;
    });
    t.who('a').send({ type: 'inc' });
    expect(() => vi.runAllTimers()).toThrow(mine);
    expect(t.incarnation('a')).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});
