/** A whole program, with the behaviour named. */
import { createMachine, fromCallback } from 'xstate';
import { createRuntime } from '../../../src/create-runtime.js';
import { runMain } from '../../../src/run-main.js';
import { exit } from '../../../src/runtime/index.js';
import { child } from '../../../supervisors/index.js';

const flags = process.argv.slice(2);
const say = (line: string) => console.log(line);

const orderly = createMachine({
  initial: 'on',
  states: {
    on: { entry: () => say('up'), on: { 'holdfast.shutdown': 'closing' } },
    closing: {
      entry: () => say('closing'),
      after: { [flags.includes('hang') ? 1_000_000 : 20]: 'off' },
    },
    off: { type: 'final', entry: () => say('closed') },
  },
});
const failing = fromCallback(() => {
  throw new Error('cannot start');
});
const runtime = createRuntime({
  maxRestarts: 0,
  children: [
    child({ id: 'a', name: 'a', logic: orderly, shutdown: 'infinity' }),
    ...(flags.includes('no-start') ? [child({ id: 'b', logic: failing })] : []),
  ],
});
if (flags.includes('give-up')) setTimeout(() => exit(runtime.whereis('a') as never, { type: 'killed' }), 50);
if (flags.includes('stop')) setTimeout(() => void runtime.stop(), 50);
// A handle of somebody else's that nobody closes.
if (flags.includes('handle')) setInterval(() => {}, 1000);
process.on('exit', (code) => say(`exit ${code}`));
await runMain(runtime, {
  async onStopping(signal) {
    say(`stopping: ${signal}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (flags.includes('bad-drain')) throw new Error('bad drain');
    say('drained');
  },
  ...(flags.includes('timeout') && { timeout: 100 }),
});
say('resolved');
