import { type Case, cacheScenario, play } from 'holdfast/testing';
import { expect, test } from 'vitest';

/** A load denied the key while a pass ran, and so the pass's own, newer row was refused; then the denial was forgotten. */
const seenAndRefused: Case = {
  seed: 999998,
  tape: [],
  faults: [
    { at: 24091, kind: 'bus', how: 'delay', for: 4500 },
    { at: 20437, kind: 'source', mode: { mode: 'unreachable', as: 'typed' }, for: 4890 },
    { at: 8321, kind: 'pause', ms: 3600000 },
    { at: 11995, kind: 'corrupt', key: 'e' },
    { at: 2409, kind: 'pause', ms: 3600000 },
    { at: 9122, kind: 'hang', actor: 'rows/cache', for: 9102 },
  ],
  steps: [
    { at: 1781, pick: 9555, salt: 1066651413 },
    { at: 20914, pick: 4826, salt: 1544103557 },
    { at: 8277, pick: 8485, salt: 1256007146 },
    { at: 11171, pick: 1309, salt: 1527742994 },
    { at: 2353, pick: 5377, salt: 2064057999 },
  ],
};

/** A laptop that sleeps while a batch is taken in, row by row. */
const asleepInABatch: Case = {
  seed: 337422,
  tape: [],
  faults: [
    { at: 0, kind: 'pause', ms: 28788 },
    { at: 251, kind: 'pause', ms: 2 },
  ],
  steps: [],
};

/** The source removed the row after it had been put here, though it was asked to before. */
const putBeforeItWasRemoved: Case = {
  seed: 337422,
  tape: [],
  faults: [
    { at: 11328, kind: 'pause', ms: 3600000 },
    { at: 28790, kind: 'pause', ms: 3600000 },
  ],
  steps: [
    { at: 16096, pick: 8208, salt: 1539917608 },
    { at: 29658, pick: 6350, salt: 823980398 },
  ],
};

/** The warmer dies of the very event that tells it that its probe has failed. */
const killedByItsProbe: Case = {
  seed: 408085,
  tape: [],
  faults: [
    { at: 15533, kind: 'crash', actor: 'rows/warmer', how: 'killed', step: 5 },
    { at: 14752, kind: 'source', mode: { mode: 'unreachable', as: 'typed' }, for: 6440 },
  ],
  steps: [],
};

/** The cache actor crashes as it is told to stop, while two wait for their loads. */
const crashedByTheStop: Case = {
  seed: 192412,
  tape: [],
  faults: [{ at: 28261, kind: 'crash', actor: 'rows/cache', how: 'killed', step: 1 }],
  steps: [],
  points: [{ name: 'warmer.complete', pass: 5 }],
};

/** A laptop sleeps for as long as a start may take, while the snapshotter starts: the sleep is to blame. */
const asleepInAStart: Case = {
  seed: 0,
  tape: [],
  faults: [
    { at: 0, kind: 'pause', ms: 12655 },
    { at: 2002, kind: 'pause', ms: 60000 },
    { at: 2001, kind: 'supervisor', actor: 'rows/cache' },
  ],
  steps: [],
};

/** A sleep a moment after the horizon, nearly as long as there is time to come right. */
const asleepAfterTheHorizon: Case = {
  seed: 999997,
  tape: [],
  faults: [{ at: 30001, kind: 'pause', ms: 89250 }],
  steps: [],
};

/** It was emptied between the boot and the reading of the snapshot. */
const clearedBeforeItHasRestored: Case = {
  points: [],
  seed: 0,
  tape: [],
  faults: [
    { at: 9997, kind: 'pause', ms: 1056 },
    { at: 8941, kind: 'kill', after: 1056 },
  ],
  steps: [{ at: 10016, pick: 8572, salt: 0 }],
};

/** A pass finds the row that was saved after the removal, before whoever ordered that hears of it. */
const savedAsItWasRemoved: Case = {
  seed: 257213,
  tape: [],
  faults: [{ at: 0, kind: 'pause', ms: 9056 }],
  steps: [
    { at: 0, pick: 7858, salt: 85886819 },
    { at: 0, pick: 2143, salt: 633690234 },
    { at: 9057, pick: 6429, salt: 0 },
  ],
};

/** The process stands still while a read waits for the cache actor to be started again, which takes too long. */
const asleepInARestart: Case = {
  seed: 0,
  tape: [],
  faults: [
    { at: 0, kind: 'pause', ms: 14999 },
    { at: 0, kind: 'supervisor', actor: 'rows/janitor' },
    { at: 2, kind: 'pause', ms: 500 },
  ],
  steps: [{ at: 0, pick: 0, salt: 0 }],
};

