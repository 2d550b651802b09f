import { assign, fromCallback, fromPromise, setup } from 'xstate';
import { SnapshotInUseError } from '../../src/errors.js';
import { backoffDelay } from '../../src/runtime/backoff-delay.js';
import type { LifeSignal } from '../../src/runtime/life.js';
import { after, random, type Timer, wallNow } from '../../src/runtime/time.js';
import { fromWork } from '../../src/runtime/work.js';
import type { SnapshotOpening } from '../../src/snapshot/store.js';
import type { CacheCore } from '../cache/core.js';
import type { Ledger } from '../cache/ledger.js';
import { deliver, deliverable, restOf } from './delivery.js';
import { writeJournal } from './journal.js';
import { close, open } from './opening.js';
import { type RestoreOutcome, restore } from './restore.js';
import { stalledError, stallLogic } from './stall.js';
import { nothingToWrite, writeSnapshot } from './write.js';

type Core = CacheCore<unknown>;
type SnapshotterEvent =
  | { readonly type: 'journal' }
  /** Look whether something is to be delivered. */
  | { readonly type: 'look' }
  /** There is something to write. */
  | { readonly type: 'due' }
  /** The last writing gets nowhere. */
  | { readonly type: 'stalled' }
  | { readonly type: 'holdfast.shutdown' };

interface SnapshotterInput {
  readonly core: Core;
  readonly ledger: Ledger;
}

interface SnapshotterContext extends SnapshotterInput {
  readonly opening: SnapshotOpening | undefined;
  /** Writings that failed in a row. */
  readonly failures: number;
}

/** Rings for the journal, and closes the store when this incarnation ends, however that comes. */
const keeper = fromCallback<SnapshotterEvent, SnapshotterInput>(({ input: { core, ledger }, sendBack }) => {
  const off = [
    ledger.written.listen(() => sendBack({ type: 'journal' })),
    ledger.outbox.changed.listen(() => sendBack({ type: 'look' })),
    core.link.changed.listen(() => {
      if (!core.link.down) ledger.outbox.answered();
      sendBack({ type: 'look' });
    }),
  ];
  return () => {
    for (const end of off) end();
    void close(core, ledger);
  };
});

/** Rings when the time has come and there is something to write. That there mostly is nothing is no business of the machine's. */
const pages = fromCallback<SnapshotterEvent, SnapshotterInput>(({ input: { core, ledger }, sendBack }) => {
  let timer: Timer;
  const rest = (): void => {
    timer = after(core.policy.snapshot.every, look);
  };
  const look = (): void => {
    if (ledger.last?.ok === true && nothingToWrite(core, ledger)) {
      ledger.last = { at: wallNow(), ok: true };
      rest();
    } else sendBack({ type: 'due' });
  };
  rest();
  return () => timer.cancel();
});

function storeOf(ledger: Ledger) {
  if (ledger.store === undefined) throw new TypeError('The snapshot is not open.');
  return ledger.store;
}

/** A disk that is full or gone is expected: told, remembered, and tried again. */
async function attempt(
  { core, ledger }: SnapshotterInput,
  doing: string,
  life: LifeSignal,
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!life.aborted) tellFailure({ core, ledger }, doing, error);
    return false;
  }
}

function tellFailure({ core, ledger }: SnapshotterInput, doing: string, error: unknown): void {
  ledger.last = { at: wallNow(), ok: false, error };
  core.logger.error({ cache: core.policy.name, doing, err: error }, 'the snapshot could not be written');
  core.bus.publish('snapshot.failed', { error, doing });
}

/** What waits in memory to be told of rows in use waits for the next process. */
function keepTouches({ link, touches }: Core, { outbox }: Ledger): void {
  if (link.source.touch === undefined) return;
  for (const touch of touches.takeAll()) if (!outbox.touch(touch.key, touch.raw, touch)) touches.dropped++;
}

/**
 * The snapshotter: it restores once, writes what changed every so often, journals invalidations and revocations at once,
 * and completes the snapshot when it is told to stop.
 */
