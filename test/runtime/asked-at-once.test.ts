import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, createActor, createMachine, fromCallback } from 'xstate';
import { ActorDiedError, AskTimeoutError } from '../../src/errors.js';
import { ask, exit, reply, send, sys } from '../../src/runtime/index.js';
import { withWitness } from '../../src/witness.js';
import { child } from '../../supervisors/index.js';
import { obedient, running } from './running.js';

// A held clock tells nothing of the loop: no question has to wait because others have just had their share.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const turns = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

/** Notes what it is sent, and answers what has an `answer`. */
const noting = (got: string[]) =>
  fromCallback<{ type: string; answer?: unknown }>(({ receive }) =>
    receive((event) => {
      got.push(event.type);
      if ('answer' in event) reply(event, event.answer);
    }),
  );

const two = async (got: string[], logic = noting(got)) => {
  const t = await running({
    maxRestarts: 9,
    children: [child({ id: 'a', name: 'a', logic }), child({ id: 'b', name: 'b', logic: noting(got) })],
  });
  await turns();
  return t;
};

describe('a question that nothing stands in the way of', () => {
  test('has been handled when `ask` returns', async () => {
    const got: string[] = [];
    const t = await two(got);
    sys.statistics(t.who('a'));
    const answer = ask<number>(t.who('a'), { type: 'x', answer: 1 });
    expect(got).toEqual(['x']);
    expect(sys.statistics(t.who('a'))).toMatchObject({ messagesIn: 1, messagesOut: 1, mailbox: 0 });
    expect(await answer).toBe(1);
  });

  test('waits for its turn where somebody says whose turn it is', async () => {
    const got: string[] = [];
    const t = await two(got);
    const due: [label: string, run: () => void][] = [];
    const leave = withWitness({ turn: (label, run) => void due.push([label, run]) });
    const answer = ask<number>(t.who('a'), { type: 'x', answer: 1 });
    await turns();
    leave();
    expect(got).toEqual([]);
    expect(due.map(([label]) => label)).toEqual(['delivery']);
    due[0]?.[1]();
    expect(got).toEqual(['x']);
    expect(await answer).toBe(1);
  });

  test('overtakes nothing: neither what waits for its target nor what waits for another', async () => {
    for (const first of ['a', 'b']) {
      const got: string[] = [];
      const t = await two(got);
      send(t.who(first), { type: 'sent' });
      const answer = ask<number>(t.who('a'), { type: 'asked', answer: 1 });
      expect(got).toEqual([]);
      await answer;
      expect(got).toEqual(['sent', 'asked']);
    }
  });

  test('is handled before whatever its receiver sends, which is delivered all the same', async () => {
    const got: string[] = [];
    const peers: { b?: AnyActorRef } = {};
    const forwarding = fromCallback<{ type: string }>(({ receive }) =>
      receive((event) => {
        send(peers.b as AnyActorRef, { type: 'forwarded' });
        void ask(peers.b as AnyActorRef, { type: 'nested', answer: 2 });
        got.push(event.type);
        reply(event, 1);
      }),
    );
    const t = await two(got, forwarding);
    peers.b = t.who('b');
    const answer = ask<number>(t.who('a'), { type: 'asked' });
    expect(got).toEqual(['asked']);
    expect(await answer).toBe(1);
    await turns();
    expect(got).toEqual(['asked', 'forwarded', 'nested']);
  });

  test('of an actor that is suspended, waits', async () => {
    const got: string[] = [];
    const t = await two(got);
    await sys.suspend(t.who('a'));
    const answer = ask<number>(t.who('a'), { type: 'asked', answer: 1 });
    await turns();
    expect(got).toEqual([]);
    await sys.resume(t.who('a'));
    expect(await answer).toBe(1);
  });

  test('is seen by who traces its target, before the reply', async () => {
    const got: string[] = [];
    const t = await two(got);
    const seen: string[] = [];
    const off = sys.trace(t.who('a'), (entry) => void seen.push(entry.type));
    await ask<number>(t.who('a'), { type: 'asked', answer: 1 });
    off();
    expect(seen).toEqual(['in', 'reply', 'transition']);
  });

  test('is seen by who traces the asker, from work that it has begun', async () => {
    const got: string[] = [];
    const peers: { b?: AnyActorRef } = {};
    const asking = fromCallback(({ receive }) =>
      receive(() => {
        void Promise.resolve().then(() => ask(peers.b as AnyActorRef, { type: 'asked', answer: 1 }));
      }),
    );
    const t = await two(got, asking);
    peers.b = t.who('b');
    const seen: string[] = [];
    sys.trace(t.who('a'), (entry) => void seen.push(entry.type));
    t.who('a').send({ type: 'go' });
    await turns();
    expect(seen).toContain('out');
  });

  test('between actors that nobody supervises, does not nest in another one', async () => {
    const got: string[] = [];
    const inner = createActor(noting(got)).start();
    const outer = createActor(
      fromCallback<{ type: string }>(({ receive }) =>
        receive((event) => {
          void ask(inner, { type: 'inner', answer: 2 });
          got.push('outer');
          reply(event, 1);
        }),
      ),
    ).start();
    expect(await ask<number>(outer, { type: 'x' })).toBe(1);
    await turns();
    expect(got).toEqual(['outer', 'inner']);
  });
});

