import { describe, expect, test } from 'vitest';
import { createActor, fromTransition } from 'xstate';
import { MailboxFullError } from '../../src/errors.js';
import { createBus, exit } from '../../src/runtime/index.js';
import { child } from '../../supervisors/index.js';
import { running, turns } from './running.js';

interface Events {
  readonly n: { readonly n: number };
}

/** Logic that notes the `n` of what it gets. */
const noting = (got: unknown[]) =>
  fromTransition((_: undefined, event: { type: string; n?: number }) => {
    if (event.n !== undefined) got.push(event.n);
    return _;
  }, undefined);

async function subscribed(bound = 10) {
  const got: unknown[] = [];
  const errors: unknown[] = [];
  const bus = createBus<Events>({ onListenerError: (error) => errors.push(error) });
  const logic = noting(got);
  const t = await running({
    children: [child({ id: 'a', name: 'a', logic, restart: 'temporary', mailbox: { bound } })],
  });
  return { ...t, bus, got, errors };
}

test('a bus needs no options: a listener that throws harms nobody', () => {
  const bus = createBus<Events>();
  const got: unknown[] = [];
  bus.subscribe('n', () => {
    throw new Error('listener');
  });
  bus.subscribe('n', ({ n }) => got.push(n));
  bus.publish('n', { n: 1 });
  expect(got).toEqual([1]);
});

describe('an actor that is subscribed', () => {
  test('gets what is published through its mailbox', async () => {
    const t = await subscribed();
    t.bus.subscribe('n', t.who('a'));
    t.bus.publish('n', { n: 1 });
    expect(t.got).toEqual([]);
    await turns();
    expect(t.got).toEqual([1]);
  });

  test('and full loses it, as a dead letter of its runtime, and the publisher hears nothing of it', async () => {
    const t = await subscribed(2);
    t.bus.subscribe('n', t.who('a'));
    for (const n of [1, 2, 3]) t.bus.publish('n', { n });
    await turns();
    expect([t.got, t.runtime.deadLetters, t.errors]).toEqual([[1, 2], 1, []]);
  });

  test('makes no dead letter of what is published about its own end', async () => {
    const t = await subscribed();
    const a = t.who('a');
    const heard: number[] = [];
    a.subscribe({ complete: () => t.bus.publish('n', { n: 1 }) });
    t.bus.subscribe('n', a);
    t.bus.subscribe('n', ({ n }) => void heard.push(n));
    exit(a, { type: 'shutdown' });
    await turns();
    expect([heard, t.got, t.runtime.deadLetters]).toEqual([[1], [], 0]);
  });

  test('and that no runtime knows, when it is full, is the error of a listener', () => {
    const got: unknown[] = [];
    const errors: unknown[] = [];
    const bus = createBus<Events>({ onListenerError: (error) => errors.push(error) });
    bus.subscribe('n', createActor(noting(got)).start());
    for (let n = 0; n < 10_001; n++) bus.publish('n', { n });
    expect(errors).toEqual([expect.any(MailboxFullError)]);
  });

  test('and is none of XState’s is sent to as it has it', () => {
    const got: unknown[] = [];
    const bus = createBus<Events>();
    const subscriber = {
      send: (event: object) => void got.push(event),
      subscribe: () => ({ unsubscribe() {} }),
    };
    bus.subscribe('n', subscriber);
    bus.publish('n', { n: 1 });
    expect(got).toEqual([{ type: 'n', n: 1 }]);
  });
});

test('whoever makes a bus can say how an event reaches an actor', () => {
  const delivered: unknown[] = [];
  const got: unknown[] = [];
  const bus = createBus<Events>({ deliver: (_, event) => void delivered.push(event) });
  bus.subscribe('n', createActor(noting(got)).start());
  bus.publish('n', { n: 1 });
  expect([delivered, got]).toEqual([[{ type: 'n', n: 1 }], []]);
});
