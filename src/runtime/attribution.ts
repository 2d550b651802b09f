/**
 * How an asynchronous error finds its actor: work that an actor begins runs in an asynchronous context of its own, and one
 * hook of the process, there only while a runtime runs, asks an uncaught error for its context.
 */

/** Whoever answers for the asynchronous errors of the work begun under it. Must not throw. */
export interface AsyncOwner {
  asyncError(error: unknown): void;
}

/** The contexts, and the hook. One for all runtimes of the process, also of two copies of the package. */
export interface Attribution {
  /** Runs `work` as the owner's; under `undefined`, as nobody's. */
  run<R>(owner: AsyncOwner | undefined, work: () => R): R;
  /** The same with what the work needs, where a closure for each call would be dear. */
  run<A, B, R>(owner: AsyncOwner | undefined, work: (a: A, b: B) => R, a: A, b: B): R;
  /** Whose work runs now. */
  current(): AsyncOwner | undefined;
  /** Holds the hook in place until the returned function is called. */
  hold(): () => void;
}

let onStack = 0;

/** Whether work of some owner's, or what was begun as nobody's, is on the stack now. */
export const isWorkOnStack = (): boolean => onStack > 0;

/** Nothing is attributed: a browser, or a runtime that was told not to. */
export const unattributed: Attribution = {
  run<A, B, R>(_owner: AsyncOwner | undefined, work: (a: A, b: B) => R, a?: A, b?: B): R {
    onStack++;
    try {
      return work(a as A, b as B);
    } finally {
      onStack--;
    }
  },
  current: () => undefined,
  hold: () => () => {},
};

interface Storage {
  run<A, B, R>(store: AsyncOwner | undefined, work: (a: A, b: B) => R, a: A, b: B): R;
  getStore(): AsyncOwner | undefined;
  disable(): void;
}

type AsyncHooks = { readonly AsyncLocalStorage: new () => Storage };

type Listener = (...args: unknown[]) => void;

interface NodeProcess {
  getBuiltinModule?(id: 'node:async_hooks'): AsyncHooks | undefined;
  readonly execArgv?: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  on(topic: string, listener: Listener): unknown;
  off(topic: string, listener: Listener): unknown;
  listenerCount(topic: string): number;
  nextTick(run: () => void): void;
}

const home = Symbol.for('holdfast.attribution');
const place = globalThis as { [home]?: Attribution };

/** The process's attribution. */
export function attribution(): Attribution {
  place[home] ??= create();
  return place[home];
}

function create(): Attribution {
  const process = (globalThis as { readonly process?: NodeProcess }).process;
  const hooks = process?.getBuiltinModule?.('node:async_hooks');
  if (process === undefined || hooks === undefined) return unattributed;
  const storage = new hooks.AsyncLocalStorage();
  const hook = processHook(process, storage);
  let holders = 0;
  return {
    // Outside any runtime's time nothing is stored: who does not run one does not pay.
    run<A, B, R>(owner: AsyncOwner | undefined, work: (a: A, b: B) => R, a?: A, b?: B): R {
      onStack++;
      try {
        return holders === 0 || storage.getStore() === owner
          ? work(a as A, b as B)
          : storage.run(owner, work, a as A, b as B);
      } finally {
        onStack--;
      }
    },
    current: () => (holders === 0 ? undefined : storage.getStore()),
    hold() {
      if (holders++ === 0) hook.install();
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        if (--holders > 0) return;
        hook.remove();
        storage.disable();
      };
    },
  };
}

/**
 * Without listeners of others the process must end by an error that is nobody's, as if the hook were not there. And a
 * listener for `unhandledRejection` of ours would keep it alive, so ours is there only beside one of the user's; without one Node
 * turns the rejection into an `uncaughtException`, in the context of the promise.
 */
function processHook(process: NodeProcess, storage: Storage): { install(): void; remove(): void } {
  let beside = false;

  const onException: Listener = (error) => {
    const owner = storage.getStore();
    if (owner !== undefined) return owner.asyncError(error);
    if (process.listenerCount('uncaughtException') > 1) return;
    remove();
    // Thrown from here it would exit with 7; without the listener, from a tick, with 1.
    process.nextTick(() => {
      throw error;
    });
  };
  const onRejection: Listener = (reason) => storage.getStore()?.asyncError(reason);

  const accompany = (): void => {
    if (beside) return;
    beside = true;
    process.on('unhandledRejection', onRejection);
  };
  const leave = (): void => {
    beside = false;
    process.off('unhandledRejection', onRejection);
  };
  const onNewListener: Listener = (topic) => {
    if (topic === 'unhandledRejection') accompany();
  };
  // Where there is one of the user's, there is ours: a single one is ours.
  const onRemoveListener: Listener = () => {
    if (process.listenerCount('unhandledRejection') === 1 && !toldAnyway(process)) leave();
  };

  function install(): void {
    process.on('uncaughtException', onException);
    if (process.listenerCount('unhandledRejection') > 0 || toldAnyway(process)) accompany();
    process.on('newListener', onNewListener);
    process.on('removeListener', onRemoveListener);
  }
  function remove(): void {
    process.off('newListener', onNewListener);
    process.off('removeListener', onRemoveListener);
    process.off('uncaughtException', onException);
    leave();
  }
  return { install, remove };
}

/** In these modes a rejection ends nobody, and only a listener hears of it. */
function toldAnyway(process: NodeProcess): boolean {
  const options = [...(process.execArgv ?? []), process.env.NODE_OPTIONS ?? ''].join(' ');
  return /--unhandled-rejections[= ](warn|none)(\s|$)/.test(options);
}
