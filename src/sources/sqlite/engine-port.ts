import { type AnyActorRef, createActor } from 'xstate';
import { SourceUnavailableError, ThreadError } from '../../errors.js';
import type { ChildSpec } from '../../runtime/child-spec.js';
import { locateModule, type Thread, type ThreadLogic, threadLogic } from '../../threads/index.js';
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
 * The engine in a thread of its own, which is a child's: the thread's death is the child's, and its supervisor starts it again.
 * Whoever uses the source without a tree gets a thread at the first call.
 */
export function threadPort(plan: TablePlan): EnginePort {
  let thread: Thread<EngineApi> | undefined;
  let lastDeath: unknown;
  let supervised = false;
  /** The actor of one who has no tree. */
  let lone: AnyActorRef | undefined;
  /** Told of the next thread; of none, when there will be none. */
  const awaiting = new Set<(opened: Thread<EngineApi> | undefined) => void>();

  const announce = (opened: Thread<EngineApi> | undefined): void => {
    for (const resolve of awaiting) resolve(opened);
    awaiting.clear();
  };
  const adopt = (opened: Thread<EngineApi>): void => {
    thread = opened;
    announce(opened);
    void opened.exited.then(({ error }) => {
      lastDeath = error;
      if (thread === opened) thread = undefined;
    });
  };
  const logic = threadLogic({
    module: locateModule(new URL('./worker.js', import.meta.url)),
    // A long query and one that hangs are the same silence, and neither can be interrupted. Whoever waits has a timeout.
    heartbeat: undefined,
    background: true,
    onThread: (opened) => adopt(opened as Thread<EngineApi>),
  });
  const child: ThreadLogic = {
    ...logic,
    start(snapshot, scope) {
      const former = { lone, thread };
      supervised = true;
      lone = undefined;
      logic.start?.(snapshot, scope);
      if (former.lone !== undefined) void retire(former.lone, former.thread);
    },
  };

  const open = async (): Promise<Thread<EngineApi>> => {
    if (lone === undefined) {
      const actor = createActor(logic, { input: plan });
      const ended = (): void => {
        if (lone !== actor) return;
        lone = undefined;
        announce(undefined);
      };
      actor.subscribe({ complete: ended, error: ended });
      lone = actor;
      actor.start();
    }
    const opened =
      thread ?? (await new Promise<Thread<EngineApi> | undefined>((resolve) => awaiting.add(resolve)));
    if (opened === undefined) throw notRunning(plan, lastDeath);
    return opened;
  };

  return {
    async call(method, args, options) {
      if (thread === undefined && supervised) throw notRunning(plan, lastDeath);
      try {
        return await (thread ?? (await open())).call(method, args, options);
      } catch (error) {
        throw error instanceof ThreadError ? notRunning(plan, error) : error;
      }
    },
    async close() {
      // The child's thread stays the child's: it only gives its connection back.
      if (supervised) return void (await thread?.call('close', []).catch(() => {}));
      const ended = thread;
      thread = undefined;
      lone?.stop();
      lone = undefined;
      announce(undefined);
      await ended?.exited;
    },
    child: { id: 'source', logic: child, input: plan },
  };
}

/** What was asked of it is answered first. */
async function retire(lone: AnyActorRef, thread: Thread<EngineApi> | undefined): Promise<void> {
  await thread?.call('close', []).catch(() => {});
  lone.stop();
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
