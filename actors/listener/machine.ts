import { assign, fromCallback, fromPromise, setup } from 'xstate';
import { backoffDelay } from '../../src/runtime/backoff-delay.js';
import type { Milliseconds } from '../../src/runtime/duration.js';
import { random } from '../../src/runtime/time.js';
import type { CacheCore } from '../cache/core.js';
import { doubt } from '../cache/doubt.js';
import { patience } from '../cache/feed.js';
import { reloadNoticed } from './reload.js';
import { type SubscriptionEvent, subscribe } from './subscription.js';

type Core = CacheCore<unknown>;
type ListenerEvent = SubscriptionEvent | { readonly type: 'noticed' } | { readonly type: 'source.changed' };

interface ListenerContext {
  readonly core: Core;
  /** Attempts failed in a row. */
  readonly failures: number;
  readonly delay: Milliseconds;
}

const bells = fromCallback<ListenerEvent, { core: Core }>(({ input: { core }, sendBack }) => {
  const off = [
    core.listening.noticed.listen(() => sendBack({ type: 'noticed' })),
    core.link.changed.listen(() => sendBack({ type: 'source.changed' })),
  ];
  return () => {
    for (const end of off) end();
  };
});

const subscription = fromCallback<ListenerEvent, { core: Core }>(({ input: { core }, sendBack }) => {
  const life = new AbortController();
  subscribe(core, life.signal, sendBack);
  return () => {
    life.abort(new Error('The listener has ended.'));
    core.listening.lost();
  };
});

/**
 * The listener: it is told at once what other writers do, and where that was lost, listens again and puts all that was held in doubt. While
 * the source is away it waits until the warmer has found it.
 */
export const listenerLogic = setup({
  types: {
    context: {} as ListenerContext,
    events: {} as ListenerEvent,
    input: {} as { readonly core: Core },
  },
  actors: {
    bells,
    subscription,
    reload: fromPromise<void, { readonly core: Core }>(({ input, signal }) =>
      reloadNoticed(input.core, signal),
    ),
  },
  delays: {
    patience: ({ context }) => patience * context.core.policy.load.timeout,
    wait: ({ context }) => context.delay,
    steady: ({ context }) => context.core.policy.backoff.max,
  },
  guards: {
    sourceDown: ({ context }) => context.core.link.down,
    sourceUp: ({ context }) => !context.core.link.down,
    noticed: ({ context }) => context.core.listening.waiting,
  },
  actions: {
    opened: ({ context: { core } }) => {
      core.bus.publish('listener.open', { again: core.listening.opened > 1 });
      core.listening.settle();
    },
    /** From now on nobody knows what is missed. What that is, a pass can say when it is listened to again. */
    lost: ({ context: { core } }) => doubt(core),
    settled: ({ context: { core } }) => core.listening.settle(),
    steady: assign({ failures: 0 }),
    backOff: assign(({ context: { core, failures } }, { error }: { readonly error: unknown }) => {
      const delay = backoffDelay(core.policy.backoff, failures + 1, random());
      core.listening.lost(error);
      const unavailable = core.link.saysAway(error);
      const fields = { cache: core.policy.name, err: error };
      if (unavailable) core.logger.warn(fields, 'listener: the source is away');
      else core.logger.error(fields, 'listener: the source cannot be listened to');
      core.bus.publish('listener.lost', { error, unavailable, attempt: failures + 1, delay });
      return { failures: failures + 1, delay };
    }),
  },
}).createMachine({
  id: 'listener',
  context: ({ input }) => ({ core: input.core, failures: 0, delay: 0 }),
  invoke: { src: 'bells', input: ({ context }) => ({ core: context.core }) },
  type: 'parallel',
  states: {
    subscribing: {
      initial: 'beginning',
      states: {
        /** In the midst of an outage, where the last incarnation died in one. */
        beginning: {
          always: [
            { guard: 'sourceDown', target: 'standingBy', actions: 'settled' },
            { target: 'subscribed' },
          ],
        },
        subscribed: {
          invoke: { src: 'subscription', input: ({ context }) => ({ core: context.core }) },
          initial: 'opening',
          states: {
            opening: {
              on: {
                open: { target: 'listening', actions: 'opened' },
                lost: {
                  target: '#listener.subscribing.backoff',
                  actions: ['settled', { type: 'backOff', params: ({ event }) => ({ error: event.error }) }],
                },
              },
              after: {
                patience: {
                  target: '#listener.subscribing.backoff',
                  actions: [
                    'settled',
                    {
                      type: 'backOff',
                      params: { error: new Error('The source did not begin to tell in time.') },
                    },
                  ],
                },
              },
            },
            listening: {
              after: { steady: { actions: 'steady' } },
              on: {
                lost: {
                  target: '#listener.subscribing.backoff',
                  actions: ['lost', { type: 'backOff', params: ({ event }) => ({ error: event.error }) }],
                },
              },
            },
          },
        },
        backoff: {
          after: { wait: [{ guard: 'sourceDown', target: 'standingBy' }, { target: 'subscribed' }] },
        },
        /** The warmer owns the outage's clock. */
        standingBy: {
          always: { guard: 'sourceUp', target: 'subscribed' },
          on: { 'source.changed': { guard: 'sourceUp', target: 'subscribed' } },
        },
      },
    },
    reloading: {
      initial: 'idle',
      states: {
        idle: { always: { guard: 'noticed', target: 'busy' }, on: { noticed: 'busy' } },
        busy: {
          invoke: { src: 'reload', input: ({ context }) => ({ core: context.core }), onDone: 'idle' },
        },
      },
    },
  },
});