describe('a question asked within the work of an actor', () => {
  test('is handled after that, though the asker is a plain listener', async () => {
    const got: string[] = [];
    const t = await two(got);
    const handled: boolean[] = [];
    t.runtime.bus.subscribe('actor.crashed', () => {
      void ask<number>(t.who('b'), { type: 'asked', answer: 1 });
      handled.push(got.includes('asked'));
    });
    exit(t.who('a'), { type: 'killed' });
    expect(handled).toEqual([false]);
    await turns();
    expect(got).toEqual(['asked']);
  });

  test.each([[true], [false]])('attributed %s: no transition is nested in another', async (attributed) => {
    const got: string[] = [];
    const peers: { b?: AnyActorRef } = {};
    const asking = createMachine({
      on: {
        go: {
          actions: () => {
            void ask<number>(peers.b as AnyActorRef, { type: 'asked', answer: 1 });
            got.push('gone');
          },
        },
      },
    });
    const t = await running(
      {
        children: [
          child({ id: 'a', name: 'a', logic: asking }),
          child({ id: 'b', name: 'b', logic: noting(got) }),
        ],
      },
      { attributeAsyncErrors: attributed },
    );
    await turns();
    peers.b = t.who('b');
    t.who('a').send({ type: 'go' });
    await turns();
    expect(got).toEqual(['gone', 'asked']);
  });
});

describe('whoever is asked may', () => {
  test('crash of it: the asker is told at once, and the next incarnation answers', async () => {
    const t = await running({ children: [child({ id: 'a', name: 'a', logic: obedient })] });
    await turns();
    const error = new Error('of the question');
    const answer = ask(t.who('a'), { type: 'throw', error });
    await expect(answer).rejects.toMatchObject({ cause: error, reason: { type: 'error' } });
    await expect(answer).rejects.toBeInstanceOf(ActorDiedError);
    await turns();
    expect(t.incarnation('a')).toBe(2);
    expect(await ask(t.who('a'), { type: 'get' })).toBe(0);
  });

  test('answer and then crash: the answer holds', async () => {
    const logic = fromCallback<{ type: string }>(({ receive }) =>
      receive((event) => {
        reply(event, 1);
        throw new Error('afterwards');
      }),
    );
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    await turns();
    expect(await ask<number>(t.who('a'), { type: 'x' })).toBe(1);
  });

  test.each([['killed'], ['done']] as const)('end unsupervised, %s, without an answer', async (how) => {
    const logic = createMachine({
      initial: 'on',
      states: {
        on: { on: { done: 'off', killed: { actions: () => void actor.stop() } } },
        off: { type: 'final' },
      },
    });
    const actor = createActor(logic).start();
    await expect(ask(actor, { type: how })).rejects.toBeInstanceOf(ActorDiedError);
  });

  test('answer later: within the time that is left, and only while somebody waits', async () => {
    const kept: { type: string }[] = [];
    const logic = fromCallback<{ type: string }>(({ receive }) => receive((event) => void kept.push(event)));
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    await vi.advanceTimersByTimeAsync(0);
    const controller = new AbortController();
    const late = ask(t.who('a'), { type: 'late' }, { timeout: 100 }).catch((error) => error);
    const aborted = ask(t.who('a'), { type: 'aborted' }, { signal: controller.signal }).catch((e) => e);
    const answered = ask<number>(t.who('a'), { type: 'answered' });
    expect(kept.map(({ type }) => type)).toEqual(['late', 'aborted', 'answered']);
    controller.abort(new Error('no longer'));
    await vi.advanceTimersByTimeAsync(200);
    expect(await late).toBeInstanceOf(AskTimeoutError);
    expect(await aborted).toMatchObject({ message: 'no longer' });
    expect(kept.map((event) => reply(event, 3))).toEqual([false, false, true]);
    expect(await answered).toBe(3);
  });

  test('be what aborts the question as it handles it', async () => {
    const controller = new AbortController();
    const logic = fromCallback<{ type: string }>(({ receive }) =>
      receive(() => controller.abort(new Error('by the one who was asked'))),
    );
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    await turns();
    await expect(ask(t.who('a'), { type: 'x' }, { signal: controller.signal })).rejects.toThrow(
      'by the one who was asked',
    );
  });

  test('end the asker as it handles the question', async () => {
    const outcomes: unknown[] = [];
    const refs: { asker?: AnyActorRef; killer?: AnyActorRef } = {};
    const asker = createMachine({
      on: {
        go: {
          actions: () => {
            void Promise.resolve().then(() =>
              ask(refs.killer as AnyActorRef, { type: 'x' }).catch((error) => outcomes.push(error.code)),
            );
          },
        },
      },
    });
    const killer = fromCallback<{ type: string }>(({ receive }) =>
      receive(() => exit(refs.asker as AnyActorRef, { type: 'killed' })),
    );
    const t = await running({
      children: [
        child({ id: 'asker', name: 'asker', logic: asker }),
        child({ id: 'killer', name: 'killer', logic: killer }),
      ],
    });
    refs.asker = t.who('asker');
    refs.killer = t.who('killer');
    t.who('asker').send({ type: 'go' });
    await turns();
    expect(outcomes).toEqual(['HOLDFAST_ACTOR_DIED']);
  });
});
