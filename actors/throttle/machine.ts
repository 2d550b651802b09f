import { setup } from 'xstate';
import { fromWork } from '../../src/runtime/work.js';
import type { CacheCore } from '../cache/core.js';
import type { Throttle } from './throttle.js';
import { tidy } from './tidy.js';

interface ThrottleInput {
  readonly core: CacheCore<unknown>;
  readonly throttle: Throttle;
}

/** ms. What is over is not believed a moment longer: this is only when its memory is given back. */
const often = 10_000;

/**
 * The throttle: every so often it forgets, and tells the log who guesses. The book and those who wait are the handle's, so
 * that without it nothing is lost but these two.
 */
export const throttleLogic = setup({
  types: {
    context: {} as ThrottleInput,
    input: {} as ThrottleInput,
  },
  actors: {
    tidy: fromWork<void, ThrottleInput>(({ input: { core, throttle }, life }) => tidy(core, throttle, life)),
  },
  delays: { interval: ({ context }) => Math.min(often, context.throttle.policy.resetAfter) },
}).createMachine({
  id: 'throttle',
  context: ({ input }) => input,
  initial: 'resting',
  states: {
    resting: { after: { interval: 'tidying' } },
    tidying: { invoke: { src: 'tidy', input: ({ context }) => context, onDone: 'resting' } },
  },
});
