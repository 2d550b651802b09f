import * as v from 'valibot';
import type { AnyActorRef } from 'xstate';
import { StateError } from '../src/errors.js';
import { currentAsker } from '../src/runtime/ask.js';
import { checkedOptions } from '../src/runtime/checked-options.js';
import type { ChildSpec, Shutdown } from '../src/runtime/child-spec.js';
import { type Duration, milliseconds } from '../src/runtime/duration.js';
import { AwaitedTask, type AwaitedTaskOptions } from './awaited-task.js';
import { startChild } from './calls.js';
import type { DynamicSupervisorOptions } from './options.js';
import { oneOf } from './spec.js';
import { dynamicSupervisor, processOf, type SupervisorLogic, type SupervisorRef } from './supervisor.js';
import { checkedTask, type TaskOptions } from './task.js';
import { type TaskFunction, type TaskInput, taskLogic } from './task-run.js';
import { type TaskResult, taskStream } from './task-stream.js';

/** How a task supervisor looks after its tasks. */
export interface TaskSupervisorOptions {
  /** Tasks at the same time. Default: no bound. */
  readonly maxChildren?: number;
  /** Restarts count only of tasks that were started with a `restart` of theirs. Default 3. */
  readonly maxRestarts?: number;
  /** Default `'5s'`. */
  readonly within?: Duration;
}

