import { and, assign, fromCallback, fromPromise, sendTo, setup } from 'xstate';
import { backoffDelay } from '../../src/runtime/backoff-delay.js';
import { whenStarted } from '../../src/runtime/index.js';
import { ageNow, random, wallNow, yieldToLoop } from '../../src/runtime/time.js';
import { fromWork } from '../../src/runtime/work.js';
import { crashOf, type WorkerEvent, worker } from '../../src/runtime/worker.js';
import type { CacheCore } from '../cache/core.js';
import { type PassOutcome, pass } from './pass.js';

type Core = CacheCore<unknown>;

/** What wakes the warmer from outside. The events say only "look": what to do is read from the core. */
type WarmerEvent =
  | { readonly type: 'begin' }
  | { readonly type: 'wanted' }
  | { readonly type: 'source.changed' }
  | WorkerEvent<PassOutcome>;

interface WarmerContext {
  readonly core: Core;
  /** Passes failed in a row. */
  readonly failures: number;
  /** The end of the present wait; ms of ages. */
  readonly until: number;
}

/** A tenth to either side, so that a fleet started together does not come together for ever. */
const jitter = 0.1;

const bells = fromCallback<WarmerEvent, { core: Core }>(({ input: { core }, sendBack }) => {
  const off = [
    core.passes.requests.made.listen(() => sendBack({ type: 'wanted' })),
    core.link.changed.listen(() => sendBack({ type: 'source.changed' })),
  ];
  return () => {
    for (const end of off) end();
    core.passes.activity = 'idle';
  };
});

/**
 * The warmer: it passes over the source again and again, and while the source is away it has a state for that. It owns the
 * outage's clock: one attempt for each step of the backoff, be it a pass, a ping or somebody's load.
 */
