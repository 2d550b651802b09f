import { readFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, createActor, createMachine, fromTransition } from 'xstate';
import { createBus } from '../../src/bus/index.js';
import { MailboxFullError } from '../../src/errors.js';
import {
  ask,
  createBus as createActorBus,
  type MailboxPolicy,
  reply,
  send,
  sendToName,
} from '../../src/runtime/index.js';
import { child } from '../../supervisors/index.js';
import { obedient, running, turns } from './running.js';

/** Logic that notes the `n` of what it gets. */
const noting = (got: unknown[]) =>
  fromTransition((_: undefined, event: { type: string; n?: number }) => void got.push(event.n), undefined);

async function noter(mailbox: Partial<MailboxPolicy>) {
  const got: unknown[] = [];
  const t = await running({ children: [child({ id: 'a', name: 'a', logic: noting(got), mailbox })] });
  return { ...t, got };
}
const some = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a mailbox is bounded', () => {
  test("'reject', the default: one more is an error of its sender, and nothing is lost", async () => {
    const t = await noter({ bound: 3 });
    for (const n of some(3)) send(t.who('a'), { type: 'n', n });
    expect(() => send(t.who('a'), { type: 'n', n: 3 })).toThrow(MailboxFullError);
    expect(() => send(t.who('a'), { type: 'n', n: 3 })).toThrow(/'root\/a' is full: 3 events.*'n'/);
    await turns();
    send(t.who('a'), { type: 'n', n: 4 });
    await turns();
    expect(t.got).toEqual([0, 1, 2, 4]);
    expect(t.runtime.deadLetters).toBe(0);
  });

  test("'drop-newest': the event is a dead letter", async () => {
    const t = await noter({ bound: 3, overflow: 'drop-newest' });
    for (const n of some(5)) send(t.who('a'), { type: 'n', n });
    await turns();
    expect(t.got).toEqual([0, 1, 2]);
    expect(t.events.filter(({ type }) => type === 'dead-letter')).toMatchObject([
      { to: 'root/a', event: { type: 'n', n: 3 }, because: 'mailbox-full', count: 1 },
      { to: 'root/a', event: { type: 'n', n: 4 }, because: 'mailbox-full', count: 2 },
    ]);
  });

  test("'drop-oldest': the oldest is a dead letter, order is kept", async () => {
    const t = await noter({ bound: 3, overflow: 'drop-oldest' });
    for (const n of some(5)) send(t.who('a'), { type: 'n', n });
    await turns();
    expect(t.got).toEqual([2, 3, 4]);
    expect(t.events.filter(({ type }) => type === 'dead-letter')).toMatchObject([
      { event: { n: 0 } },
      { event: { n: 1 } },
    ]);
  });

  test('at 10,000 by default, also of an actor that nobody supervises', () => {
    const plain = createActor(noting([])).start();
    for (const n of some(10_000)) send(plain, { type: 'n', n });
    expect(() => send(plain, { type: 'n' })).toThrow(MailboxFullError);
  });

  test('by its own spec also when it has sent itself something while it was made', async () => {
    const logic = createMachine({
      context: ({ self }) => {
        send(self, { type: 'n' });
        return {};
      },
    });
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic, mailbox: { bound: 1 } })],
    });
    await turns();
    send(t.who('a'), { type: 'n' });
    expect(() => send(t.who('a'), { type: 'n' })).toThrow(MailboxFullError);
  });

  test.each([['reject'], ['drop-newest'], ['drop-oldest']] as const)(
    'ask under %s: rejects at once, and leaves no timer',
    async (overflow) => {
      vi.useFakeTimers();
      try {
        const echo = createMachine({ on: { get: { actions: ({ event }) => void reply(event, 'yes') } } });
        const t = await running({
          children: [child({ id: 'a', name: 'a', logic: echo, mailbox: { bound: 1, overflow } })],
        });
        // As something is on its way already, they have to wait.
        send(createActor(noting([])).start(), { type: 'n' });
        const asked = [ask(t.who('a'), { type: 'get' }), ask(t.who('a'), { type: 'get' })];
        const outcomes = await Promise.allSettled(asked);
        const full = { status: 'rejected', reason: expect.any(MailboxFullError) };
        const answered = { status: 'fulfilled', value: 'yes' };
        expect(outcomes).toEqual(overflow === 'drop-oldest' ? [full, answered] : [answered, full]);
        await vi.advanceTimersByTimeAsync(0);
        expect(vi.getTimerCount()).toBe(0);
      } finally {
        vi.useRealTimers();
      }
    },
  );

  test('who sends by name is not harmed: it is a dead letter', async () => {
    const sender = createMachine({
      on: { go: { actions: [sendToName('a', { type: 'n' }), sendToName('a', { type: 'n' })] } },
    });
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: noting([]), mailbox: { bound: 1 } }),
        child({ id: 's', name: 's', logic: sender }),
      ],
    });
    t.runtime.send('a', { type: 'n' });
    t.runtime.send('a', { type: 'n' });
    expect(t.runtime.deadLetters).toBe(1);
    await turns();
    t.runtime.send('s', { type: 'go' });
    await turns();
    expect(t.runtime.deadLetters).toBe(2);
    expect(t.told('actor.crashed')).toEqual([]);
  });

  test('a publisher is not harmed by a subscriber that is full', async () => {
    const got: unknown[] = [];
    const bus = createActorBus<{ n: { n: number } }>();
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: noting(got), mailbox: { bound: 2 } })],
    });
    const heard: number[] = [];
    bus.subscribe('n', t.who('a'));
    bus.subscribe('n', ({ n }) => void heard.push(n));
    for (const n of some(4)) bus.publish('n', { n });
    expect(got).toEqual([]);
    await turns();
    expect({ got, heard }).toEqual({ got: [0, 1], heard: [0, 1, 2, 3] });
    expect(t.runtime.deadLetters).toBe(2);
  });

  test('nor by one that no runtime knows, and whose loss is reported', () => {
    const errors: unknown[] = [];
    const bus = createActorBus<{ n: { n: number } }>({ onListenerError: (error) => errors.push(error) });
    bus.subscribe('n', createActor(noting([])).start());
    for (const n of some(10_001)) bus.publish('n', { n });
    expect(errors).toEqual([expect.any(MailboxFullError)]);
  });

  test('what the runtime publishes reaches an actor in the same way', async () => {
    const t = await noter({ bound: 1 });
    t.runtime.bus.subscribe('dead-letter', t.who('a'));
    for (const _ of some(3)) t.runtime.send('nobody', { type: 'x' });
    // Two of the letters found no room, and were letters themselves; not in turn published without end.
    expect(t.runtime.deadLetters).toBe(5);
    await turns();
    expect(t.got).toHaveLength(1);
  });

  test('a bus without a runtime hands an actor its events as ever', () => {
    const got: unknown[] = [];
    const bus = createBus<{ n: { n: number } }>();
    bus.subscribe('n', createActor(noting(got)).start());
    bus.publish('n', { n: 1 });
    expect(got).toEqual([1]);
  });
});

