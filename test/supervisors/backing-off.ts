/** Trees whose children run with a backoff, under virtual time. */
import { expect, onTestFinished, vi } from 'vitest';
import type { ActorRefFrom } from 'xstate';
import { type ChildSpec, send } from '../../src/runtime/index.js';
import {
  type BackoffOptions,
  type BackoffSnapshot,
  child,
  type SupervisorOptions,
  withBackoff,
} from '../../supervisors/index.js';
import { obedient, prepare, type Running } from '../runtime/running.js';

export const boom = new Error('boom');

/** Time and chance in the test's hand: every delay is all but its upper bound. Returns the way back. */
export function steady(): () => void {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.999_999);
  return () => void vi.restoreAllMocks();
}

export type Snap = BackoffSnapshot<typeof obedient>;

export interface Tree extends Running {
  snapshot(name?: string): Snap;
  settle(ms?: number): Promise<void>;
}

export function tree(children: ChildSpec[], options: Partial<SupervisorOptions> = {}): Tree {
  const t = prepare({ maxRestarts: 0, ...options, children });
  onTestFinished(async () => {
    const stopped = t.runtime.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    await stopped;
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
  return {
    ...t,
    snapshot: (name = 'a') => t.who(name).getSnapshot() as Snap,
    settle: async (ms = 0) => void (await vi.advanceTimersByTimeAsync(ms)),
  };
}

/** One obedient actor with a backoff of 100 to 1,000 ms, by the name of `a`. */
export async function obeying(spec: Partial<ChildSpec> = {}, options: BackoffOptions = {}): Promise<Tree> {
  const logic = withBackoff(obedient, { min: 100, max: 1000, resetAfter: 5000, ...options });
  const t = tree([child({ id: 'a', name: 'a', logic, ...spec } as never)]);
  const started = t.runtime.start();
  await t.settle();
  await started;
  return t;
}

export const crash = async (t: Tree): Promise<void> => {
  send(t.who('a'), { type: 'throw', error: boom });
  await t.settle();
};

export function innerOf(t: Tree): ActorRefFrom<typeof obedient> {
  const { ref } = t.snapshot();
  if (ref === undefined) throw new Error('nothing runs inside');
  return ref;
}

/** What a promise came to, once all that was due has happened. */
export async function outcome<T>(t: Tree, promise: Promise<T>): Promise<{ value: T } | { error: unknown }> {
  const settled = promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await t.settle();
  return settled;
}

/** A tree of one child, started. */
export async function startedTree(spec: ChildSpec): Promise<Tree> {
  const t = tree([spec]);
  const start = t.runtime.start();
  await t.settle();
  await start;
  return t;
}
