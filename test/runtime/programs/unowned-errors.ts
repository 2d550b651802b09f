/** An error that belongs to no actor, while a runtime runs. */
import { createMachine } from 'xstate';
import { createRuntime } from '../../../src/create-runtime.js';
import { exit } from '../../../src/runtime/index.js';
import { child } from '../../../supervisors/index.js';

const [way, ...flags] = process.argv.slice(2);
const runtime = createRuntime({ children: [child({ id: 'a', name: 'a', logic: createMachine({}) })] });
if (flags.includes('listener')) {
  process.on('uncaughtException', (error, origin) => {
    console.log(`listener: ${error.message} (${origin})`);
    void runtime.stop();
  });
}
if (flags.includes('rejection-listener')) {
  process.on('unhandledRejection', (reason) => {
    console.log(`rejection listener: ${(reason as Error).message}`);
    void runtime.stop();
  });
}
process.on('exit', (code) => console.log(`exit ${code}`));
await runtime.start();
if (flags.includes('stopped')) await runtime.stop();
setTimeout(() => {
  if (flags.includes('still')) console.log('still here');
}, 50);

switch (way) {
  case 'timer':
    setTimeout(() => {
      throw new Error('mine');
    }, 1);
    break;
  case 'rejection':
    setTimeout(() => void Promise.reject(new Error('mine')), 1);
    break;
  case 'bus-listener':
    runtime.bus.subscribe('actor.crashed', () => {
      // Not what the listener throws or rejects with, which is reported: what it began, and nobody awaits.
      setTimeout(() => {
        throw new Error('mine');
      });
    });
    exit(runtime.whereis('a') as never, { type: 'killed' });
    break;
  case 'snapshot-listener':
    (runtime.whereis('a') as never as { subscribe(f: () => void): void }).subscribe(() => {
      throw new Error('mine');
    });
    (runtime.whereis('a') as never as { send(e: object): void }).send({ type: 'x' });
    break;
}
