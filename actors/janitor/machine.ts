import { fromCallback, sendTo, setup } from 'xstate';
import { crashOf, type WorkerEvent, worker } from '../../src/runtime/worker.js';
import type { CacheCore } from '../cache/core.js';
import type { SweepOutcome } from './outcome.js';
import { sweep } from './sweep.js';

type Core = CacheCore<unknown>;
type JanitorEvent = { readonly type: 'wanted' } | WorkerEvent<SweepOutcome>;

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
    sweeper: worker<SweepOutcome, { readonly core: Core }>(({ core }, life) => sweep(core, life)),
  },
  delays: { interval: ({ context }) => context.core.policy.sweep.every },
  guards: { wanted: ({ context }) => context.core.sweeps.pending },
  actions: {
    begin: sendTo('sweeper', { type: 'begin' }),
    crash: crashOf,
    report: ({ context: { core } }, { failure, report }: SweepOutcome) => {
      if (failure !== undefined && !failure.unavailable) core.sweeps.reject(failure.error);
      else core.sweeps.resolve(report);
    },
  },
}).createMachine({
  id: 'janitor',
  context: ({ input }) => ({ core: input.core }),
  invoke: [
    { src: 'bell', input: ({ context }) => ({ core: context.core }) },
    { id: 'sweeper', src: 'sweeper', input: ({ context }) => ({ core: context.core }) },
  ],
  initial: 'resting',
  states: {
    resting: {
      always: { guard: 'wanted', target: 'sweeping' },
      after: { interval: 'sweeping' },
      on: { wanted: 'sweeping' },
    },
    sweeping: {
      entry: 'begin',
      on: {
        'worker.done': {
          target: 'resting',
          actions: { type: 'report', params: ({ event }) => event.output },
        },
        'worker.failed': { actions: { type: 'crash', params: ({ event }) => ({ error: event.error }) } },
      },
    },
  },
});
