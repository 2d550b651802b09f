import { workerData } from 'node:worker_threads';
import { SourceUnavailableError } from '../../src/errors.js';
import { serveThread, transferring } from '../../src/threads/index.js';

const begun: string[] = [];

class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code = 'E_CODED';
}

const api = {
  add: (a: number, b: number) => a + b,
  later: async (value: string) => {
    await new Promise((resolve) => setImmediate(resolve));
    return value;
  },
  data: (): unknown => workerData,
  begun: () => begun,
  /** Holds the thread until the other side sets the flag: a query that cannot be interrupted. */
  block: (flag: SharedArrayBuffer, label: string) => {
    begun.push(label);
    Atomics.wait(new Int32Array(flag), 0, 0);
    return label;
  },
  mark: (label: string) => begun.push(label),
  never: () => new Promise<void>(() => {}),
  coded: () => {
    throw new CodedError('no', { cause: new RangeError('deep', { cause: 'string' }) });
  },
  away: () => {
    throw new SourceUnavailableError('gone');
  },
  circular: () => {
    const error = new Error('round');
    error.cause = error;
    throw error;
  },
  hostile: () => {
    throw new Proxy(new Error('x'), {
      get() {
        throw new Error('no look');
      },
    });
  },
  throwUndefined: () => {
    throw undefined;
  },
  uncloneable: () => () => 1,
  bytes: () => {
    const bytes = new Uint8Array([1, 2, 3]);
    return transferring({ bytes }, [bytes.buffer]);
  },
  length: (bytes: Uint8Array) => bytes.byteLength,
  exit: (code: number) => process.exit(code),
  crash: () => {
    setImmediate(() => {
      throw new CodedError('uncaught');
    });
    return new Promise<void>(() => {});
  },
  swell: () => {
    const hoard: unknown[] = [];
    for (;;) hoard.push(new Array(10_000).fill(hoard.length));
  },
};

export type Api = typeof api;
serveThread(api);