export const snapshotterLogic = setup({
  types: {
    context: {} as SnapshotterContext,
    events: {} as SnapshotterEvent,
    input: {} as SnapshotterInput,
  },
  actors: {
    keeper,
    pages,
    open: fromPromise<SnapshotOpening, SnapshotterInput>(
      async ({ input: { core, ledger }, signal }) => (await open(core, ledger, signal)).opening,
    ),
    restore: fromPromise<RestoreOutcome, SnapshotterInput & { readonly opening: SnapshotOpening }>(
      async ({ input: { core, ledger, opening }, signal }) => {
        const outcome = await restore(core, ledger, storeOf(ledger), opening, signal);
        if (outcome === 'done') {
          ledger.restored = true;
          ledger.tags.clear();
          core.cursor ??= opening.cursor;
          ledger.cursor = opening.cursor;
        } else if (outcome === 'corrupt') {
          ledger.fullDue = true;
          await close(core, ledger);
        }
        return outcome;
      },
    ),
    stall: stallLogic,
    close: fromPromise<void, SnapshotterInput>(({ input: { core, ledger } }) => close(core, ledger)),
    write: fromWork<boolean, SnapshotterInput>(({ input, life }) =>
      attempt(input, 'write', life, () =>
        writeSnapshot(input.core, input.ledger, storeOf(input.ledger), life),
      ),
    ),
    journal: fromWork<boolean, SnapshotterInput>(({ input, life }) =>
      attempt(input, 'journal', life, () => writeJournal(input.core, input.ledger, storeOf(input.ledger))),
    ),
    deliver: fromWork<boolean, SnapshotterInput>(({ input, life }) =>
      attempt(input, 'deliver', life, () =>
        deliver(input.core, input.ledger.outbox, storeOf(input.ledger), life),
      ),
    ),
    finish: fromPromise<void, SnapshotterInput>(async ({ input, signal }) => {
      const { core, ledger } = input;
      if (ledger.store !== undefined) {
        const store = ledger.store;
        keepTouches(core, ledger);
        await attempt(input, 'journal', signal, () => writeJournal(core, ledger, store));
        // Before the restore is done the store knows more than the table does.
        if (ledger.restored)
          await attempt(input, 'write', signal, () => writeSnapshot(core, ledger, store, signal));
      }
      ledger.closed = true;
      await close(core, ledger);
    }),
  },
  delays: {
    restoreTimeout: ({ context }) => context.core.policy.snapshot.restoreTimeout,
    rest: ({ context }) => restOf(context.core, context.ledger.outbox),
    retry: ({ context }) => backoffDelay(context.core.policy.backoff, context.failures, random()),
  },
  guards: {
    restored: ({ context }) => context.ledger.restored,
    pending: ({ context }) => context.ledger.hasPending || context.ledger.outbox.hasUnwritten,
    holding: ({ context }) => context.ledger.outbox.size > 0,
    deliverable: ({ context }) => deliverable(context.core, context.ledger.outbox),
    mendable: ({ context, event }) =>
      context.ledger.shift !== undefined &&
      !((event as unknown as { error?: unknown }).error instanceof SnapshotInUseError),
  },
  actions: {
    countFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    forgetFailures: assign({ failures: 0 }),
    tellStalled: ({ context }) => tellFailure(context, 'finish', stalledError()),
  },
}).createMachine({
  id: 'snapshotter',
  context: ({ input }) => ({ ...input, opening: undefined, failures: 0 }),
  invoke: { src: 'keeper', input: ({ context }) => context },
  initial: 'opening',
  on: { 'holdfast.shutdown': '.finishing' },
  states: {
    opening: {
      tags: 'starting',
      invoke: {
        src: 'open',
        input: ({ context }) => context,
        onDone: [
          { guard: 'restored', target: 'running' },
          { target: 'restoring', actions: assign({ opening: ({ event }) => event.output }) },
        ],
        // At boot an unusable store is the operator's mistake, and a failed start says so.
        onError: { guard: 'mendable', target: 'broken', actions: 'countFailure' },
      },
    },
    /** A store that failed may go on failing until it is opened anew: its thread died, its file was replaced. */
    mending: {
      entry: 'countFailure',
      invoke: { src: 'close', input: ({ context }) => context, onDone: 'broken' },
    },
    broken: { after: { retry: 'opening' } },
    restoring: {
      invoke: {
        src: 'restore',
        input: ({ context }) => ({ ...context, opening: context.opening as SnapshotOpening }),
        onDone: [
          { guard: ({ event }) => event.output === 'corrupt', target: 'opening' },
          { target: 'running' },
        ],
      },
      initial: 'awaited',
      states: {
        awaited: { tags: 'starting', after: { restoreTimeout: 'unawaited' } },
        unawaited: {},
      },
    },
    running: {
      type: 'parallel',
      states: {
        pages: {
          initial: 'resting',
          states: {
            resting: {
              invoke: { src: 'pages', input: ({ context }) => context },
              on: { due: 'writing' },
            },
            writing: {
              invoke: {
                src: 'write',
                input: ({ context }) => context,
                onDone: [
                  { guard: ({ event }) => event.output, target: 'resting', actions: 'forgetFailures' },
                  { target: '#snapshotter.mending' },
                ],
              },
            },
          },
        },
        journal: {
          initial: 'resting',
          states: {
            resting: { always: { guard: 'pending', target: 'writing' }, on: { journal: 'writing' } },
            writing: {
              invoke: {
                src: 'journal',
                input: ({ context }) => context,
                onDone: [
                  { guard: ({ event }) => event.output, target: 'resting', actions: 'forgetFailures' },
                  { target: '#snapshotter.mending' },
                ],
              },
            },
          },
        },
        outbox: {
          initial: 'resting',
          states: {
            resting: { always: { guard: 'holding', target: 'waiting' } },
            waiting: {
              always: [
                { guard: 'deliverable', target: 'delivering' },
                { guard: ({ context }) => context.ledger.outbox.size === 0, target: 'resting' },
              ],
              after: { rest: { target: 'waiting', reenter: true } },
              on: { look: { target: 'waiting', reenter: true } },
            },
            delivering: {
              invoke: {
                src: 'deliver',
                input: ({ context }) => context,
                onDone: [
                  { guard: ({ event }) => event.output, target: 'waiting' },
                  { target: '#snapshotter.mending' },
                ],
              },
            },
          },
        },
      },
    },
    finishing: {
      invoke: [
        { src: 'finish', input: ({ context }) => context, onDone: 'stopped' },
        { src: 'stall', input: ({ context }) => context },
      ],
      on: { stalled: { target: 'stopped', actions: 'tellStalled' } },
    },
    stopped: { type: 'final' },
  },
});