/** How a task that somebody waits for is run. */
export interface AsyncTaskOptions {
  /** From its begin; then it is killed. Of `async` by default none, of a stream `'5s'` for each task. */
  readonly timeout?: Duration | 'infinity';
  /** How long it may go on when it is told to end. Default `'5s'`. */
  readonly shutdown?: Shutdown;
  /** Ends it, and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How a stream of tasks is run. */
export interface TaskStreamOptions extends AsyncTaskOptions {
  /** Tasks in flight at the same time, 1 or more. Default 8. */
  readonly concurrency?: number;
  /** Results come in the order of the items: those that are ready early wait. Default true. */
  readonly ordered?: boolean;
  /** A task that is too late ends the stream (`'reject'`, the default), or is one rejected result (`'element'`). */
  readonly onTimeout?: 'reject' | 'element';
}

/** Makes task supervisors, and starts tasks under them. */
export interface TaskSupervisor {
  /** @throws OptionsError that names the option, what was given and what would do. */
  (options?: TaskSupervisorOptions): SupervisorLogic;
  /**
   * Starts a task that nobody waits for; by default it is not started again (`restart: 'temporary'`). Resolves to its ref.
   *
   * @throws MaxChildrenError when there are `maxChildren`.
   * @throws NoSuchActorError when the supervisor has ended, or does before it answers.
   * @throws StateError when the actor is not a task supervisor.
   */
  start(sup: SupervisorRef, fn: TaskFunction, options?: TaskOptions): Promise<AnyActorRef>;
  /**
   * Runs a task and resolves to what it returns. What it throws, also from a timer or a promise that it did not await, is the
   * rejection, unchanged: it ends neither the supervisor nor the caller. When the caller is an actor, the task ends with it.
   *
   * @throws TaskTimeoutError after `timeout`; ActorDiedError when the task, or the caller, was ended; otherwise as `start`.
   * @example
   * ```ts
   * const thumbnail = await taskSupervisor.async(tasks, (signal) => resize(image, { signal }), { timeout: '10s' });
   * ```
   */
  async<T>(sup: SupervisorRef, fn: TaskFunction<T>, options?: AsyncTaskOptions): Promise<T>;
  /**
   * Runs a task for each item, at most `concurrency` at the same time, and yields what became of each. Lazy: an item is taken from
   * `items` when a result is asked for and there is room. With `ordered` a slow task does not keep others from beginning; their
   * results wait. What a task throws is its result. Leaving the loop early, by `break` or an error, ends all that is left before it
   * goes on; so does `signal`, and, when the caller is an actor, its end.
   *
   * The iteration rejects, when all that was left has ended: with the error of `items`; with `TaskTimeoutError` (see `onTimeout`); with
   * `MaxChildrenError` when the supervisor has no room for one of `concurrency`; with `NoSuchActorError` when the supervisor has ended.
   *
   * @throws OptionsError that names the option, what was given and what would do.
   * @example
   * ```ts
   * for await (const page of taskSupervisor.stream(tasks, urls, (url, signal) => fetch(url, { signal }), { concurrency: 4 })) {
   *   if (page.status === 'rejected') console.warn(page.item, page.reason);
   * }
   * ```
   */
  stream<Item, T>(
    sup: SupervisorRef,
    items: Iterable<Item> | AsyncIterable<Item>,
    fn: (item: Item, signal: AbortSignal) => T | PromiseLike<T>,
    options?: TaskStreamOptions,
  ): AsyncGenerator<TaskResult<Item, T>, void, undefined>;
}

/**
 * A supervisor of functions that run once each (Elixir's `Task.Supervisor`): a dynamic supervisor whose children are tasks.
 *
 * @example
 * ```ts
 * const runtime = await createRuntime({ children: [child({ id: 'tasks', name: 'tasks', logic: taskSupervisor() })] }).start();
 * const tasks = runtime.whereis('tasks')!;
 * const rows = await taskSupervisor.async(tasks, (signal) => query(signal));
 * ```
 */
export const taskSupervisor: TaskSupervisor = Object.assign(make, {
  async start(sup: SupervisorRef, fn: TaskFunction, options: TaskOptions = {}): Promise<AnyActorRef> {
    checkSupervisor(sup);
    const { ref } = await startChild(sup, { fn: checkedTask(fn) }, options);
    return ref as AnyActorRef;
  },

  async async<T>(sup: SupervisorRef, fn: TaskFunction<T>, options: AsyncTaskOptions = {}): Promise<T> {
    const { signal, ...given } = checkedOptions(asyncSchema, options, { of: 'taskSupervisor.async' });
    checkSupervisor(sup);
    const caller = currentAsker();
    signal?.throwIfAborted();
    if (caller?.reason !== undefined) throw caller.signal.reason;
    const task = new AwaitedTask(sup, checkedTask(fn), timesOf(given, 'infinity'));
    const undo = [signal && cancelOn(signal, task), caller?.atEnd(() => task.cancel(caller.signal.reason))];
    return task.result.finally(() => {
      for (const step of undo) step?.();
    });
  },

  stream<Item, T>(
    sup: SupervisorRef,
    items: Iterable<Item> | AsyncIterable<Item>,
    fn: (item: Item, signal: AbortSignal) => T | PromiseLike<T>,
    options: TaskStreamOptions = {},
  ): AsyncGenerator<TaskResult<Item, T>, void, undefined> {
    const given = checkedOptions(streamSchema, options, { of: 'taskSupervisor.stream' });
    checkSupervisor(sup);
    return taskStream({
      sup,
      items,
      fn: checkedTask(fn),
      concurrency: given.concurrency,
      ordered: given.ordered,
      rejectsOnTimeout: given.onTimeout === 'reject',
      task: timesOf(given, '5s'),
      signal: given.signal,
      caller: currentAsker(),
    });
  },
});

function make(options: TaskSupervisorOptions = {}): SupervisorLogic {
  return dynamicSupervisor({ ...options, child: taskSpec as DynamicSupervisorOptions['child'] });
}

const taskSpec = (input: TaskInput, options: TaskOptions): Omit<ChildSpec, 'id'> => ({
  restart: 'temporary',
  ...options,
  logic: taskLogic,
  input,
});

function checkSupervisor(sup: SupervisorRef): void {
  const process = processOf(sup);
  if (process === undefined || process.options.dynamic?.child === (taskSpec as unknown)) return;
  throw new StateError(`The actor '${sup.id}' is not a task supervisor: make it by taskSupervisor().`);
}

function cancelOn(signal: AbortSignal, task: { cancel(error: unknown): void }): () => void {
  const cancel = (): void => task.cancel(signal.reason);
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}

function timesOf(
  given: v.InferOutput<typeof asyncSchema>,
  otherwise: Duration | 'infinity',
): AwaitedTaskOptions {
  const timeout = given.timeout ?? otherwise;
  return {
    timeout: timeout === 'infinity' ? timeout : milliseconds(timeout, 'timeout'),
    shutdown: given.shutdown ?? '5s',
  };
}

const asyncEntries = {
  timeout: v.optional(v.custom<Duration | 'infinity'>(() => true)),
  shutdown: v.optional(v.custom<Shutdown>(() => true)),
  signal: v.optional(v.instance(AbortSignal, 'must be an AbortSignal')),
};
const asyncSchema = v.strictObject(asyncEntries);
const streamSchema = v.strictObject({
  ...asyncEntries,
  concurrency: v.optional(
    v.pipe(
      v.number('must be a whole number, 1 or more'),
      v.safeInteger('must be a whole number, 1 or more'),
      v.minValue(1, 'must be a whole number, 1 or more'),
    ),
    8,
  ),
  ordered: v.optional(v.boolean('must be true or false'), true),
  onTimeout: v.optional(oneOf(['reject', 'element']), 'reject'),
});
