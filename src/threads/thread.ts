import type { ResourceLimits, TransferListItem } from 'node:worker_threads';
import { ThreadError } from '../errors.js';
import { builtin } from './builtin.js';
import type { ThreadApi } from './serve.js';
import type { ThreadModule } from './thread-module.js';
import type { Transferring } from './transferring.js';
import { type FromThread, type ToThread, unpackError } from './wire.js';

export interface ThreadOptions {
  /** What the worker finds in `workerData`. Structured-cloneable. */
  readonly data?: unknown;
  /** For messages and the debugger. Default `'thread'`. */
  readonly name?: string;
  /** Node's own limits of the thread's heap and stack, MiB. */
  readonly resourceLimits?: ResourceLimits;
  /** What of `data` is handed over instead of copied. */
  readonly transfer?: readonly TransferListItem[];
}

export interface CallOptions {
  /**
   * Aborted: the caller is rejected at once with the signal's reason. A call that has not begun is never begun; one that
   * runs cannot be interrupted, its reply is dropped.
   */
  readonly signal?: AbortSignal;
  /** What of the arguments is handed over instead of copied. */
  readonly transfer?: readonly TransferListItem[];
}

/** What a call of the method resolves with. */
export type ThreadResult<Method> = Method extends (...args: never[]) => infer Result
  ? Awaited<Result> extends Transferring<infer Value>
    ? Value
    : Awaited<Result>
  : never;

/** What a call of the method takes. */
export type ThreadArguments<Method> = Method extends (...args: infer Args) => unknown ? Args : never;

/** A running worker thread. It keeps the process alive only while calls are pending, or it is held. */
export interface Thread<Api> {
  /**
   * Calls a method of what the thread serves. Rejects with what the method threw; with the signal's reason; and with
   * ThreadError (`cause`: what killed it) when the thread is dead or dies.
   */
  call<Method extends keyof Api & string>(
    method: Method,
    args: ThreadArguments<Api[Method]>,
    options?: CallOptions,
  ): Promise<ThreadResult<Api[Method]>>;
  /** The thread keeps the process alive until the returned function is called. */
  hold(): () => void;
  /** The thread's end, whatever the cause. `error` is what it died of, where it was an error. Never rejects. */
  readonly exited: Promise<ThreadExit>;
  /**
   * Ends the thread and resolves when it has ended (a native call that runs is waited for). Idempotent. `error` is what it is then
   * said to have died of.
   */
  terminate(error?: unknown): Promise<void>;
}

export interface ThreadExit {
  readonly code: number;
  readonly error?: unknown;
}

interface Pending {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/**
 * Starts a thread. A module that cannot be loaded is the thread's death, not an exception here.
 *
 * @example
 * ```ts
 * const thread = openThread<Api>(threadModule(import.meta.url, './worker'), { name: 'source' });
 * const sum = await thread.call('add', [1, 2], { signal });
 * ```
 */
export function openThread<Api extends ThreadApi<Api>>(
  module: ThreadModule,
  options: ThreadOptions = {},
): Thread<Api> {
  const name = options.name ?? 'thread';
  const { Worker } = builtin('node:worker_threads');
  const worker = new Worker(module.url, {
    name,
    execArgv: [...module.execArgv],
    workerData: options.data,
    ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
    ...(options.transfer === undefined ? {} : { transferList: [...options.transfer] }),
  });
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let ended: ThreadExit | undefined;
  let failure: { readonly error: unknown } | undefined;

  let holders = 0;
  const retain = (): void => {
    if (holders++ === 0 && ended === undefined) worker.ref();
  };
  const release = (): void => {
    if (--holders === 0 && ended === undefined) worker.unref();
  };

  const take = (id: number): Pending | undefined => {
    const call = pending.get(id);
    if (pending.delete(id)) release();
    return call;
  };
  const death = ({ code, error }: ThreadExit): ThreadError =>
    new ThreadError(
      `The thread "${name}" has ended (exit code ${code})${error === undefined ? '' : `: ${inWords(error)}`}.`,
      error === undefined ? {} : { cause: error },
    );

  worker.on('message', (reply: FromThread) => {
    const call = take(reply.id);
    if ('error' in reply) call?.reject(unpackError(reply.error));
    else call?.resolve(reply.value);
  });
  worker.on('error', (error) => {
    failure ??= { error };
  });
  worker.on('messageerror', (error) => {
    // A reply that cannot be read names no call: nobody could ever be answered.
    failure ??= { error };
    void worker.terminate();
  });
  const exited = new Promise<ThreadExit>((resolve) => {
    worker.on('exit', (code) => {
      const exit: ThreadExit = failure === undefined ? { code } : { code, error: failure.error };
      ended = exit;
      for (const call of pending.values()) call.reject(death(exit));
      pending.clear();
      resolve(exit);
    });
  });

  // After the listeners: the first one for messages takes a reference of its own.
  worker.unref();

  const call = (method: string, args: readonly unknown[], { signal, transfer = [] }: CallOptions) =>
    new Promise<unknown>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      if (ended !== undefined) return reject(death(ended));
      lastId += 1;
      const id = lastId;
      const post = (message: ToThread, list: readonly TransferListItem[]): void =>
        worker.postMessage(message, list);
      // An argument that cannot be cloned throws here, and rejects this call alone.
      post({ id, method, args }, transfer);
      const abort = (): void => {
        take(id);
        post({ cancel: id }, []);
        reject(signal?.reason);
      };
      const settled = (): void => signal?.removeEventListener('abort', abort);
      signal?.addEventListener('abort', abort, { once: true });
      retain();
      pending.set(id, {
        resolve: (value) => {
          settled();
          resolve(value);
        },
        reject: (reason) => {
          settled();
          reject(reason);
        },
      });
    });

  return {
    call: (method, args, callOptions = {}) =>
      call(method, args, callOptions) as Promise<ThreadResult<Api[typeof method]>>,
    hold() {
      let held = true;
      retain();
      return () => {
        if (held) release();
        held = false;
      };
    },
    exited,
    async terminate(error) {
      if (error !== undefined) failure ??= { error };
      await worker.terminate();
      await exited;
    },
  };
}

function inWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
