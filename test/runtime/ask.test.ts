import { describe, expect, test, vi } from 'vitest';
import { createActor, createMachine, fromCallback, fromPromise } from 'xstate';
import { ActorDiedError, AskTimeoutError, NoSuchActorError, OptionsError } from '../../src/errors.js';
import { ask, exit, reply, send } from '../../src/runtime/index.js';
import { child } from '../../supervisors/index.js';
import { obedient, running } from './running.js';

const tree = () => running({ maxRestarts: 9, children: [child({ id: 'a', name: 'a', logic: obedient })] });

describe('is answered', () => {
  test('by ref and by name, with any value', async () => {
    const echo = createMachine({ on: { echo: { actions: ({ event }) => void reply(event, event.value) } } });
    const t = await running({ children: [child({ id: 'e', name: 'e', logic: echo })] });
    for (const value of [undefined, null, 0, '', { x: 1 }]) {
      expect(await ask(t.who('e'), { type: 'echo', value })).toBe(value);
      expect(await t.runtime.ask('e', { type: 'echo', value })).toBe(value);
    }
  });

  test('later, from another transition, and from a copy of the event', async () => {
    const kept = { type: 'none' };
    const logic = createMachine({
      on: {
        question: { actions: ({ event }) => Object.assign(kept, event) },
        answer: { actions: () => void reply(kept, 42) },
      },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    const answer = t.runtime.ask('a', { type: 'question' });
    t.runtime.send('a', { type: 'answer' });
    expect(await answer).toBe(42);
  });

  test('once: later replies, and replies to what was only sent, are dropped', async () => {
    const told: boolean[] = [];
    const logic = createMachine({
      on: { question: { actions: ({ event }) => void told.push(reply(event, 1), reply(event, 2)) } },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    expect(await t.runtime.ask('a', { type: 'question' })).toBe(1);
    send(t.who('a'), { type: 'question' });
    await vi.waitFor(() => expect(told).toEqual([true, false, false, false]));
  });

  test('by a plain XState actor, too', async () => {
    const actor = createActor(obedient).start();
    expect(await ask(actor, { type: 'get' })).toBe(0);
  });
});

describe('is not answered', () => {
  test('in time: and a reply that comes later is dropped', async () => {
    const late = { type: 'none' };
    const logic = createMachine({ on: { question: { actions: ({ event }) => Object.assign(late, event) } } });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    await expect(t.runtime.ask('a', { type: 'question' }, { timeout: 5 })).rejects.toThrow(AskTimeoutError);
    expect(reply(late, 1)).toBe(false);
  });

  test('because the target dies: at once, with what it died of', async () => {
    const t = await tree();
    const error = new Error('x');
    const asked = t.runtime.ask('a', { type: 'inc' }, { timeout: '1h' });
    t.runtime.send('a', { type: 'throw', error } as never);
    await expect(asked).rejects.toMatchObject({ code: 'HOLDFAST_ACTOR_DIED', cause: error });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    const again = t.runtime.ask('a', { type: 'inc' }, { timeout: '1h' });
    exit(t.who('a'), { type: 'killed' });
    await expect(again).rejects.toBeInstanceOf(ActorDiedError);
  });

  test('because it is dead, or nobody bears the name', async () => {
    const t = await tree();
    const first = t.who('a');
    exit(first, { type: 'killed' });
    await expect(ask(first, { type: 'get' })).rejects.toBeInstanceOf(NoSuchActorError);
    await expect(t.runtime.ask('nobody', { type: 'get' })).rejects.toBeInstanceOf(NoSuchActorError);
  });

  test('because a plain actor it was asked of ended', async () => {
    const actor = createActor(obedient).start();
    const asked = ask(actor, { type: 'inc' }, { timeout: '1h' });
    actor.stop();
    await expect(asked).rejects.toBeInstanceOf(ActorDiedError);
  });

  test('because whoever asks has given up: with the signal’s reason', async () => {
    const t = await tree();
    const controller = new AbortController();
    const asked = t.runtime.ask('a', { type: 'inc' }, { signal: controller.signal, timeout: '1h' });
    const why = new Error('enough');
    controller.abort(why);
    await expect(asked).rejects.toBe(why);
    await expect(t.runtime.ask('a', { type: 'get' }, { signal: controller.signal })).rejects.toBe(why);
  });

  test('because the asker has ended: its work ends too, and is no late error', async () => {
    const outcomes: unknown[] = [];
    const asking = createMachine({
      invoke: {
        src: fromPromise(async ({ self }) => {
          void self;
          await t.runtime.ask('a', { type: 'inc' }, { timeout: '1h' }).catch((error: unknown) => {
            outcomes.push(error);
            throw error;
          });
        }),
      },
    });
    const t = await tree();
    const u = await running({
      children: [child({ id: 'b', name: 'b', logic: asking, restart: 'temporary' })],
    });
    await new Promise((resolve) => setImmediate(resolve));
    exit(u.who('b'), { type: 'killed' });
    await vi.waitFor(() => expect(outcomes).toEqual([expect.any(ActorDiedError)]));
    expect(u.told('actor.late-error')).toEqual([]);
  });

  test('with a timeout that is none', async () => {
    const t = await tree();
    await expect(t.runtime.ask('a', { type: 'get' }, { timeout: 'soon' as never })).rejects.toThrow(
      OptionsError,
    );
  });
});

test('leaves no timer behind, however it ends', async () => {
  vi.useFakeTimers();
  try {
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: obedient }),
        child({ id: 'b', name: 'b', logic: fromCallback(() => {}) }),
      ],
    });
    const answered = t.runtime.ask('a', { type: 'get' });
    const died = t.runtime.ask('b', { type: 'x' }).catch(() => 'died');
    const controller = new AbortController();
    const aborted = t.runtime.ask('a', { type: 'inc' }, { signal: controller.signal }).catch(() => 'aborted');
    expect(vi.getTimerCount()).toBe(3);
    exit(t.who('b'), { type: 'killed' });
    controller.abort();
    expect(await Promise.all([answered, died, aborted])).toEqual([0, 'died', 'aborted']);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