/** It is killed, and stands still, at the same instant: what it had not written by then it never will. */
const asleepAsItDies: Case = {
  seed: 0,
  tape: [],
  faults: [
    { at: 2, kind: 'kill', after: 0 },
    { at: 2, kind: 'pause', ms: 100 },
    { at: 0, kind: 'pause', ms: 1 },
  ],
  steps: [{ at: 0, pick: 7143, salt: 0 }],
};

/** The source does a removal after its time was over, and the row is put while the order is still being repeated. */
const putWhileARemovalIsRepeated: Case = {
  seed: 0,
  tape: [],
  faults: [{ at: 0, kind: 'source', mode: { mode: 'slow', ms: 2965, deaf: true }, for: 7036 }],
  steps: [
    { at: 8002, pick: 5000, salt: 0 },
    { at: 4036, pick: 7858, salt: 0 },
  ],
};

/** The source confirms a removal, and the row is put before the order has been struck from the file. */
const putAsItIsConfirmed: Case = {
  points: [],
  seed: 470918,
  tape: [],
  faults: [
    { at: 3752, kind: 'pause', ms: 23769 },
    { at: 0, kind: 'source', mode: { mode: 'slow', ms: 2001, deaf: false }, for: 1750 },
    { at: 4002, kind: 'pause', ms: 1 },
  ],
  steps: [
    { at: 4002, pick: 5715, salt: 0 },
    { at: 1502, pick: 7858, salt: 0 },
  ],
};

/** A read becomes the probe while the outbox reads from its file what it is about to ask. */
const probedWhileTheFileIsRead: Case = {
  seed: 2,
  tape: [],
  faults: [
    { at: 5570, kind: 'pause', ms: 2431 },
    { at: 0, kind: 'source', mode: { mode: 'unreachable', as: 'typed' }, for: 4809 },
  ],
  steps: [
    { at: 6001, pick: 0, salt: 0 },
    { at: 0, pick: 7858, salt: 1 },
  ],
};

/** A pass that was ordered hangs until its source is back, and away again; then its warmer crashes, and the order stands. */
const orderedBeforeTheOutage: Case = {
  points: [],
  seed: 442716,
  tape: [],
  faults: [
    { at: 20199, kind: 'source', mode: { mode: 'hang', deaf: true }, for: 14981 },
    { at: 23818, kind: 'crash', actor: 'rows/warmer', how: 'error', step: 11 },
    { at: 20698, kind: 'kill', after: 1552 },
  ],
  steps: [
    { at: 25940, pick: 81, salt: 1331360633 },
    { at: 20198, pick: 7057, salt: 1655526060 },
    { at: 28289, pick: 9621, salt: 1878295466 },
  ],
};

/** One key of a batch is put while the batch waits to be tried again, and refreshed: that load is the only one of the key. */
const putBeforeTheNextTry: Case = {
  points: [],
  seed: 630137,
  tape: [],
  faults: [
    { at: 1, kind: 'pause', ms: 29000 },
    { at: 1, kind: 'source', mode: { mode: 'unreachable', as: 'ECONNREFUSED' }, for: 1 },
  ],
  steps: [
    { at: 18397, pick: 5000, salt: 106270247 },
    { at: 6, pick: 0, salt: 740857098 },
  ],
};

/** Two removals of a row wait for the source: the second still does when the first is done, and so a put is passed over. */
const putBetweenTwoRemovals: Case = {
  points: [],
  seed: 0,
  tape: [],
  faults: [{ at: 0, kind: 'source', mode: { mode: 'slow', ms: 2001, deaf: false }, for: 4002 }],
  steps: [
    { at: 4003, pick: 5000, salt: 215712064 },
    { at: 0, pick: 7858, salt: 271794364 },
    { at: 157, pick: 7858, salt: 32815769 },
  ],
};

/** A pass is tried again after a blip, and between its two tries a row is put that the source does not have. */
const putBetweenTwoTries: Case = {
  points: [],
  seed: 0,
  tape: [],
  faults: [{ at: 28544, kind: 'source', mode: { mode: 'unreachable', as: 'typed' }, for: 1369 }],
  steps: [
    { at: 29914, pick: 5715, salt: 1 },
    { at: 29872, pick: 8572, salt: 0 },
    { at: 0, pick: 7858, salt: 702013256 },
  ],
};

/** A process stands still between a revocation and its own death. */
const stoodStillAsItRevoked: Case = {
  points: [],
  seed: 0,
  tape: [],
  faults: [
    { at: 8627, kind: 'kill', after: 0 },
    { at: 0, kind: 'pause', ms: 8626 },
    { at: 3229, kind: 'pause', ms: 100 },
  ],
  steps: [{ at: 0, pick: 7143, salt: 81011052 }],
};