export const warmerLogic = setup({
  types: {
    context: {} as WarmerContext,
    events: {} as WarmerEvent,
    input: {} as { readonly core: Core },
  },
  actors: {
    bells,
    treeStarted: fromPromise<void, { readonly core: Core; readonly self: Parameters<typeof whenStarted>[0] }>(
      async ({ input: { core, self }, signal }) => {
        await whenStarted(self);
        // Whoever awaits `start()` is told first.
        await yieldToLoop();
        await core.listening.firstAttempt(core.policy.load.timeout, signal);
      },
    ),
    passer: worker<PassOutcome, { readonly core: Core }>(({ core }, life) => pass(core, life)),
    ping: fromWork<void, { readonly core: Core }>(async ({ input: { core }, life }) => {
      const { link, policy } = core;
      await link.ask((context) => link.source.ping?.(context), {
        signal: life,
        timeout: policy.load.timeout,
        retries: 0,
      });
    }),
  },
  delays: {
    interval: ({ context }) => context.core.policy.warm.every * (1 - jitter + 2 * jitter * random()),
    wait: ({ context }) => Math.max(0, context.until - ageNow()),
    step: ({ context }) => context.core.policy.backoff.min,
  },
  guards: {
    canPass: ({ context }) => context.core.passes.possible,
    canPing: ({ context }) => context.core.link.source.ping !== undefined,
    wanted: ({ context }) => context.core.passes.possible && context.core.passes.wanted,
    /** By somebody who waits for it. What the cache wants on its own account does not cut a backoff short. */
    ordered: ({ context }) => context.core.passes.possible && context.core.passes.requests.pending,
    sourceDown: ({ context }) => context.core.link.down,
    probed: ({ context }) => context.core.link.down && context.core.link.outage.probing,
    sourceUp: ({ context }) => !context.core.link.down,
  },
  actions: {
    idle: ({ context }) => {
      context.core.passes.activity = 'idle';
    },
    beginPass: sendTo('passer', { type: 'begin' }),
    crash: crashOf,
    warming: ({ context }) => {
      context.core.passes.activity = 'warming';
    },
    hurry: ({ context }) => context.core.link.hurry(),
    forgetFailures: assign({ failures: 0 }),
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    backOff: assign(({ context: { core, failures } }) => {
      const { outage } = core.link;
      const attempt = core.link.down ? outage.attempt : Math.max(1, failures);
      const until = core.link.down
        ? outage.nextAttempt
        : ageNow() + backoffDelay(core.policy.backoff, attempt, random());
      const delay = Math.max(0, until - ageNow());
      core.passes.activity = 'backoff';
      core.bus.publish('warmer.backoff', {
        attempt,
        delay,
        nextAttemptAt: wallNow() + delay,
        error: core.link.down ? outage.error : core.passes.last?.error,
      });
      return { until };
    }),
  },
}).createMachine({
  id: 'warmer',
  context: ({ input }) => ({ core: input.core, failures: 0, until: 0 }),
  invoke: [
    { src: 'bells', input: ({ context }) => ({ core: context.core }) },
    { id: 'passer', src: 'passer', input: ({ context }) => ({ core: context.core }) },
  ],
  initial: 'waiting',
  states: {
    waiting: {
      invoke: {
        src: 'treeStarted',
        input: ({ context, self }) => ({ core: context.core, self }),
        // One started again in an outage goes on with the backoff where its predecessor was.
        onDone: [
          { guard: 'sourceDown', target: 'backoff' },
          { guard: 'canPass', target: 'warming' },
          { target: 'idle' },
        ],
      },
      always: [
        { guard: and(['wanted', 'sourceDown']), target: 'backoff' },
        { guard: 'wanted', target: 'warming' },
      ],
      on: {
        wanted: [
          { guard: 'sourceDown', target: 'backoff' },
          { guard: 'canPass', target: 'warming' },
        ],
      },
    },
    warming: {
      entry: ['warming', 'beginPass'],
      on: {
        'worker.done': [
          {
            guard: ({ event }) => event.output.type === 'complete',
            target: 'warm',
            actions: 'forgetFailures',
          },
          { guard: ({ event }) => event.output.type === 'void', target: 'warming', reenter: true },
          { target: 'backoff', actions: 'countFailure' },
        ],
        'worker.failed': { actions: { type: 'crash', params: ({ event }) => ({ error: event.error }) } },
      },
    },
    warm: {
      entry: 'idle',
      always: { guard: 'wanted', target: 'warming' },
      after: { interval: 'warming' },
      on: { wanted: 'warming', 'source.changed': { guard: 'sourceDown', target: 'backoff' } },
    },
    /** Over a source that cannot be passed over: what was asked for is all there is. */
    idle: {
      entry: 'idle',
      always: { guard: 'sourceDown', target: 'backoff' },
      on: { 'source.changed': { guard: 'sourceDown', target: 'backoff' } },
    },
    backoff: {
      entry: 'backOff',
      always: { guard: 'ordered', target: 'warming', actions: 'hurry' },
      after: {
        wait: [
          { guard: 'probed', target: 'standingBy' },
          { guard: 'canPass', target: 'warming' },
          { guard: 'canPing', target: 'probing' },
          // Neither: the next load is the probe, and tells by `source.changed`.
        ],
      },
      on: {
        wanted: { guard: 'ordered', target: 'warming', actions: 'hurry' },
        'source.changed': [
          { guard: 'sourceDown', target: 'backoff', reenter: true },
          { guard: 'canPass', target: 'warming' },
          { target: 'idle' },
        ],
      },
    },
    /** Somebody's load is this step's probe. It tells by `source.changed`, but not when it is given up. */
    standingBy: {
      after: {
        step: [
          { guard: 'probed', target: 'standingBy', reenter: true },
          { guard: 'canPass', target: 'warming' },
          { guard: 'canPing', target: 'probing' },
        ],
      },
      on: {
        wanted: { guard: 'ordered', target: 'warming', actions: 'hurry' },
        'source.changed': [
          { guard: 'sourceDown', target: 'backoff' },
          { guard: 'canPass', target: 'warming' },
          { target: 'idle' },
        ],
      },
    },
    probing: {
      invoke: {
        src: 'ping',
        input: ({ context }) => ({ core: context.core }),
        onDone: [{ guard: 'sourceUp', target: 'idle' }, { target: 'backoff' }],
      },
    },
  },
});
