import {
  createRuntime,
  dynamicSupervisor,
  type Runtime,
  reply,
  type SupervisorRef,
  whichChildren,
} from 'holdfast';
import { type AnyActorRef, fromCallback, setup } from 'xstate';

/** A small machine, as one of a hundred thousand may be. */
export const idle = setup({
  types: {} as { context: { count: number }; events: { type: 'go' } | { type: 'how-many' } },
}).createMachine({
  context: { count: 0 },
  initial: 'idle',
  states: { idle: { on: { go: 'busy' } }, busy: { on: { go: 'idle' } } },
  on: { 'how-many': { actions: ({ context, event }) => void reply(event, context.count) } },
});

/** A plain function that answers. */
export const answering = fromCallback(({ receive }) => receive((event) => void reply(event, 0)));

/** A runtime around one dynamic supervisor of such machines. */
export async function crowd(): Promise<{ readonly runtime: Runtime; readonly sup: SupervisorRef }> {
  const logic = dynamicSupervisor({ maxRestarts: 1_000_000, child: () => ({ logic: idle }) });
  const runtime = await createRuntime({ children: [{ id: 'crowd', logic }] }).start();
  const [found] = await whichChildren(runtime.root);
  return { runtime, sup: found?.ref as SupervisorRef };
}

/** Sends a ball to its peer, until it has none left. */
export const player = (forward: (ref: AnyActorRef, event: Ball) => void) =>
  setup({
    types: {} as {
      context: { peer: AnyActorRef | undefined };
      events: Ball | { type: 'meet'; peer: AnyActorRef };
    },
  }).createMachine({
    context: { peer: undefined },
    on: {
      meet: { actions: ({ context, event }) => void Object.assign(context, { peer: event.peer }) },
      ball: {
        actions: ({ context, event }) => {
          if (event.left === 0) event.over();
          else forward(context.peer as AnyActorRef, { type: 'ball', left: event.left - 1, over: event.over });
        },
      },
    },
  });

export interface Ball {
  readonly type: 'ball';
  readonly left: number;
  readonly over: () => void;
}
