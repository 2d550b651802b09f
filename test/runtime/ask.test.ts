import { describe, expect, test, vi } from 'vitest';
import {
  type AnyActorRef,
  createActor,
  createMachine,
  fromCallback,
  fromPromise,
  raise,
  setup,
} from 'xstate';
import {
  ActorDiedError,
  AskTimeoutError,
  CallingSelfError,
  NoSuchActorError,
  OptionsError,
} from '../../src/errors.js';
import { ask, exit, incarnationOf, reply, send, sendToName } from '../../src/runtime/index.js';
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

  test('GS5: by anybody who has the question, another actor too', async () => {
    const asks = createMachine({ on: { question: { actions: sendToName('b', ({ event }) => event) } } });
    const answers = createMachine({
      on: { question: { actions: ({ event }) => void reply(event, 'from b') } },
    });
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: asks }), child({ id: 'b', name: 'b', logic: answers })],
    });
    expect(await t.runtime.ask('a', { type: 'question' })).toBe('from b');
  });

  test('GS5: after what was raised, and before whatever waits', async () => {
    const got: string[] = [];
    const note = ({ event }: { event: { type: string } }) => void got.push(event.type);
    const logic = createMachine({
      on: { one: { actions: [note, raise({ type: 'continued' })] }, '*': { actions: note } },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    for (const type of ['one', 'two']) send(t.who('a'), { type });
    await vi.waitFor(() => expect(got).toEqual(['one', 'continued', 'two']));
  });

  test('GS5: once: later replies, and replies to what was only sent, are dropped', async () => {
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

describe('GS3: is not answered', () => {
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
    await expect(asked).rejects.toMatchObject({
      code: 'HOLDFAST_ACTOR_DIED',
      cause: error,
      reason: { type: 'error', error },
    });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    const again = t.runtime.ask('a', { type: 'inc' }, { timeout: '1h' });
    exit(t.who('a'), { type: 'killed' });
    await expect(again).rejects.toMatchObject({ code: 'HOLDFAST_ACTOR_DIED', reason: { type: 'killed' } });
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
    await expect(asked).rejects.toMatchObject({
      code: 'HOLDFAST_ACTOR_DIED',
      reason: { type: 'shutdown' },
    });
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
    // One for all that wait equally long.
    expect(vi.getTimerCount()).toBe(1);
    exit(t.who('b'), { type: 'killed' });
    controller.abort();
    expect(await Promise.all([answered, died, aborted])).toEqual([0, 'died', 'aborted']);
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
    send(t.who('a'), { type: 'inc' });
    expect(await t.runtime.ask('a', { type: 'get' })).toBe(2);
    await t.runtime.stop();
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('GS3: a late reply is dropped, and not given to a later question, though it is the same event again', async () => {
  const kept: { type: string }[] = [];
  const logic = createMachine({ on: { question: { actions: ({ event }) => void kept.push(event) } } });
  const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
  const question = { type: 'question' };
  await expect(t.runtime.ask('a', question, { timeout: 5 })).rejects.toThrow(AskTimeoutError);
  const second = t.runtime.ask('a', question);
  await vi.waitFor(() => expect(kept).toHaveLength(2));
  const [late, waiting] = kept as [{ type: string }, { type: string }];
  expect(reply(late, 'late')).toBe(false);
  expect(reply(waiting, 'in time')).toBe(true);
  expect(await second).toBe('in time');
});

describe('GS3: calling oneself', () => {
  const asking = (outcomes: unknown[], who: (self: AnyActorRef) => AnyActorRef) =>
    createMachine({
      on: {
        go: {
          actions: ({ self }) =>
            void ask(who(self), { type: 'get' }).then(
              (value) => outcomes.push(value),
              (error: unknown) => outcomes.push(error),
            ),
        },
        get: { actions: ({ event }) => void reply(event, 'me') },
      },
    });

  test('within one’s own transition is an error at once', async () => {
    const outcomes: unknown[] = [];
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: asking(outcomes, (self) => self) })],
    });
    t.runtime.send('a', { type: 'go' });
    await vi.waitFor(() => expect(outcomes).toEqual([expect.any(CallingSelfError)]));
    expect(t.incarnation('a')).toBe(1);
  });

  test('another is none, nor is what an actor invoked asking it', async () => {
    const outcomes: unknown[] = [];
    const parent = setup({
      actors: {
        inner: fromPromise(async ({ input }: { input: AnyActorRef }) =>
          outcomes.push(await ask(input, { type: 'get' })),
        ),
      },
    }).createMachine({
      initial: 'off',
      states: { off: { on: { on: 'on' } }, on: { invoke: { src: 'inner', input: ({ self }) => self } } },
      on: { get: { actions: ({ event }) => void reply(event, 'parent') } },
    });
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: asking(outcomes, () => t.who('b')) }),
        child({ id: 'b', name: 'b', logic: asking([], (self) => self) }),
        child({ id: 'p', name: 'p', logic: parent }),
      ],
    });
    t.runtime.send('a', { type: 'go' });
    await vi.waitFor(() => expect(outcomes).toEqual(['me']));
    t.who('p').send({ type: 'on' });
    await vi.waitFor(() => expect(outcomes).toEqual(['me', 'parent']));
  });
});

