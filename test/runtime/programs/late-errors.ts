/** Work that an actor left behind goes wrong after the actor has ended. */
import { createMachine } from 'xstate';
import { createRuntime } from '../../../src/create-runtime.js';
import { exit, signalOf } from '../../../src/runtime/index.js';
import { child } from '../../../supervisors/index.js';

const logic = createMachine({
  entry: ({ self }) => {
    const signal = signalOf(self);
    setTimeout(() => {
      throw new Error('late timer');
    }, 20);
    setTimeout(() => void Promise.reject(new Error('late promise')), 20);
    // Obeys its signal: rejecting with its reason is how such work ends.
    void new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  },
});
const runtime = createRuntime({
  children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })],
});
let late = 0;
runtime.bus.subscribe('actor.late-error', async ({ path, incarnation, error }) => {
  console.log(`${path}#${incarnation}: ${(error as Error).message}`);
  if (++late < 2) return;
  console.log(runtime.tree().status);
  await runtime.stop();
});
await runtime.start();
exit(runtime.whereis('a') as never, { type: 'killed' });