/** The same between an invalidation and its own death. */
const stoodStillAsItInvalidated: Case = {
  points: [],
  seed: 0,
  tape: [],
  faults: [
    { at: 2001, kind: 'pause', ms: 7100 },
    { at: 8249, kind: 'kill', after: 0 },
    { at: 2002, kind: 'pause', ms: 100 },
  ],
  steps: [
    { at: 2000, pick: 2143, salt: 1873119361 },
    { at: 2001, pick: 6429, salt: 1280336676 },
  ],
};

/** A snapshot is written after the wall clock has jumped ahead, and read after it has jumped back beyond that: it is of the future. */
const writtenAfterAJump: Case = {
  points: [],
  seed: 190785,
  tape: [],
  faults: [
    { at: 16517, kind: 'jump', by: 82530 },
    { at: 705, kind: 'source', mode: { mode: 'throws', what: 'number', sync: true }, for: 14357 },
    { at: 18001, kind: 'jump', by: -94989 },
    { at: 21849, kind: 'kill', after: 7127 },
  ],
  steps: [],
};

/** The snapshotter dies in the first start of a process, which ends that process. */
const brokenInItsFirstStart = (how: 'error' | 'killed'): Case => ({
  seed: 0,
  tape: [],
  faults: [
    { at: 0, kind: 'kill', after: 0 },
    { at: 2, kind: 'pause', ms: 1 },
    { at: 3, kind: 'crash', actor: 'rows/snapshotter', how },
  ],
  steps: [],
});

/** It is invalidated as the source has removed it, before whoever ordered the removal hears of that. */
const invalidatedAsItWasRemoved: Case = {
  seed: 136896,
  tape: [],
  faults: [
    { at: 1484, kind: 'pause', ms: 1756 },
    { at: 8052, kind: 'pause', ms: 2155 },
  ],
  steps: [
    { at: 7487, pick: 9067, salt: 649841032 },
    { at: 3455, pick: 4307, salt: 1134196663 },
    { at: 7804, pick: 8505, salt: 1942727300 },
    { at: 10053, pick: 6498, salt: 333750250 },
  ],
};

test.each([
  ['a pass that has seen a key proves no absence of it, even if its row was refused', seenAndRefused],
  ['rows are as old as their batch, however long it takes to take them in', asleepInABatch],
  [
    'what was put while a removal was under way is gone once the source has removed it',
    putBeforeItWasRemoved,
  ],
  [
    'a warmer that is started again in an outage goes on with the backoff, and asks nothing at once',
    killedByItsProbe,
  ],
  ['nobody waits for a cache actor that crashed in the midst of a stop', crashedByTheStop],
  ["a start that a sleep has made too long is begun again, and is no actor's bug", asleepInAStart],
  ['nothing fails after faults have stopped', asleepAfterTheHorizon],
  ['what is cleared before the snapshot was read is not brought back', clearedBeforeItHasRestored],
  ['what was invalidated at the very moment of its removal is unknown', invalidatedAsItWasRemoved],
  ['what was saved at the very moment of a removal is not what was removed', savedAsItWasRemoved],
  ['what a read has waited for a restart with is judged when it is told', asleepInARestart],
  ['a process that is killed has no time left to write in', asleepAsItDies],
  ['a put at the very moment of a confirmation is passed over', putAsItIsConfirmed],
  ['a process that stands still writes no journal of a revocation', stoodStillAsItRevoked],
  ['a process that stands still writes no journal of an invalidation', stoodStillAsItInvalidated],
  ['what a snapshot brings from the future has no age', writtenAfterAJump],
  ['an answer to a removal that was given up confirms it to nobody', putWhileARemovalIsRepeated],
  ['a batch that is tried again asks for what is still wanted', putBeforeTheNextTry],
  ['a put is passed over for as long as any removal waits', putBetweenTwoRemovals],
  ['a pass that is tried again began with its first try', putBetweenTwoTries],
  ['an order stands for as long as its pass hangs', orderedBeforeTheOutage],
  ['an order of the outbox is no second probe', probedWhileTheFileIsRead],
  ['a process whose first start is broken by a crash is booted again', brokenInItsFirstStart('error')],
  ['a process whose first start is broken by a kill is booted again', brokenInItsFirstStart('killed')],
])('%s', async (_, drawn) => {
  const { failure } = await play(cacheScenario, drawn);
  expect(failure?.message).toBeUndefined();
});
