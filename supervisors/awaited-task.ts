import type { AnyActorRef } from 'xstate';
import { TaskTimeoutError } from '../src/errors.js';
import type { Shutdown } from '../src/runtime/child-spec.js';
import type { Milliseconds } from '../src/runtime/duration.js';
import { exit } from '../src/runtime/exit.js';
import { type ExitReason, isOrderly } from '../src/runtime/exit-reason.js';
import { signalOf } from '../src/runtime/owner.js';
import { onEnd } from '../src/runtime/ties.js';
import { after, type Timer } from '../src/runtime/time.js';
import { startChild } from './calls.js';
import { stop } from './stop.js';
import type { SupervisorRef } from './supervisor.js';
import type { TaskFunction, TaskInput } from './task-run.js';

export interface AwaitedTaskOptions {
  /** From its begin. */
  readonly timeout: Milliseconds | 'infinity';
  readonly shutdown: Shutdown;
}

/** A task under a supervisor that somebody waits for. It ends once; whatever ends it, no timer is left. */
export class AwaitedTask<T> {
  /** Its value, or what it failed with. */
  readonly result: Promise<T>;
  /** Resolves when its actor is no more. */
  readonly ended: Promise<void>;
  #ref: AnyActorRef | undefined;
  #timer: Timer | undefined;
  #value: { readonly value: T } | undefined;
  #refused = false;
  #cancelled = false;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #end!: () => void;

  constructor(sup: SupervisorRef, fn: TaskFunction<T>, { timeout, shutdown }: AwaitedTaskOptions) {
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const input: TaskInput<void> = {
      fn: async (signal) => {
        // Nobody wants it any more: it is not begun at all.
        if (!this.#cancelled) this.#value = { value: await fn(signal) };
      },
      onBegin: (ref) => this.#begun(ref, timeout),
    };
    startChild(sup, input, { shutdown, restart: 'temporary' }).catch((error: unknown) => {
      this.#refused = true;
      this.#reject(error);
      if (this.#ref === undefined) this.#end();
    });
  }

  /** Its supervisor did not start it, or ended as it did. */
  get wasRefused(): boolean {
    return this.#refused;
  }

  /** Nobody waits for it any more: `result` rejects at once, and the task has its shutdown time to end. */
  cancel(error: unknown): void {
    this.#reject(error);
    this.#cancelled = true;
    if (this.#ref !== undefined) void stop(this.#ref, { type: 'shutdown' });
  }

  #begun(ref: AnyActorRef, timeout: Milliseconds | 'infinity'): void {
    this.#ref = ref;
    onEnd(ref, (reason) => this.#ended(ref, reason));
    if (timeout === 'infinity') return;
    this.#timer = after(timeout, () => {
      this.#reject(new TaskTimeoutError(`A task did not end within ${timeout} ms and was killed.`, timeout));
      exit(ref, { type: 'killed' });
    });
  }

  #ended(ref: AnyActorRef, reason: ExitReason): void {
    this.#timer?.cancel();
    if (isOrderly(reason) && this.#value !== undefined) this.#resolve(this.#value.value);
    else this.#reject(reason.type === 'error' ? reason.error : signalOf(ref).reason);
    this.#end();
  }
}
