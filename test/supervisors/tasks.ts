/** A task supervisor under virtual time. */
import { onTestFinished, vi } from 'vitest';
import {
  child,
  countChildren,
  type SupervisorRef,
  type TaskSupervisorOptions,
  taskSupervisor,
} from '../../supervisors/index.js';
import { type Running, running } from '../runtime/running.js';

export interface Tasks extends Running {
  readonly tasks: SupervisorRef;
  active(): Promise<number>;
}

export async function tasksOf(options?: TaskSupervisorOptions): Promise<Tasks> {
  const t = await running({
    children: [child({ id: 'tasks', name: 'tasks', logic: taskSupervisor(options) })],
  });
  onTestFinished(async () => {
    const stopped = t.runtime.stop();
    // Whatever a test left running has its time to end.
    if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(60_000);
    await stopped;
  });
  const tasks = t.who('tasks') as SupervisorRef;
  return { ...t, tasks, active: async () => (await countChildren(tasks)).active };
}

/** What a promise came to, virtual time having passed. */
export async function outcome<T>(promise: Promise<T>, ms = 0): Promise<{ value: T } | { error: unknown }> {
  const settled = promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await vi.advanceTimersByTimeAsync(ms);
  return settled;
}

export function abortable(): { signal: AbortSignal; abort(reason: unknown): void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
}
