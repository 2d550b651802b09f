import { describe, expect, test } from 'vitest';
import { createMachine } from 'xstate';
import { child, stop } from '../../supervisors/index.js';
import { running } from '../runtime/running.js';

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
