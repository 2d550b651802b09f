import { TaskTimeoutError } from '../src/errors.js';
import type { Incarnation } from '../src/runtime/incarnation.js';
import { AwaitedTask, type AwaitedTaskOptions } from './awaited-task.js';
import type { SupervisorRef } from './supervisor.js';

/** What became of one item of a stream. */
export type TaskResult<Item, T> =
  | { readonly status: 'fulfilled'; readonly value: T; readonly item: Item; readonly index: number }
  | { readonly status: 'rejected'; readonly reason: unknown; readonly item: Item; readonly index: number };

/** What a stream works by. */
export interface TaskStreamPlan<Item, T> {
  readonly sup: SupervisorRef;
  readonly items: Iterable<Item> | AsyncIterable<Item>;
  readonly fn: (item: Item, signal: AbortSignal) => T | PromiseLike<T>;
  readonly concurrency: number;
  readonly ordered: boolean;
  readonly rejectsOnTimeout: boolean;
  readonly task: AwaitedTaskOptions;
  readonly signal: AbortSignal | undefined;
  /** The actor whose work it is. */
  readonly caller: Incarnation | undefined;
}

/** Nothing begins before the first result is asked for, and nothing goes on while none is. */
export async function* taskStream<Item, T>(
  plan: TaskStreamPlan<Item, T>,
): AsyncGenerator<TaskResult<Item, T>, void, undefined> {
  const flight = new Flight(plan);
  try {
    for (;;) {
      if (flight.failure !== undefined) throw flight.failure.error;
      const result = flight.take();
      if (result !== undefined) yield result;
      flight.fill();
      if (flight.isOver) return;
      if (result === undefined && flight.failure === undefined) await flight.change();
    }
  } finally {
    await flight.close();
  }
}

/** The tasks of a stream that are in flight, and the results that wait. */
class Flight<Item, T> {
  readonly #plan: TaskStreamPlan<Item, T>;
  readonly #source: Iterator<Item> | AsyncIterator<Item>;
  readonly #tasks = new Set<AwaitedTask<T>>();
  /** By the item's index; without order, by the turn in which they came. */
  readonly #results = new Map<number, TaskResult<Item, T>>();
  readonly #undo: (() => void)[] = [];
  #begun = 0;
  #taken = 0;
  #came = 0;
  #pulling = false;
  #exhausted = false;
  #closed: Promise<void> | undefined;
  #wake: () => void = () => {};
  /** Boxed: what was thrown may be undefined. */
  failure: { readonly error: unknown } | undefined;

  constructor(plan: TaskStreamPlan<Item, T>) {
    this.#plan = plan;
    const { items, signal, caller } = plan;
    this.#source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    if (signal !== undefined) this.#endWith(signal);
    if (caller?.reason !== undefined) this.#end(caller.signal.reason);
    else if (caller !== undefined) this.#undo.push(caller.atEnd(() => this.#end(caller.signal.reason)));
  }

  get isOver(): boolean {
    if (this.failure !== undefined) return false;
    return this.#exhausted && this.#tasks.size === 0 && this.#results.size === 0;
  }

  /** As many tasks as may be in flight, if there are so many items. */
  fill(): void {
    while (this.#wantsMore()) this.#pull();
  }

  /** The next result, if it is there. */
  take(): TaskResult<Item, T> | undefined {
    const result = this.#results.get(this.#taken);
    if (result !== undefined) this.#results.delete(this.#taken++);
    return result;
  }

  /** Resolves when there may be something to do. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Ends what is left, and resolves when that is no more. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #wantsMore(): boolean {
    const { concurrency } = this.#plan;
    const done = this.#exhausted || this.failure !== undefined;
    return !done && !this.#pulling && this.#tasks.size < concurrency;
  }

  #endWith(signal: AbortSignal): void {
    const end = (): void => this.#end(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    this.#undo.push(() => signal.removeEventListener('abort', end));
  }

  #end(error: unknown): void {
    this.#fail(error);
    void this.close();
  }

  /** One item; of a source that has to be waited for, later. */
  #pull(): void {
    this.#pulling = true;
    try {
      const next = this.#source.next();
      if ('then' in next) next.then(this.#pulled, (error) => this.#broken(error));
      else this.#pulled(next);
    } catch (error) {
      this.#broken(error);
    }
  }

  readonly #pulled = (next: IteratorResult<Item>): void => {
    this.#pulling = false;
    if (next.done) this.#exhausted = true;
    else if (this.#closed === undefined) this.#begin(next.value, this.#begun++);
    this.#wake();
  };

  /** A source that has thrown has nothing more to give, and nothing to give back. */
  #broken(error: unknown): void {
    this.#exhausted = true;
    this.#fail(error);
  }

  #begin(item: Item, index: number): void {
    const { sup, fn, task: options, ordered } = this.#plan;
    const task = new AwaitedTask<T>(sup, (signal) => fn(item, signal), options);
    this.#tasks.add(task);
    const came = (result: TaskResult<Item, T>): void => {
      this.#tasks.delete(task);
      this.#results.set(ordered ? index : this.#came++, result);
      this.#wake();
    };
    task.result.then(
      (value) => came({ status: 'fulfilled', value, item, index }),
      (reason) => {
        if (this.#isFatal(task, reason)) this.#fail(reason);
        else came({ status: 'rejected', reason, item, index });
      },
    );
  }

  /** Not the task's own failure, but one to come by it. */
  #isFatal(task: AwaitedTask<T>, reason: unknown): boolean {
    return task.wasRefused || (this.#plan.rejectsOnTimeout && reason instanceof TaskTimeoutError);
  }

  #fail(error: unknown): void {
    this.failure ??= { error };
    this.#wake();
  }

  async #close(): Promise<void> {
    for (const step of this.#undo) step();
    for (const task of this.#tasks) task.cancel(this.failure?.error);
    await Promise.all([...[...this.#tasks].map(({ ended }) => ended), this.#giveBack()]);
  }

  /** The source may clean up. One that is still being waited for may never come to it, and is not waited for. */
  async #giveBack(): Promise<void> {
    if (this.#exhausted) return;
    const returned = this.#source.return?.();
    if (this.#pulling) void Promise.resolve(returned).catch(() => {});
    else await returned;
  }
}
