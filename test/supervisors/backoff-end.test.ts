import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type AnyActorRef, createActor, createMachine, fromCallback } from 'xstate';
import { exit } from '../../src/runtime/index.js';
import { sleep } from '../../src/runtime/time.js';
import { child, service, stop, withBackoff } from '../../supervisors/index.js';
import { obedient } from '../runtime/running.js';
import { boom, crash, innerOf, obeying, outcome, startedTree, steady, type Tree } from './backing-off.js';

beforeEach(steady);

const starts = (t: Tree): string[] =>
  t.told('actor.started').filter((each) => each.includes('root/a/attempt#'));
const backedOff = (t: Tree): number =>
  t.lines.filter(({ fields }) => fields.event === 'actor.backoff').length;
const kill = { type: 'killed' } as const;

describe('killed itself', () => {
  test('while something runs inside: nothing is started any more, and it has not backed off', async () => {
    const t = await obeying({ restart: 'temporary' });
    exit(t.who('a'), kill);
    expect(vi.getTimerCount()).toBe(0);
    await t.settle(60_000);
    expect(starts(t)).toHaveLength(1);
    expect(backedOff(t)).toBe(0);
  });

  test('while it backs off: that is how it ends, and nothing else is told', async () => {
    const t = await obeying();
    await crash(t);
    exit(t.who('a'), kill);
    await t.settle();
    expect(t.events.filter(({ type }) => type === 'actor.crashed').at(-1)).toMatchObject({
      path: 'root/a',
      reason: { type: 'killed' },
    });
    expect(t.told('supervisor.gave-up')).toHaveLength(1);
    expect(t.told('actor.late-error')).toEqual([]);
  });

  test('while it is stopping: that is how it ends', async () => {
    const t = await startedTree(
      withBackoff(service('a', { name: 'a', start: () => 1, stop: () => sleep(60_000), shutdown: 200 })),
    );
    void t.runtime.stop();
    await t.settle(200);
    expect(t.events.filter(({ type }) => type === 'actor.stopped')).toMatchObject([
      { path: 'root/a/attempt', reason: { type: 'killed' } },
      { path: 'root/a', reason: { type: 'killed' } },
      { path: 'root' },
    ]);
    expect(t.runtime.deadLetters).toBe(0);
  });
});

describe('told to stop', () => {
  test('while it backs off: in order, and nobody crashes', async () => {
    const t = await obeying();
    await crash(t);
    await t.runtime.stop();
    expect(t.events.filter(({ type }) => type === 'actor.stopped')).toMatchObject([
      { path: 'root/a', reason: { type: 'shutdown' } },
      { path: 'root', reason: { type: 'shutdown' } },
    ]);
    expect(t.told('actor.crashed')).toEqual(['actor.crashed root/a/attempt#1']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('while something runs inside: that ends once, and it does not back off', async () => {
    const t = await obeying();
    await t.runtime.stop();
    expect(backedOff(t)).toBe(0);
    expect(starts(t)).toHaveLength(1);
  });

  test.each([
    [false, [], 0],
    [true, ['holdfast.shutdown'], 100],
  ])(
    'other logic than a machine is asked, and waited for, if its spec has trapExit: %s',
    async (trapExit, told, takes) => {
      const events: string[] = [];
      const logic = fromCallback(({ receive }) => receive(({ type }) => void events.push(type)));
      const spec = child({ id: 'a', name: 'a', trapExit, shutdown: 100, logic: withBackoff(logic) });
      const t = await startedTree(spec);
      const before = Date.now();
      const stopped = t.runtime.stop().then(() => Date.now());
      await t.settle(1000);
      expect((await stopped) - before).toBe(takes);
      expect(events).toEqual(told);
    },
  );

  test('twice: for the first reason', async () => {
    const t = await obeying({ restart: 'temporary' });
    const ref = t.who('a');
    const both = [
      stop(ref, { type: 'shutdown', detail: 'first' }),
      stop(ref, { type: 'shutdown', detail: 'second' }),
    ];
    await outcome(t, Promise.all(both));
    expect(t.events.filter(({ type }) => type === 'actor.stopped')).toMatchObject([
      { path: 'root/a/attempt', reason: { detail: 'first' } },
      { path: 'root/a', reason: { detail: 'first' } },
    ]);
  });

  test('at the moment at which the next attempt is ready: it stays so until that has been stopped', async () => {
    let lives = 0;
    const slow = createMachine({
      types: {} as { context: { waits: boolean } },
      context: () => ({ waits: lives++ > 0 }),
      initial: 'up',
      states: {
        up: {
          tags: 'starting',
          always: { guard: ({ context }) => !context.waits, target: 'on' },
          on: { ready: 'on' },
        },
        on: { on: { 'holdfast.shutdown': 'closing' } },
        closing: { after: { 500: 'off' } },
        off: { type: 'final' },
      },
    });
    const t = await startedTree(child({ id: 'a', name: 'a', logic: withBackoff(slow, { min: 100 }) }));
    exit(innerOf(t), kill);
    await t.settle(200);
    expect(t.snapshot().value).toBe('starting');
    innerOf(t).send({ type: 'ready' } as never);
    const stopped = stop(t.who('a'));
    await t.settle(100);
    expect(t.snapshot().value).toBe('stopping');
    await t.settle(400);
    await stopped;
    expect(t.told('actor.restarted')).toEqual([]);
  });
});

describe('in a plain machine', () => {
  const listeners = (): number =>
    process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');

  function embedded(): { host: AnyActorRef; a(): AnyActorRef } {
    const logic = withBackoff(obedient, { min: 100, max: 1000 });
    const host = createActor(createMachine({ invoke: { id: 'a', src: logic as never } }));
    onTestFinished(() => {
      host.stop();
      vi.useRealTimers();
    });
    host.start();
    return { host, a: () => (host.getSnapshot() as never as { children: { a: AnyActorRef } }).children.a };
  }

  test('it runs, backs off and runs again', async () => {
    const { a } = embedded();
    await vi.advanceTimersByTimeAsync(0);
    expect(a().getSnapshot()).toMatchObject({ value: 'running' });
    a().send({ type: 'throw', error: boom });
    await vi.advanceTimersByTimeAsync(0);
    expect(a().getSnapshot()).toMatchObject({ value: 'backoff', context: { failures: 1 } });
    await vi.advanceTimersByTimeAsync(200);
    expect(a().getSnapshot()).toMatchObject({ value: 'running' });
  });

  test.each(['running', 'backoff'])(
    'stopped while %s, nothing is left of it, nor of the hooks',
    async (value) => {
      const before = listeners();
      const { host, a } = embedded();
      await vi.advanceTimersByTimeAsync(0);
      const inner = a().getSnapshot().ref as AnyActorRef;
      expect(listeners()).toBeGreaterThan(before);
      if (value === 'backoff') a().send({ type: 'throw', error: boom });
      await vi.advanceTimersByTimeAsync(0);
      expect(a().getSnapshot()).toMatchObject({ value });
      const wrapper = a();
      host.stop();
      expect(inner.getSnapshot().status).not.toBe('active');
      expect(wrapper.getSnapshot()).toMatchObject({ status: 'stopped', value: 'stopped' });
      expect(vi.getTimerCount()).toBe(0);
      expect(listeners()).toBe(before);
    },
  );
});
