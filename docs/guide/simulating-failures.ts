// Failures, simulated: a scenario, what it finds, and the same with the bug mended. Run it: npx tsx docs/guide/simulating-failures.ts
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { child, createRuntime } from 'holdfast';
import {
  defineScenario,
  eventually,
  explore,
  faults,
  findingText,
  simulatedSource,
  sometimes,
  type WholeSource,
} from 'holdfast/testing';
import { fromPromise, setup } from 'xstate';

type Table = WholeSource<string>;
type Send = (id: string, signal: AbortSignal) => Promise<void>;
let forgetsFirst = true;

// #region queue
/** Sends the first mail of a table, takes it out, and looks again half a second later. */
const queue = (table: Table, send: Send) =>
  setup({
    actors: {
      sendOne: fromPromise(async ({ signal }) => {
        for await (const { rows } of table.scan({ signal, batch: 1 })) {
          for (const { key } of rows) {
            if (forgetsFirst) await table.remove(key, { signal }); // the bug: it is not sent yet
            await send(key, signal);
            if (!forgetsFirst) await table.remove(key, { signal });
          }
          return;
        }
      }),
    },
  }).createMachine({
    initial: 'sending',
    states: {
      sending: { invoke: { src: 'sendOne', onDone: 'waiting', onError: 'waiting' } },
      waiting: { after: { 500: 'sending' } },
    },
  });
// #endregion

// #region scenario
const everyMailIsSent = defineScenario('every mail is sent', {
  setup: async () => {
    const table = simulatedSource<string>({ name: 'mails' });
    const [written, sent] = [new Set<string>(), new Set<string>()];
    const send: Send = async (id, signal) => {
      await setTimeout(1_000, undefined, { signal });
      sent.add(id);
    };
    await createRuntime({
      maxRestarts: 100,
      children: [child({ id: 'queue', name: 'queue', logic: queue(table, send) })],
    }).start();
    return { table, written, sent };
  },
  workload: ({ table, written }) => [
    {
      name: 'write',
      run: (draw) => {
        const id = `mail-${draw.int(1, 1000)}`;
        table.write(id, 'Hello');
        written.add(id);
      },
    },
  ],
  steps: 5,
  faults: faults.any({ source: ['unreachable', 'slow'], crashes: ['queue'], hangs: false }),
  horizon: '10s',
  checks: [
    eventually('it is sent', '1m', ({ written, sent }) => [...written].every((id) => sent.has(id))),
    sometimes('two wait', ({ table }) => table.rows.size >= 2),
  ],
});
// #endregion

// #region explore
const { finding } = await explore(fc, everyMailIsSent, { runs: 300 });
if (finding)
  console.log(findingText(everyMailIsSent.name, finding, "HOLDFAST_REPLAY='every mail is sent=…'"));

forgetsFirst = false;
const mended = await explore(fc, everyMailIsSent, { runs: 30 });
console.log(`\nMended: ${mended.runs} runs, ${mended.finding ? 'and it fails' : 'none fails'}.`);
// #endregion
