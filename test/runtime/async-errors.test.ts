import { describe, expect, test, vi } from 'vitest';
import { createMachine, fromPromise } from 'xstate';
import { ActorDiedError } from '../../src/errors.js';
import { type ExitReason, exit, signalOf } from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { child } from '../../supervisors/index.js';
import { obedient, running } from './running.js';

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

  test.each([
    [new Error('its end'), new Error('another')],
    ['its end', 'another'],
  ])('that it has ended by already is not told again; another is: %s, %s', async (error, other) => {
    const t = await one();
    const owner = ownerOf(t.who('a'));
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
