import { beforeEach, describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest';
import { type AnyActorRef, createMachine, fromCallback } from 'xstate';
import { OptionsError, StartError, StartTimeoutError, StateError } from '../../src/errors.js';
import { actorName, exit, signalOf, sys } from '../../src/runtime/index.js';
import { sleep } from '../../src/runtime/time.js';
import {
  child,
  resourceOf,
  type ServiceLogic,
  type ServiceOptions,
  service,
  startChild,
  whichChildren,
} from '../../supervisors/index.js';
import { prepare, type Running } from '../runtime/running.js';

const boom = new Error('boom');

beforeEach(() => void vi.useFakeTimers());

interface Resource {
  readonly n: number;
}

interface Pool extends Running {
  /** `+1` started, `~1` being stopped, `-1` stopped. */
  readonly trace: string[];
  readonly signals: AbortSignal[];
  fail(error: unknown): void;
  settle(ms?: number): Promise<void>;
}

/** A service whose resources are numbered; `startTakes` and `stopTakes` in ms. */
function pool(
  options: Partial<ServiceOptions<Resource>> & { startTakes?: number; stopTakes?: number } = {},
): Pool {
  const { startTakes = 10, stopTakes = 10, ...rest } = options;
  const trace: string[] = [];
  const signals: AbortSignal[] = [];
  let numbers = 0;
  let fail: (error: unknown) => void = () => {};
  const t = prepare({
    children: [
      service<Resource>('pool', {
        name: 'pool',
        async start(signal, context) {
          const n = ++numbers;
          signals.push(signal);
          fail = context.fail;
          trace.push(`*${n}`);
          await sleep(startTakes);
          trace.push(`+${n}`);
          return { n };
        },
        async stop({ n }, signal) {
          trace.push(`~${n}`);
          signal.addEventListener('abort', () => trace.push(`!${n}`));
          await sleep(stopTakes);
          trace.push(`-${n}`);
        },
        ...rest,
      }),
    ],
  });
  onTestFinished(async () => {
    const stopped = t.runtime.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    await stopped;
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
  return {
    ...t,
    trace,
    signals,
    fail: (error) => fail(error),
    settle: async (ms = 100) => void (await vi.advanceTimersByTimeAsync(ms)),
  };
}

async function started(options: Parameters<typeof pool>[0] = {}): Promise<Pool> {
  const t = pool(options);
  const start = t.runtime.start();
  await t.settle();
  await start;
  return t;
}

const current = (t: Pool): Resource => resourceOf<Resource>(t.who('pool'));

describe('start', () => {
  test('it is started when `start` has resolved, and its resource is had by name', async () => {
    const t = pool();
    const start = t.runtime.start();
    await t.settle(5);
    expect(t.runtime.tree().children).toMatchObject([{ status: 'starting', state: 'starting' }]);
    expect(() => current(t)).toThrow(/'pool' has not been started yet/);
    await t.settle(5);
    await start;
    expect(current(t)).toEqual({ n: 1 });
    expect(t.runtime.tree().children).toMatchObject([{ status: 'running', state: 'running' }]);
  });

  test('startChild tells the resource', async () => {
    const t = await started();
    const resource = { open: true };
    const { ref, info } = await startChild(t.runtime.root, service('other', { start: () => resource }));
    expect(info).toBe(resource);
    expect(resourceOf(ref as never)).toBe(resource);
  });

  test('a typed name knows the resource', async () => {
    const name = actorName<ServiceLogic<Resource>>('pool');
    const t = await started({ name });
    const ref = t.runtime.whereis(name);
    const resource = ref && resourceOf(ref);
    expectTypeOf(resource).toEqualTypeOf<Resource | undefined>();
    expect(resource).toEqual({ n: 1 });
  });

  test.each([
    ['rejects', () => Promise.reject(boom)],
    [
      'throws',
      () => {
        throw boom;
      },
    ],
  ])('when it %s, the start has failed', async (_, start) => {
    const t = pool({ start });
    const failed = t.runtime.start().catch((error: unknown) => error);
    await t.settle();
    expect(await failed).toMatchObject({ childId: 'pool', cause: boom });
    expect(t.trace).toEqual([]);
  });

  test('when it says before it has resolved that it has failed, the start has failed, and what it brings is stopped', async () => {
    const t = pool();
    const failed = t.runtime.start().catch((error: unknown) => error);
    await t.settle(5);
    t.fail(boom);
    await t.settle(50);
    expect(await failed).toBeInstanceOf(StartError);
    expect(t.trace).toEqual(['*1', '+1', '~1', '-1']);
  });

  test('a late result is stopped, not leaked: after `startTimeout`', async () => {
    const t = pool({ startTakes: 1000, startTimeout: 100 });
    const failed = t.runtime.start().catch((error: unknown) => error);
    await t.settle(100);
    expect(await failed).toMatchObject({ cause: expect.any(StartTimeoutError) });
    expect(t.signals[0]?.aborted).toBe(true);
    expect(t.trace).toEqual(['*1']);
    await t.settle(1000);
    expect(t.trace).toEqual(['*1', '+1', '~1', '-1']);
  });

  test('a late result is stopped, not leaked: after an order to stop', async () => {
    const t = pool({ startTakes: 1000 });
    const failed = t.runtime.start().catch((error: unknown) => error);
    await t.settle(100);
    const stopped = t.runtime.stop();
    await t.settle(0);
    await stopped;
    expect(await failed).toBeInstanceOf(StartError);
    await t.settle(1000);
    expect(t.trace).toEqual(['*1', '+1', '~1', '-1']);
  });

  test.each([
    ['is told, and nobody is harmed', boom, 1],
    ['that only obeys the signal is nothing', new DOMException('aborted', 'AbortError'), 0],
  ])('a late error %s', async (_, error, told) => {
    const t = pool({ start: () => sleep(1000).then(() => Promise.reject(error)), startTimeout: 10 });
    const failed = t.runtime.start().catch((error: unknown) => error);
    await t.settle(2000);
    await failed;
    expect(t.told('actor.late-error')).toHaveLength(told);
  });
});

describe('stop', () => {
  test('the resource is stopped in order, and then the signal fires', async () => {
    const t = await started();
    const stopped = t.runtime.stop();
    await t.settle(5);
    expect(t.trace).toEqual(['*1', '+1', '~1']);
    expect(t.signals[0]?.aborted).toBe(false);
    await t.settle(5);
    await stopped;
    expect(t.trace).toEqual(['*1', '+1', '~1', '-1']);
    expect(t.signals[0]?.aborted).toBe(true);
    expect(t.told('supervisor.report')).toEqual([]);
  });

  test('without `stop` the signal is all', async () => {
    const t = pool({ stop: undefined as never });
    const start = t.runtime.start();
    await t.settle();
    await start;
    await t.runtime.stop();
    expect(t.signals[0]?.aborted).toBe(true);
    expect(t.told('actor.crashed')).toEqual([]);
  });

  test('it has the shutdown time; then its signal fires, and nobody waits', async () => {
    const t = await started({ stopTakes: 1000, shutdown: 200 });
    let over = false;
    void t.runtime.stop().then(() => {
      over = true;
    });
    await t.settle(199);
    expect(over).toBe(false);
    await t.settle(1);
    expect(over).toBe(true);
    expect(t.trace).toEqual(['*1', '+1', '~1', '!1']);
    expect(t.signals[0]?.aborted).toBe(true);
    await t.settle(1000);
    expect(t.trace).toEqual(['*1', '+1', '~1', '!1', '-1']);
  });

  test('when it rejects, that is how the service ended', async () => {
    const t = await started({ stop: () => Promise.reject(boom) });
    await t.runtime.stop();
    expect(t.events.filter(({ type }) => type === 'supervisor.report')).toMatchObject([
      { context: 'shutdown-error', childId: 'pool', reason: { type: 'error', error: boom } },
    ]);
  });

  test('what it says of its failure while it is being stopped is nothing', async () => {
    const t = await started({ stopTakes: 50 });
    const stopped = t.runtime.stop();
    await t.settle(10);
    t.fail(boom);
    await t.settle(50);
    await stopped;
    t.fail(boom);
    expect(t.told('actor.crashed')).toEqual([]);
    expect(t.told('actor.late-error')).toEqual([]);
  });
});

describe('a crash', () => {
  test('the old resource is stopped before the next is started', async () => {
    const t = await started({ stopTakes: 300 });
    t.fail(boom);
    await t.settle(299);
    expect(t.trace).toEqual(['*1', '+1', '~1']);
    expect(t.signals[0]?.aborted).toBe(true);
    await t.settle(11);
    expect(t.trace).toEqual(['*1', '+1', '~1', '-1', '*2', '+2']);
    expect(current(t)).toEqual({ n: 2 });
    expect(t.told('actor.crashed')).toEqual(['actor.crashed root/pool#1']);
    await t.settle();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('who is killed has its resource stopped, too', async () => {
    const t = await started();
    exit(t.who('pool'), { type: 'killed' });
    await t.settle();
    expect(t.trace).toEqual(['*1', '+1', '~1', '-1', '*2', '+2']);
  });

  test('the next does not wait for longer than the shutdown time', async () => {
    const t = await started({ stopTakes: 60_000, shutdown: 200 });
    t.fail(boom);
    await t.settle(199);
    expect(t.trace).toEqual(['*1', '+1', '~1']);
    await t.settle(1);
    expect(t.trace).toEqual(['*1', '+1', '~1', '!1', '*2']);
  });

  test("'brutal': it is told to stop, and nobody waits", async () => {
    const t = await started({ stopTakes: 1000, shutdown: 'brutal' });
    t.fail(boom);
    expect(t.trace).toEqual(['*1', '+1', '~1', '!1']);
    await t.settle(0);
    expect(t.trace).toEqual(['*1', '+1', '~1', '!1', '*2']);
  });

  test("'infinity': as long as it takes, and as the start may", async () => {
    const t = await started({ stopTakes: 20_000, shutdown: 'infinity' });
    t.fail(boom);
    await t.settle(19_999);
    expect(t.trace).toEqual(['*1', '+1', '~1']);
    // That of what it waits for, and that of its start.
    expect(vi.getTimerCount()).toBe(2);
    await t.settle(11);
    expect(t.trace.slice(3)).toEqual(['-1', '*2', '+2']);
  });

  test('what was killed while it was being stopped is not stopped twice', async () => {
    const t = await started({ stopTakes: 100 });
    const pool = t.who('pool');
    pool.send({ type: 'holdfast.shutdown' });
    await t.settle(50);
    exit(pool, { type: 'killed' });
    await t.settle(200);
    expect(t.trace.filter((each) => each.endsWith('1'))).toEqual(['*1', '+1', '~1', '!1', '-1']);
  });

  test.each([
    ['when that has been done', 100, ['-1', '*2']],
    ['when its time is over', 1000, ['*2']],
  ])('who is killed while it is being stopped is followed by the next %s', async (_, stopTakes, next) => {
    const t = await started({ stopTakes, shutdown: 200 });
    t.who('pool').send({ type: 'holdfast.shutdown' });
    await t.settle(50);
    exit(t.who('pool'), { type: 'killed' });
    await t.settle(Math.min(stopTakes, 200) - 51);
    expect(t.trace).toEqual(['*1', '+1', '~1', '!1']);
    await t.settle(1);
    expect(t.trace.slice(4)).toEqual(next);
  });

  test('the next waits for the one before it, though a late result of an earlier one has been stopped meanwhile', async () => {
    const trace: string[] = [];
    let starts = 0;
    let fail: (error: unknown) => void = () => {};
    const t = prepare({
      maxRestarts: 100,
      children: [
        service('pool', {
          startTimeout: 100,
          shutdown: 2000,
          start: async (_, context) => {
            const n = ++starts;
            trace.push(`*${n}`);
            fail = context.fail;
            if (n === 2) await sleep(500);
            return n;
          },
          stop: async (n) => {
            await sleep(n * 100);
            trace.push(`-${n}`);
          },
        }),
      ],
    });
    await t.runtime.start();
    fail(boom);
    // The third is started at 200, and the second brings something at 600.
    await vi.advanceTimersByTimeAsync(650);
    expect(trace).toEqual(['*1', '-1', '*2', '*3']);
    fail(boom);
    await vi.advanceTimersByTimeAsync(299);
    expect(trace.slice(4)).toEqual(['-2']);
    await vi.advanceTimersByTimeAsync(1);
    expect(trace.slice(4)).toEqual(['-2', '-3', '*4']);
    const stopped = t.runtime.stop();
    await vi.advanceTimersByTimeAsync(2000);
    await stopped;
    vi.useRealTimers();
  });

  test('an error of stopping it then is told, and the next starts', async () => {
    const t = await started({ stop: () => Promise.reject(new Error('stuck')) });
    t.fail(boom);
    await t.settle();
    expect(t.told('actor.late-error')).toEqual(['actor.late-error root/pool#1']);
    expect(current(t)).toEqual({ n: 2 });
  });

  test('one that was killed has no resource any more', async () => {
    const t = await started();
    const before = t.who('pool');
    exit(before, { type: 'killed' });
    expect(() => resourceOf(before)).toThrow(/'pool' has ended/);
  });

  test('killed before its turn to start, it never starts', async () => {
    const t = await started({ stopTakes: 100 });
    t.fail(boom);
    await t.settle(50);
    const stopped = t.runtime.stop();
    await t.settle(1000);
    await stopped;
    expect(t.trace).toEqual(['*1', '+1', '~1', '-1']);
  });
});

test('what is wrong is said', async () => {
  expect(() => service('x', {} as never)).toThrow(
    /"start" of a service must be a function. Given: undefined/,
  );
  expect(() => service('x', { start: () => 1, stop: null as never })).toThrow(/"stop".*null/);
  expect(() => service('x', { start: 1 as never })).toThrow(
    expect.objectContaining({ option: 'start', given: 1 }),
  );
  expect(() => service('x', { start: () => 1, shutdown: 'now' as never })).toThrow(OptionsError);
  const t = await started();
  for (const logic of [createMachine({}), fromCallback(() => {})]) {
    const { ref } = await startChild(t.runtime.root, child({ id: 'm', restart: 'temporary', logic }));
    expect(() => resourceOf(ref as never)).toThrow(StateError);
    expect(() => resourceOf(ref as never)).toThrow(/'m' is not a service/);
    exit(ref as AnyActorRef, { type: 'killed' });
    await t.settle(0);
  }
});

test('an operator sees its state, not its insides', async () => {
  const t = await started();
  expect(sys.getState(t.who('pool'))).toMatchObject({ value: 'running', path: 'root/pool' });
  expect(JSON.stringify(sys.getState(t.who('pool')).context)).not.toContain('"n"');
  expect((await whichChildren(t.runtime.root)).map(({ type }) => type)).toEqual(['worker']);
  expect(signalOf(t.who('pool')).aborted).toBe(false);
});
