/** A value that follows the work begun under it, through timers and promises. */
export interface AsyncContext<T> {
  run<R>(value: T, work: () => R): R;
  /** The value of the work that runs now; undefined outside any. */
  current(): T | undefined;
}

/** The values of the work that runs now, the innermost first; one of each context at most. */
interface Held {
  readonly of: object;
  readonly value: unknown;
  readonly outer: Held | undefined;
}

interface Storage {
  run<R>(store: Held | undefined, work: () => R): R;
  getStore(): Held | undefined;
}

type Hooks = { readonly AsyncLocalStorage: new () => Storage };

const hooks = (
  globalThis as { process?: { getBuiltinModule?: (id: string) => Hooks | undefined } }
).process?.getBuiltinModule?.('node:async_hooks');

// One for all contexts: up to Node.js 22 a storage that was entered once stays in the process's list for good, which every
// promise made from then on goes through.
const storage = hooks && new hooks.AsyncLocalStorage();

/** Makes a context. Where the platform has none (a browser) nothing follows anything. */
export function asyncContext<T>(): AsyncContext<T> {
  if (storage === undefined) return { run: (_value, work) => work(), current: () => undefined };
  const of = {};
  return {
    run: (value, work) => storage.run({ of, value, outer: without(storage.getStore(), of) }, work),
    current() {
      let held = storage.getStore();
      while (held !== undefined && held.of !== of) held = held.outer;
      return held?.value as T | undefined;
    },
  };
}

/** Hidden from now on, and kept alive no longer: work that begins work under the same context may do so for ever. */
function without(held: Held | undefined, of: object): Held | undefined {
  if (held === undefined) return undefined;
  if (held.of === of) return held.outer;
  const outer = without(held.outer, of);
  return outer === held.outer ? held : { ...held, outer };
}