describe('fairness', () => {
  test('a flood of 1,000,000 starves neither timers, nor I/O, nor other actors', async () => {
    const count = 1_000_000;
    let got = 0;
    const logic = fromTransition((_: undefined) => void got++, undefined);
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic, mailbox: { bound: count } }),
        child({ id: 'b', name: 'b', logic: obedient }),
      ],
    });
    const flooded = t.who('a');
    for (let n = 0; n < count; n++) send(flooded, { type: 'n' });
    const seen: Record<string, number> = {};
    const see = (what: string) => () => {
      seen[what] = got;
    };
    setTimeout(see('timer'), 1);
    await Promise.all([
      readFile(new URL(import.meta.url)).then(see('I/O')),
      ask(t.who('b'), { type: 'get' }).then(see('ask')),
    ]);
    for (const when of ['timer', 'I/O', 'ask']) expect(seen[when], when).toBeLessThan(count);
    await vi.waitFor(() => expect(got).toBe(count), { timeout: 50_000 });
    expect(t.runtime.deadLetters).toBe(0);
  }, 60_000);

  test('slow work in a flood gives the loop its turn before its batch is over', async () => {
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    try {
      let got = 0;
      const slow = fromTransition((_: undefined): undefined => {
        got++;
        now += 3;
      }, undefined);
      const t = await running({ children: [child({ id: 'a', name: 'a', logic: slow })] });
      for (const _ of some(32)) send(t.who('a'), { type: 'n' });
      await turns(1);
      const first = got;
      expect(first).toBeGreaterThan(0);
      expect(first).toBeLessThan(8);
      await turns(1);
      expect(got).toBeGreaterThan(first);
      expect(got).toBeLessThan(first + 8);
    } finally {
      clock.mockRestore();
    }
  });

  test('so does asking one question after the other, without end', async () => {
    const t = await running({ children: [child({ id: 'b', name: 'b', logic: obedient })] });
    let over = false;
    setTimeout(() => {
      over = true;
    }, 1);
    let asked = 0;
    for (; !over && asked < 1_000_000; asked++) await ask(t.who('b'), { type: 'get' });
    expect(asked).toBeLessThan(1_000_000);
  }, 60_000);

  test('a ping-pong without end lets timers and I/O run', async () => {
    let rallies = 0;
    let over = false;
    const player = (n: number) =>
      fromTransition((_: undefined) => {
        rallies++;
        if (!over) send(refs[1 - n] as AnyActorRef, { type: 'ball' });
        return _;
      }, undefined);
    const t = await running({
      children: [0, 1].map((n) => child({ id: `${n}`, name: `${n}`, logic: player(n) })),
    });
    const refs: AnyActorRef[] = [t.who('0'), t.who('1')];
    send(t.who('0'), { type: 'ball' });
    await new Promise((resolve) => setTimeout(resolve, 1));
    const atTimer = rallies;
    await readFile(new URL(import.meta.url));
    expect(atTimer).toBeGreaterThan(0);
    expect(rallies).toBeGreaterThan(atTimer);
    over = true;
  });

  test('a chain of 100,000 forwards grows no stack', async () => {
    const length = 100_000;
    let deepest = 0;
    const refs: AnyActorRef[] = [];
    const arrived = new Promise<void>((resolve) => {
      const forward = fromTransition((_: undefined, { n }: { type: 'go'; n: number }) => {
        if (n % 10_000 === 0) deepest = Math.max(deepest, depth());
        const next = refs[(n + 1) % refs.length] as AnyActorRef;
        if (n < length) send(next, { type: 'go', n: n + 1 });
        else resolve();
        return _;
      }, undefined);
      for (let n = 0; n < 100; n++) refs.push(createActor(forward).start());
    });
    send(refs[0] as AnyActorRef, { type: 'go', n: 0 });
    await arrived;
    expect(deepest).toBeLessThan(40);
    expect(refs.every((ref) => ref.getSnapshot().status === 'active')).toBe(true);
  });
});

function depth(): number {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1000;
  const frames = new Error().stack?.split('\n').length ?? 0;
  Error.stackTraceLimit = stackTraceLimit;
  return frames;
}
