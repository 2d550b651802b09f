import { describe, expect, test, vi } from 'vitest';
import { createMachine } from 'xstate';
import { StartError } from '../../src/errors.js';
import { child, stop } from '../../supervisors/index.js';
import { prepare, running, turns } from '../runtime/running.js';

describe('who has been asked', () => {
  test('is not asked again, and everybody who asked waits', async () => {
    const asked: unknown[] = [];
    const logic = createMachine({
      initial: 'on',
      states: { on: { on: { go: 'off' } }, off: { type: 'final' } },
      on: { 'holdfast.shutdown': { actions: ({ event }) => void asked.push(event.reason) } },
    });
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic, restart: 'temporary', shutdown: 'infinity' })],
    });
    const over: number[] = [];
    const stops = [1, 2].map((n) =>
      stop(t.who('a'), { type: 'shutdown', detail: n }).then(() => over.push(n)),
    );
    t.who('a').send({ type: 'go' });
    await Promise.all(stops);
    expect([asked, over]).toEqual([[{ type: 'shutdown', detail: 1 }], [1, 2]]);
    // It ended by itself, and for what it was first asked.
    expect(t.events.find(({ type }) => type === 'actor.stopped')).toMatchObject({ reason: { detail: 1 } });
  });

  test.each([
    ['a machine that does not listen for it', createMachine({})],
    ['a machine that listens by a wildcard', createMachine({ on: { '*': {} } })],
  ])('trapping exits is for other logic: %s is stopped at once', async (_, logic) => {
    const t = await running({ children: [child({ id: 'a', logic, trapExit: true, shutdown: 'infinity' })] });
    await t.runtime.stop();
    expect(t.told('actor.stopped')).toContain('actor.stopped root/a#1');
  });
});

describe('who is stopped while it starts', () => {
  const naming = (asked: unknown[]) =>
    createMachine({
      initial: 'waiting',
      states: { waiting: { tags: 'starting' } },
      on: { 'holdfast.shutdown': { actions: () => void asked.push('asked') } },
    });

  test('is killed, and not asked, and that is no crash', async () => {
    const asked: unknown[] = [];
    const t = prepare({ children: [child({ id: 'a', logic: naming(asked), shutdown: 'infinity' })] });
    const started = t.runtime.start().catch(() => 'failed');
    await turns();
    await t.runtime.stop();
    expect([await started, asked]).toEqual(['failed', []]);
    expect(t.told('actor.crashed')).toEqual([]);
    expect(t.events.find((event) => event.type === 'actor.stopped' && event.id === 'a')).toMatchObject({
      reason: { type: 'killed' },
    });
  });

  test('in its very making, does not start', async () => {
    let stopped: Promise<void> | undefined;
    const logic = createMachine({
      context: () => {
        stopped = t.runtime.stop();
        return {};
      },
    });
    const t = prepare({ children: [child({ id: 'a', logic })] });
    await expect(t.runtime.start()).rejects.toBeInstanceOf(StartError);
    await stopped;
    expect(t.told().filter((line) => line.includes('root/a'))).toEqual(['actor.stopped root/a#1']);
  });
});

test('who ends as soon as it is asked leaves no timer behind, and is not said to have been late', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const logic = createMachine({
      initial: 'on',
      states: { on: { on: { 'holdfast.shutdown': 'off' } }, off: { type: 'final' } },
    });
    const t = await running({ children: [child({ id: 'a', logic, shutdown: 100 })] });
    await t.runtime.stop();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(t.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});
