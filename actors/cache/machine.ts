import { fromCallback, fromPromise, setup } from 'xstate';
import { loggerOf } from '../../src/runtime/index.js';
import type { CacheCore } from './core.js';
import { rebuild } from './rebuild.js';
import { Toucher } from './toucher.js';

type Core = CacheCore<unknown>;
type CacheActorEvent =
  | { readonly type: 'entered'; readonly rebuild: boolean }
  | { readonly type: 'bug'; readonly error: unknown }
  | { readonly type: 'holdfast.shutdown' };

/** One incarnation of the cache actor: while it lives, loads may run. */
const life = fromCallback<CacheActorEvent, { core: Core }>(({ input: { core }, sendBack, self }) => {
  core.logger = loggerOf(self);
  let ordered = false;
  const controller = new AbortController();
  const { rebuild } = core.enter({
    signal: controller.signal,
    crash: (error) => sendBack({ type: 'bug', error }),
    end: () => {
      ordered = true;
    },
  });
  sendBack({ type: 'entered', rebuild });
  return () => {
    controller.abort();
    core.leave(ordered ? 'orderly' : 'crash');
  };
});

/** Tells the source of rows in use. */
const toucher = fromCallback<CacheActorEvent, { core: Core }>(({ input: { core } }) => {
  const life = new AbortController();
  const teller = new Toucher(core, life.signal);
  return () => {
    teller.end();
    life.abort(new Error('The cache actor has ended.'));
  };
});

/**
 * The cache actor: loads run in its life, and die with it. The table is not its own: it outlives every crash. After the
 * second crash in a row the table itself is in doubt, and is rebuilt while the old one goes on answering.
 */
export const cacheLogic = setup({
  types: {
    context: {} as { readonly core: Core },
    events: {} as CacheActorEvent,
    input: {} as { readonly core: Core },
  },
  actors: {
    life,
    toucher,
    rebuild: fromPromise<void, { readonly core: Core }>(({ input, signal }) => rebuild(input.core, signal)),
  },
  actions: {
    end: ({ context }) => context.core.endInOrder(),
    crash: (_, { error }: { readonly error: unknown }) => {
      throw error;
    },
  },
}).createMachine({
  id: 'cache',
  context: ({ input }) => ({ core: input.core }),
  invoke: [
    { src: 'life', input: ({ context }) => ({ core: context.core }) },
    { src: 'toucher', input: ({ context }) => ({ core: context.core }) },
  ],
  initial: 'serving',
  on: {
    'holdfast.shutdown': { target: '.stopped', actions: 'end' },
    bug: { actions: { type: 'crash', params: ({ event }) => ({ error: event.error }) } },
  },
  states: {
    serving: {
      on: { entered: { guard: ({ event }) => event.rebuild, target: 'rebuilding' } },
    },
    rebuilding: {
      invoke: { src: 'rebuild', input: ({ context }) => ({ core: context.core }), onDone: 'serving' },
    },
    stopped: { type: 'final' },
  },
});
