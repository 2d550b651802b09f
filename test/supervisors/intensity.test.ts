import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { fromCallback } from 'xstate';
import { GaveUpError } from '../../src/errors.js';
import { exit } from '../../src/runtime/index.js';
import { child, supervisor, whichChildren } from '../../supervisors/index.js';
import { RestartWindow } from '../../supervisors/intensity.js';
import { obedient, running } from '../runtime/running.js';

test('a restart counts as long as it is at most `within` old, the present one included', () => {
  fc.assert(
    fc.property(
      fc.record({ maxRestarts: fc.nat(5), within: fc.integer({ min: 1, max: 20 }) }),
      fc.array(fc.nat(8), { maxLength: 60 }),
      (intensity, gaps) => {
        const window = new RestartWindow(intensity);
        const restarts: number[] = [];
        let now = 0;
        for (const gap of gaps) {
          now += gap;
          restarts.push(now);
          const counted = restarts.filter((r) => r >= now - intensity.within).length;
          expect(window.count(now)).toBe(counted <= intensity.maxRestarts);
        }
      },
    ),
  );
});

test('a window of very many restarts costs no more than one of few', () => {
  const window = new RestartWindow({ maxRestarts: 1_000_000, within: 1_000_000 });
  let allowed = 0;
  for (let now = 0; now < 300_000; now++) if (window.count(now)) allowed++;
  expect(allowed).toBe(300_000);
});

describe('under virtual time', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    return () => vi.useRealTimers();
  });

  const kill = async (tree: Awaited<ReturnType<typeof running>>): Promise<void> => {
    exit(tree.who('a'), { type: 'killed' });
    await vi.advanceTimersByTimeAsync(0);
  };
  const tree = (maxRestarts: number, within: number) =>
    running({ maxRestarts, within, children: [child({ id: 'a', name: 'a', logic: obedient })] });

  test('a restart exactly `within` old still counts', async () => {
    const t = await tree(1, 1000);
    await kill(t);
    await vi.advanceTimersByTimeAsync(1000);
    await kill(t);
    expect(await t.runtime.exited).toMatchObject({ type: 'shutdown', detail: { childId: 'a' } });
  });

  test('one a millisecond older does not', async () => {
    const t = await tree(1, 1000);
    await kill(t);
    await vi.advanceTimersByTimeAsync(1001);
    await kill(t);
    expect(t.incarnation('a')).toBe(3);
  });

  test('intensity N allows N restarts', async () => {
    const t = await tree(3, 5000);
    for (let n = 0; n < 3; n++) await kill(t);
    expect(t.incarnation('a')).toBe(4);
    await kill(t);
    expect(t.runtime.whereis('a')).toBeUndefined();
    expect(t.told('supervisor.gave-up')).toEqual(['supervisor.gave-up root#1']);
  });

  test('intensity 0 allows none', async () => {
    const t = await tree(0, 5000);
    await kill(t);
    const reason = await t.runtime.exited;
    expect(reason).toMatchObject({ type: 'shutdown' });
    expect((reason as { detail: unknown }).detail).toBeInstanceOf(GaveUpError);
  });

  test('a child that can never be started again: N attempts without delay, then escalation', async () => {
    let attempts = 0;
    const logic = fromCallback(() => {
      if (attempts++ > 0) throw new Error('cannot start');
    });
    const t = await running({ maxRestarts: 4, children: [child({ id: 'a', name: 'a', logic })] });
    const before = performance.now();
    await kill(t);
    // The fake clock counts a millisecond for each turn of the loop.
    await vi.advanceTimersByTimeAsync(4);
    const reason = await t.runtime.exited;
    expect(attempts).toBe(1 + 4);
    expect(performance.now()).toBe(before + 4);
    expect(reason).toMatchObject({ detail: { childId: 'a', cause: { message: 'cannot start' } } });
  });

  test('between the attempts the inbox is served', async () => {
    let attempts = 0;
    const logic = fromCallback(() => {
      if (attempts++ > 0) throw new Error('cannot start');
    });
    const t = await running({
      maxRestarts: 50,
      children: [child({ id: 'a', name: 'a', logic }), child({ id: 'b', name: 'b', logic: obedient })],
    });
    exit(t.who('a'), { type: 'killed' });
    await vi.advanceTimersToNextTimerAsync();
    expect(attempts).toBeLessThan(50);
    const seen = await whichChildren(t.runtime.root);
    expect(seen.map(({ status }) => status)).toEqual(['restarting', 'running']);
    expect(t.runtime.tree().children?.[0]?.status).toBe('restarting');
    // Another child's crash is dealt with between the attempts as well.
    exit(t.who('b'), { type: 'killed' });
    await Promise.resolve();
    await vi.waitFor(() => expect(t.incarnation('b')).toBe(2));
    await t.runtime.stop();
    const final = attempts;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(attempts).toBe(final);
  });

  test('the window is the supervisor’s, not the child’s; and empty once it is started again', async () => {
    const inner = supervisor({
      maxRestarts: 1,
      children: ['a', 'b'].map((id) => child({ id, name: id, logic: obedient })),
    });
    const t = await running({ children: [child({ id: 'inner', name: 'inner', logic: inner })] });
    await kill(t);
    expect(t.incarnation('inner')).toBe(1);
    exit(t.who('b'), { type: 'killed' });
    await vi.advanceTimersByTimeAsync(0);
    expect(t.incarnation('inner')).toBe(2);
    await kill(t);
    expect(t.incarnation('inner')).toBe(2);
  });
});
