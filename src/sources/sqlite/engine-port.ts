import { fromPromise } from 'xstate';
import { SourceUnavailableError, ThreadError } from '../../errors.js';
import type { ChildSpec } from '../../runtime/child-spec.js';
import { openThread, type Thread, threadModule } from '../../threads/index.js';
import type { SqliteDatabase } from './driver.js';
import { SqliteEngine } from './engine.js';
import type { TablePlan } from './table-plan.js';

/** The engine's methods; its private parts do not cross. */
export type EngineApi = { readonly [Method in keyof SqliteEngine]: SqliteEngine[Method] };

/** The way to the engine, wherever it runs. */
export interface EnginePort {
  readonly call: Thread<EngineApi>['call'];
  /** Gives the connection back. The next call opens another. */
  close(): Promise<void>;
  readonly child?: ChildSpec;
}

/**
 * The engine in a thread of its own. The thread belongs to the child: it is opened when the child starts, ends when the
 * child stops, and its death is the child's crash. Whoever uses the source without a tree gets a thread at the first call.
 */
export function threadPort(plan: TablePlan): EnginePort {
  let thread: Thread<EngineApi> | undefined;
  let supervised = false;
  let lastDeath: unknown;

  const open = (): Thread<EngineApi> => {
    const opened = openThread<EngineApi>(threadModule(import.meta.url, './worker'), {
      name: 'sqlite-source',
      data: plan,
    });
    thread = opened;
    void opened.exited.then(({ error }) => {
      lastDeath = error;
      if (thread === opened) thread = undefined;
    });
    return opened;
  };
  const end = async (ended: Thread<EngineApi> | undefined): Promise<void> => {
    if (thread === ended) thread = undefined;
    await ended?.terminate();
  };

  const logic = fromPromise(async ({ signal }) => {
    supervised = true;
    const mine = thread ?? open();
    signal.addEventListener('abort', () => void end(mine), { once: true });
    const { code, error } = await mine.exited;
    throw new ThreadError(`The thread of the source "${plan.file}" has ended (exit code ${code}).`, {
      cause: error,
    });
  });

  return {
    async call(method, args, options) {
      if (thread === undefined && supervised) throw notRunning(plan, lastDeath);
      try {
        return await (thread ?? open()).call(method, args, options);
      } catch (error) {
        throw error instanceof ThreadError ? notRunning(plan, error) : error;
      }
    },
    async close() {
      // The child's thread stays the child's: it only gives its connection back.
      if (!supervised) await end(thread);
      else await thread?.call('close', []).catch(() => {});
    },
    child: { id: 'source', logic },
  };
}

const notRunning = (plan: TablePlan, cause: unknown): SourceUnavailableError =>
  new SourceUnavailableError(
    `The source "${plan.file}" cannot be asked: its thread is not running.`,
    cause === undefined ? {} : { cause },
  );

/** The engine in the caller's own thread, for tests in virtual time: it answers before the call returns. */
export function inlinePort(plan: TablePlan, given?: SqliteDatabase): EnginePort {
  const engine: EngineApi = new SqliteEngine(plan, given);
  return {
    async call(method, args, { signal } = {}) {
      signal?.throwIfAborted();
      return Reflect.apply(engine[method], engine, args);
    },
    close: async () => engine.close(),
  };
}