describe('a name', () => {
  /** Replies with its incarnation, or dies of the question so many times first. */
  const fragile = (deaths: { left: number }) =>
    createMachine({
      on: {
        get: {
          actions: ({ event, self }) => {
            if (deaths.left-- > 0) throw new Error('x');
            reply(event, incarnationOf(self));
          },
        },
      },
    });
  const named = (deaths: number, more: object = {}) =>
    running({
      maxRestarts: 5,
      children: [child({ id: 'a', name: 'a', logic: fragile({ left: deaths }), ...more })],
    });

  test('is asked once: the end of who bears it now rejects', async () => {
    const t = await named(1);
    await expect(t.runtime.ask('a', { type: 'get' })).rejects.toThrow(ActorDiedError);
  });

  test('across restarts: the next incarnation is asked, and the one after it', async () => {
    const t = await named(2);
    expect(await t.runtime.ask('a', { type: 'get' }, { acrossRestarts: true })).toBe(3);
  });

  test('across restarts: within one deadline', async () => {
    vi.useFakeTimers();
    try {
      const t = await named(0, { restart: 'temporary' });
      exit(t.who('a'), { type: 'killed' });
      // A deadline is a time of the clock, and its beginning is none.
      await vi.advanceTimersByTimeAsync(10_000);
      const options = { acrossRestarts: true, timeout: 1000 };
      const asked = t.runtime.ask('a', { type: 'get' }, options).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(999);
      expect(vi.getTimerCount()).toBe(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(await asked).toBeInstanceOf(AskTimeoutError);
      await vi.advanceTimersByTimeAsync(0);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('across restarts: waits until who bears it is ready', async () => {
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: obedient, input: () => ({ waits: starts++ > 0 }) })],
    });
    exit(t.who('a'), { type: 'killed' });
    await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
    t.who('a').send({ type: 'inc' });
    const asked = t.runtime.ask('a', { type: 'get' }, { acrossRestarts: true });
    t.who('a').send({ type: 'inc' });
    await new Promise((resolve) => setImmediate(resolve));
    t.who('a').send({ type: 'inc' });
    t.who('a').send({ type: 'ready' });
    expect(await asked).toBe(3);
  });
  let starts = 0;

  test('across restarts: the runtime’s end rejects, and so does a signal', async () => {
    const t = await named(0, { restart: 'temporary' });
    exit(t.who('a'), { type: 'killed' });
    const controller = new AbortController();
    const options = { acrossRestarts: true, timeout: '1h' } as const;
    const aborted = t.runtime.ask('a', { type: 'get' }, { ...options, signal: controller.signal });
    const waiting = t.runtime.ask('a', { type: 'get' }, options);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    const rejected = expect(waiting).rejects.toBeInstanceOf(NoSuchActorError);
    await t.runtime.stop();
    await rejected;
    await expect(t.runtime.ask('a', { type: 'get' }, options)).rejects.toBeInstanceOf(NoSuchActorError);
  });
});
