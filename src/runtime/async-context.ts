/** A value that follows the work begun under it, through timers and promises. */
export interface AsyncContext<T> {
  run<R>(value: T, work: () => R): R;
  /** The value of the work that runs now; undefined outside any. */
  current(): T | undefined;
}

interface Storage<T> {
  run<R>(value: T | undefined, work: () => R): R;
  getStore(): T | undefined;
}

type Hooks = { readonly AsyncLocalStorage: new <T>() => Storage<T> };

const hooks = (
  globalThis as { process?: { getBuiltinModule?: (id: string) => Hooks | undefined } }
).process?.getBuiltinModule?.('node:async_hooks');

/** Makes a context. Where the platform has none (a browser) nothing follows anything. */
export function asyncContext<T>(): AsyncContext<T> {
  if (hooks === undefined) return { run: (_value, work) => work(), current: () => undefined };
  const storage = new hooks.AsyncLocalStorage<T>();
  return { run: (value, work) => storage.run(value, work), current: () => storage.getStore() };
}
