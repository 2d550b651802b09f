import { expect, test, vi } from 'vitest';
import { OptionsError } from '../../src/errors.js';
import { type ThreadChildSpec, threadChild } from '../../supervisors/thread-child.js';

// That the actor lives in a thread is shown in test/threads.
const module = new URL('../threads/fixtures/counter.ts', import.meta.url);
const made = (spec: Partial<ThreadChildSpec> = {}) => threadChild({ id: 'a', module, ...spec });

test('its limits, its heartbeat and what any child has are looked at where it is made', () => {
  for (const [spec, option] of [
    [{ resourceLimits: { stackSizeMb: -1 } }, 'resourceLimits.stackSizeMb'],
    [{ heartbeat: 0 }, 'heartbeat'],
    [{ module: '' }, 'module'],
    [{ restart: 'always' }, "child 'a'.restart"],
    [{ ready: 1 }, "child 'a'.ready"],
  ] as const) {
    expect(() => made(spec as never)).toThrow(OptionsError);
    expect(() => made(spec as never)).toThrow(expect.objectContaining({ option }));
  }
  expect(made({ resourceLimits: { stackSizeMb: 4 }, heartbeat: false }).id).toBe('a');
});

test('what concerns the thread is no part of the child spec; the rest is as it was written', () => {
  const spec = made({
    resourceLimits: { stackSizeMb: 4 },
    heartbeat: '1s',
    restart: 'transient',
    shutdown: 10,
  });
  expect(Object.keys(spec).sort()).toEqual(['id', 'logic', 'restart', 'shutdown']);
  expect(spec).toMatchObject({ id: 'a', restart: 'transient', shutdown: 10 });
});

test('`ready` is asked of what the thread has told, and of nothing before it has told anything', () => {
  const ready = vi.fn(() => true);
  const spec = made({ ready });
  const untold = spec.logic.getInitialSnapshot({ self: {} } as never, undefined);
  expect(spec.ready?.(untold)).toBe(false);
  expect(ready).not.toHaveBeenCalled();
  const told = { ...untold };
  expect(spec.ready?.(told)).toBe(true);
  ready.mockReturnValue(false);
  expect(spec.ready?.(told)).toBe(false);
  expect(ready).toHaveBeenCalledWith(told);
});
