import { assign, createMachine, type EventObject } from 'xstate';
import { type ExitReason, exit, IGNORE } from '../../src/runtime/index.js';
import type { Attempt, Cast } from './cast.js';
import { failureOf, kindOf } from './outcome.js';
import { Exited, reasonOf } from './reasons.js';

interface Part {
  readonly cast: Cast;
  readonly attempt: Attempt;
}

/** It ends itself, at once. */
export interface ExitNow extends EventObject {
  readonly type: 'exit';
  readonly reason: unknown;
}

type Told = ExitNow | { readonly type: 'holdfast.shutdown'; readonly reason: ExitReason };

/** A worker that does what its scenario says of this attempt. */
export const worker = createMachine({
  types: {} as {
    context: Part & { readonly asked?: ExitReason };
    input: Part;
    events: Told;
  },
  context: ({ input, self }) => {
    const { cast, attempt } = input;
    cast.made(self, attempt);
    if (kindOf(attempt) === 'ok') cast.appears(self, attempt);
    return input;
  },
  initial: 'beginning',
  states: {
    beginning: {
      entry: ({ context }) => {
        const reason = failureOf(context.attempt);
        if (reason !== undefined) throw new Exited(reason);
      },
      always: [
        { guard: ({ context }) => kindOf(context.attempt) === 'ignore', target: 'ignored' },
        { guard: ({ context }) => context.attempt.behaviour.trapExit === true, target: 'trapping' },
        { target: 'heedless' },
      ],
    },
    heedless: { on: { exit: { actions: ({ event, self }) => exit(self, reasonOf(event.reason)) } } },
    trapping: {
      on: {
        exit: { actions: ({ event, self }) => exit(self, reasonOf(event.reason)) },
        'holdfast.shutdown': [
          { guard: ({ context }) => context.attempt.behaviour.stopDelay === 'infinity', target: 'deaf' },
          { actions: assign({ asked: ({ event }) => event.reason }), target: 'stopping' },
        ],
      },
    },
    stopping: {
      always: {
        guard: ({ context }) => delayOf(context) === 0,
        actions: ({ context, self }) => exit(self, lastWord(context)),
      },
      after: { delay: { actions: ({ context, self }) => exit(self, lastWord(context)) } },
    },
    deaf: {},
    ignored: { type: 'final' },
  },
  output: IGNORE,
}).provide({ delays: { delay: ({ context }) => delayOf(context) } });

const delayOf = ({ attempt }: Part): number => Number(attempt.behaviour.stopDelay ?? 0);

/** The reason it exits with when it was asked to stop. */
const lastWord = ({ attempt, asked }: Part & { readonly asked?: ExitReason }): ExitReason =>
  attempt.behaviour.stopReason == null
    ? (asked ?? { type: 'shutdown' })
    : reasonOf(attempt.behaviour.stopReason);
