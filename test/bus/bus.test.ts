import { expect, test, vi } from 'vitest';
import { createBus } from '../../src/bus/index.js';

interface Events {
  readonly tick: { readonly n: number };
  readonly tock: { readonly n: number };
}

test('a listener gets its topic, a listener of all gets all, until it is unsubscribed', () => {
  const bus = createBus<Events>();
  const seen: unknown[] = [];
  const offTick = bus.subscribe('tick', (event) => seen.push(['tick', event]));
  const offAll = bus.subscribe('*', (event) => seen.push(['*', event]));
  bus.publish('tick', { n: 1 });
  bus.publish('tock', { n: 2 });
  offTick();
  offAll();
  bus.publish('tick', { n: 3 });
  expect(seen).toEqual([
    ['tick', { type: 'tick', n: 1 }],
    ['*', { type: 'tick', n: 1 }],
    ['*', { type: 'tock', n: 2 }],
  ]);
});

test('a listener that throws, or rejects, harms nobody else and is reported', async () => {
  const reported: unknown[] = [];
  const bus = createBus<Events>({ onListenerError: (error, topic) => reported.push([topic, error]) });
  const heard: number[] = [];
  bus.subscribe('tick', () => {
    throw 'thrown';
  });
  bus.subscribe('tick', async () => {
    throw 'rejected';
  });
  bus.subscribe('tick', ({ n }) => void heard.push(n));
  bus.publish('tick', { n: 1 });
  await vi.waitFor(() => expect(reported).toHaveLength(2));
  expect(reported).toEqual([
    ['tick', 'thrown'],
    ['tick', 'rejected'],
  ]);
  expect(heard).toEqual([1]);
});

test('an actor gets the events as its own, and its subscription ends with it', () => {
  const bus = createBus<Events>();
  const got: unknown[] = [];
  let end = (): void => {};
  const actor = {
    send: (event: { readonly type: string }) => got.push(event),
    subscribe: ({ complete }: { complete?: () => void }) => {
      end = complete ?? end;
      return { unsubscribe: () => {} };
    },
  };
  bus.subscribe('tick', actor);
  bus.publish('tick', { n: 1 });
  end();
  bus.publish('tick', { n: 2 });
  expect(got).toEqual([{ type: 'tick', n: 1 }]);
});
