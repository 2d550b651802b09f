import { expect, test, vi } from 'vitest';
import { type AnyActorRef, createActor, fromCallback, setup } from 'xstate';
import { ActorDiedError, AskTimeoutError, MailboxFullError, NoSuchActorError } from '../../src/errors.js';
import { ask, exit, sys } from '../../src/runtime/index.js';
import { child } from '../../supervisors/index.js';
import { obedient, running } from './running.js';

const silent = fromCallback(() => {});

/** Asks `who` as soon as it is told to, and keeps what came of it. */
const asking = (outcomes: unknown[], who: () => AnyActorRef) =>
  setup({}).createMachine({
    on: {
      go: {
        actions: () =>
          void ask(who(), { type: 'get' }).then(
            (value) => outcomes.push(value),
            (error: unknown) => outcomes.push(error),
          ),
      },
    },
  });

const outcomeOf = (asked: Promise<unknown>): Promise<unknown> => asked.catch((error: unknown) => error);

test('whoever ends first says why: the asker, or who was asked', async () => {
  const outcomes: unknown[] = [];
  const t = await running({
    children: [
      child({ id: 'a', name: 'a', logic: asking(outcomes, () => t.who('b')), restart: 'temporary' }),
      child({ id: 'b', name: 'b', logic: silent, restart: 'temporary' }),
    ],
  });
  t.runtime.send('a', { type: 'go' });
  await vi.waitFor(() => expect(sys.statistics(t.who('b')).messagesIn).toBe(1));
  exit(t.who('a'), { type: 'killed' });
  await vi.waitFor(() => expect(outcomes).toHaveLength(1));
  expect(outcomes[0]).toMatchObject({ message: 'root/a (incarnation 1) has ended: killed.' });

  const asked = outcomeOf(ask(t.who('b'), { type: 'get' }));
  exit(t.who('b'), { type: 'killed' });
  const died = (await asked) as ActorDiedError;
  expect(died).toBeInstanceOf(ActorDiedError);
  expect(died.message).toBe("'root/b' ended before it replied to 'get': killed.");
  expect(died.reason).toEqual({ type: 'killed' });
  expect('cause' in died).toBe(false);
});

test('a plain actor that goes on is no longer watched once it has replied', async () => {
  const echo = setup({}).createMachine({
    on: { get: { actions: ({ event }) => void (event as { done?: () => void }).done?.() } },
  });
  const plain = createActor(echo).start();
  const observers = (): number => (plain as unknown as { observers: Set<unknown> }).observers.size;
  const before = observers();
  const waiting = outcomeOf(ask(plain, { type: 'get' }, { timeout: 5 }));
  expect(observers()).toBe(before + 1);
  expect(await waiting).toBeInstanceOf(AskTimeoutError);
  expect(observers()).toBe(before);
});

test('across restarts: who bears the name and does not reply is waited for no longer than all together', async () => {
  vi.useFakeTimers();
  try {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: silent })] });
    const options = { acrossRestarts: true, timeout: 1_000 };
    const asked = outcomeOf(t.runtime.ask('a', { type: 'get' }, options));
    await vi.advanceTimersByTimeAsync(600);
    exit(t.who('a'), { type: 'killed' });
    await vi.advanceTimersByTimeAsync(399);
    let settled = false;
    void asked.then(() => {
      settled = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(settled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    const error = (await asked) as Error;
    expect(error).toBeInstanceOf(AskTimeoutError);
    expect(error.message).toBe("Nobody who bore the name 'a' replied to 'get' within 1000 ms.");
  } finally {
    vi.useRealTimers();
  }
});

test('across restarts: what is no end of whoever was asked rejects at once, and so does the signal', async () => {
  const t = await running({
    children: [child({ id: 'a', name: 'a', logic: silent, mailbox: { bound: 1 } })],
  });
  await sys.suspend(t.who('a'));
  t.runtime.send('a', { type: 'x' });
  const options = { acrossRestarts: true } as const;
  await expect(t.runtime.ask('a', { type: 'get' }, options)).rejects.toThrow(MailboxFullError);
  sys.resume(t.who('a'));
  const { signal, abort } = (() => {
    const controller = new AbortController();
    return { signal: controller.signal, abort: () => controller.abort(new Error('enough')) };
  })();
  const asked = outcomeOf(t.runtime.ask('a', { type: 'get' }, { ...options, signal }));
  abort();
  expect(await asked).toMatchObject({ message: 'enough' });
});

test('across restarts: an asker that ends asks nobody any more', async () => {
  const outcomes: unknown[] = [];
  const asker = setup({}).createMachine({
    on: {
      go: {
        actions: () =>
          void t.runtime
            .ask('b', { type: 'get' }, { acrossRestarts: true })
            .catch((error: unknown) => outcomes.push(error)),
      },
    },
  });
  const t = await running({
    maxRestarts: 5,
    children: [
      child({ id: 'a', name: 'a', logic: asker, restart: 'temporary' }),
      child({ id: 'b', name: 'b', logic: silent }),
    ],
  });
  t.runtime.send('a', { type: 'go' });
  await vi.waitFor(() => expect(sys.statistics(t.who('b')).messagesIn).toBe(1));
  exit(t.who('a'), { type: 'killed' });
  await vi.waitFor(() => expect(outcomes).toEqual([expect.any(ActorDiedError)]));
  expect(outcomes[0]).not.toBeInstanceOf(NoSuchActorError);
  expect(sys.statistics(t.who('b')).messagesIn).toBe(1);
});

test('an answered question leaves nothing that its target’s end could reject', async () => {
  const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
  expect(await ask(t.who('a'), { type: 'get' })).toBe(0);
  exit(t.who('a'), { type: 'killed' });
  await vi.waitFor(() => expect(t.incarnation('a')).toBe(2));
  expect(t.told('actor.late-error')).toEqual([]);
});
