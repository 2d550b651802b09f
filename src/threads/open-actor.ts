import { type AnyActorRef, createActor } from 'xstate';
import type { Thread } from './thread.js';
import { threadLogic } from './thread-logic.js';
import { locateModule } from './thread-module.js';

/** An actor in a thread that no supervisor knows. */
interface LoneActor {
  readonly id: string;
  readonly module: URL;
  readonly input?: unknown;
}

/**
 * Starts an actor in a thread for whoever minds its end himself, to call what its thread serves. The process is kept alive by pending
 * calls only; nobody listens for a heartbeat.
 *
 * @throws StateError where there are no threads.
 */
export function openActor<Api>({ id, module, input }: LoneActor): Thread<Api> {
  let opened: Thread<never> | undefined;
  const logic = threadLogic({
    module: locateModule(module),
    heartbeat: undefined,
    background: true,
    onThread: (thread) => {
      opened = thread;
    },
  });
  const actor: AnyActorRef = createActor(logic, { id, input });
  // Its calls tell what it died of.
  actor.subscribe({ error: () => {} });
  actor.start();
  const thread = opened as Thread<Api> | undefined;
  if (thread === undefined) throw actor.getSnapshot().error;
  return {
    ...thread,
    async terminate() {
      actor.stop();
      await thread.exited;
    },
  };
}
