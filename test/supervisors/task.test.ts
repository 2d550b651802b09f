import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { AnyActorRef } from 'xstate';
import { ActorDiedError, OptionsError } from '../../src/errors.js';
import { exit } from '../../src/runtime/index.js';
import { sleep } from '../../src/runtime/time.js';
import { stop, type TaskFunction, type TaskOptions, task } from '../../supervisors/index.js';
import { prepare, type Running } from '../runtime/running.js';

const boom = new Error('boom');

beforeEach(() => void vi.useFakeTimers());

async function tasking(fn: TaskFunction, options: TaskOptions = {}): Promise<Running> {
  const t = prepare({ children: [task('a', fn, { name: 'a', ...options })] });
  onTestFinished(async () => {
    const stopped = t.runtime.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    await stopped;
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
  const started = t.runtime.start();
  await vi.advanceTimersByTimeAsync(0);
  await started;
  return t;
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('it runs once, and is started at once; its value is its output', async () => {
  let runs = 0;
  const t = await tasking(async () => {
    runs++;
    await sleep(100);
    return 42;
  });
  const ref = t.who('a');
  expect(t.runtime.tree().children).toMatchObject([{ status: 'running', state: 'running' }]);
  await pass(100);
  expect(ref.getSnapshot()).toMatchObject({ status: 'done', output: 42 });
  await pass(10_000);
  expect(runs).toBe(1);
  expect(t.told('actor.stopped')).toEqual(['actor.stopped root/a#1']);
  expect(t.runtime.tree().children).toMatchObject([{ status: 'stopped', incarnation: 1 }]);
});

test('one that throws has crashed, and is started again: it is transient', async () => {
  let runs = 0;
  const t = await tasking(() => {
    if (++runs < 3) throw boom;
  });
  await pass(10);
  expect(runs).toBe(3);
  expect(t.events.filter(({ type }) => type === 'actor.crashed')).toMatchObject([
    { error: boom },
    { error: boom },
  ]);
  expect(t.told('supervisor.gave-up')).toEqual([]);
});

test('one that is permanent is started again however it ends, within the intensity', async () => {
  let runs = 0;
  const t = await tasking(() => void runs++, { restart: 'permanent' });
  await pass(10);
  expect(runs).toBe(4);
  expect(t.told('supervisor.gave-up')).toEqual(['supervisor.gave-up root#1']);
});

test('an order to stop fires its signal with the reason, and it has its shutdown time', async () => {
  const trace: unknown[] = [];
  const t = await tasking(
    async (signal) => {
      signal.addEventListener('abort', () => trace.push(signal.reason));
      await sleep(60_000, signal).catch(() => {});
      await sleep(100);
      trace.push('tidied up');
    },
    { shutdown: 200 },
  );
  const stopped = t.runtime.stop();
  await pass(100);
  await stopped;
  expect(trace).toMatchObject([{ reason: { type: 'shutdown' } }, 'tidied up']);
  expect(trace[0]).toBeInstanceOf(ActorDiedError);
  expect(t.events.find(({ type }) => type === 'actor.stopped')).toMatchObject({
    reason: { type: 'shutdown' },
  });
});

test('what it rejects with because of the signal is no error', async () => {
  for (const obey of [
    (signal: AbortSignal) => sleep(60_000, signal),
    (signal: AbortSignal) =>
      sleep(60_000, signal).catch(() => Promise.reject(new DOMException('aborted', 'AbortError'))),
  ]) {
    const t = prepare({ children: [task('a', obey)] });
    await t.runtime.start();
    await pass(0);
    await t.runtime.stop();
    expect(t.told('supervisor.report')).toEqual([]);
    expect(t.told('actor.late-error')).toEqual([]);
  }
});

test('another error while it stops is how it ended', async () => {
  const t = await tasking((signal) => sleep(60_000, signal).catch(() => Promise.reject(boom)));
  await t.runtime.stop();
  expect(t.events.filter(({ type }) => type === 'supervisor.report')).toMatchObject([
    { context: 'shutdown-error', reason: { type: 'error', error: boom } },
  ]);
});

test('an AbortError of its own, without an order, is an error', async () => {
  const t = await tasking(() => Promise.reject(new DOMException('aborted', 'AbortError')), {
    restart: 'temporary',
  });
  await pass(0);
  expect(t.told('actor.crashed')).toEqual(['actor.crashed root/a#1']);
});

test('who overruns is killed: what it brings then is dropped, what it throws is told', async () => {
  let ended = false;
  const t = await tasking(
    async () => {
      await sleep(1000);
      ended = true;
      throw boom;
    },
    { shutdown: 200 },
  );
  let over = false;
  void t.runtime.stop().then(() => {
    over = true;
  });
  await pass(199);
  expect(over).toBe(false);
  await pass(1);
  expect(over).toBe(true);
  await pass(1000);
  expect(ended).toBe(true);
  expect(t.told('actor.late-error')).toEqual(['actor.late-error root/a#1']);
});

test.each([
  ['has ended', (ref: AnyActorRef) => exit(ref, { type: 'killed' })],
  ['was told to end', (ref: AnyActorRef) => void stop(ref)],
])('one that %s before it was its turn is never called', async (_, end) => {
  const fn = vi.fn();
  const t = prepare({ children: [task('a', fn, { name: 'a', restart: 'temporary' })] });
  t.runtime.bus.subscribe('actor.ready', ({ name }) => name === 'a' && end(t.who('a')));
  await t.runtime.start();
  await pass(0);
  expect(fn).not.toHaveBeenCalled();
  expect(t.told().filter((each) => each.endsWith('root/a#1'))).toHaveLength(3);
});

test('killed, its signal fires', async () => {
  let own: AbortSignal | undefined;
  const t = await tasking(
    (signal) => {
      own = signal;
      return new Promise(() => {});
    },
    { restart: 'temporary' },
  );
  await pass(0);
  const ref = t.who('a');
  exit(ref, { type: 'killed' });
  expect(own?.aborted).toBe(true);
  expect(own?.reason).toMatchObject({ reason: { type: 'killed' } });
});

test('its signal fires at its end, for what it did not await', async () => {
  let own: AbortSignal | undefined;
  await tasking((signal) => {
    own = signal;
  });
  await pass(0);
  expect(own?.reason).toMatchObject({ reason: { type: 'normal' } });
});

test('nobody can make it believe that it is done', async () => {
  const t = await tasking(() => new Promise(() => {}));
  t.who('a').send({ type: 'holdfast.task.settled' });
  await pass(0);
  expect(t.runtime.tree().children).toMatchObject([{ status: 'running', incarnation: 1 }]);
});

test('what is wrong is said', () => {
  expect(() => task('a', 1 as never)).toThrow(/A task must be a function.*Given: number/);
  expect(() => task('a', null as never)).toThrow(/Given: null/);
  expect(() => task('', () => {})).toThrow(OptionsError);
  expect(() => task('a', () => {}, { restart: 'always' } as never)).toThrow(/restart/);
});
