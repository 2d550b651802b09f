import { fromCallback, fromPromise, setup } from 'xstate';
import type { CacheCore } from '../cache/core.js';
import type { SweepOutcome } from './outcome.js';
import { sweep } from './sweep.js';

type Core = CacheCore<unknown>;
type JanitorEvent = { readonly type: 'wanted' };

const bell = fromCallback<JanitorEvent, { core: Core }>(({ input: { core }, sendBack }) =>
  core.sweeps.made.listen(() => sendBack({ type: 'wanted' })),
);

/** The janitor: every so often it evicts what is over and asks the source what else is, source or no source. */
export const janitorLogic = setup({
  types: {
    context: {} as { readonly core: Core },
    events: {} as JanitorEvent,
    input: {} as { readonly core: Core },
  },
  actors: {
    bell,
    sweep: fromPromise<SweepOutcome, { readonly core: Core }>(({ input, signal }) =>
      sweep(input.core, signal),
    ),
  },
  delays: { interval: ({ context }) => context.core.policy.sweep.every },
  guards: { wanted: ({ context }) => context.core.sweeps.pending },
  actions: {
    report: ({ context: { core } }, { failure, report }: SweepOutcome) => {
      if (failure !== undefined && !failure.unavailable) core.sweeps.reject(failure.error);
      else core.sweeps.resolve(report);
    },
  },
}).createMachine({
  id: 'janitor',
  context: ({ input }) => ({ core: input.core }),
  invoke: { src: 'bell', input: ({ context }) => ({ core: context.core }) },
  initial: 'resting',
  states: {
    resting: {
      always: { guard: 'wanted', target: 'sweeping' },
      after: { interval: 'sweeping' },
      on: { wanted: 'sweeping' },
    },
    sweeping: {
      invoke: {
        src: 'sweep',
        input: ({ context }) => ({ core: context.core }),
        onDone: {
          target: 'resting',
          actions: { type: 'report', params: ({ event }) => event.output },
        },
      },
    },
  },
});
