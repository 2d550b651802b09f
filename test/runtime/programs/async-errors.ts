/** Actors whose asynchronous work goes wrong in every way, one after the other; says what became of each. */
import { createMachine, fromCallback, fromPromise } from 'xstate';
import { createRuntime } from '../../../src/create-runtime.js';
import { incarnationOf, send } from '../../../src/runtime/index.js';
import { child } from '../../../supervisors/index.js';

const flags = process.argv.slice(2);
const boom = () => {
  throw new Error('boom');
};
const later = (run: () => void) => void setTimeout(run, 2);
process.on('holdfast-test' as never, boom);

const ways: Record<string, () => void> = {
  timer: () => later(boom),
  interval() {
    const timer = setInterval(() => {
      clearInterval(timer);
      boom();
    }, 2);
  },
  immediate: () => void setImmediate(boom),
  tick: () => process.nextTick(boom),
  promise: () => void (async () => boom())(),
  'awaited promise': () =>
    void (async () => {
      await new Promise<void>((resolve) => later(resolve));
      boom();
    })(),
  'rejection that is no error': () => void Promise.reject('boom'),
  emitter: () => later(() => process.emit('holdfast-test' as never)),
  'abort listener': () => {
    const controller = new AbortController();
    controller.signal.addEventListener('abort', boom);
    later(() => controller.abort());
  },
};

const places = {
  action: (action: () => void) => createMachine({ on: { go: { actions: () => action() } } }),
  'callback actor': (action: () => void) => fromCallback(({ receive }) => receive(() => action())),
  grandchild: (action: () => void) =>
    createMachine({
      initial: 'x',
      states: { x: { on: { go: 'y' } }, y: { invoke: { src: fromCallback(() => action()) } } },
    }),
  'promise actor': (action: () => void) =>
    createMachine({
      initial: 'x',
      states: {
        x: { on: { go: 'y' } },
        y: {
          invoke: {
            src: fromPromise(() => {
              action();
              return new Promise(() => {});
            }),
          },
        },
      },
    }),
};

const listen = () => process.on('unhandledRejection', () => {});
if (flags.includes('listener-before')) listen();
const outer = createRuntime({ children: [] });
await outer.start();
if (flags.includes('listener-after')) listen();
if (flags.includes('listener-once')) process.once('unhandledRejection', () => {});

for (const [way, action] of Object.entries(ways)) {
  for (const [place, logicOf] of Object.entries(places)) {
    for (const how of ['raw', 'mailbox']) await crash(way, action, place, logicOf(action), how);
  }
}
await outer.stop();

async function crash(way: string, _: () => void, place: string, logic: object, how: string): Promise<void> {
  const attributeAsyncErrors = !flags.includes('unattributed');
  const children = [child({ id: 'a', name: 'a', logic: logic as never })];
  const runtime = createRuntime({ children }, { attributeAsyncErrors });
  const restarted = new Promise<void>((resolve) => runtime.bus.subscribe('actor.restarted', () => resolve()));
  let error: unknown;
  runtime.bus.subscribe('actor.crashed', (event) => {
    error = event.error;
  });
  await runtime.start();
  const target = runtime.whereis('a') as NonNullable<ReturnType<typeof runtime.whereis>>;
  if (how === 'raw') target.send({ type: 'go' });
  else send(target, { type: 'go' });
  const awake = setInterval(() => {}, 1000);
  await restarted;
  clearInterval(awake);
  console.log(`${way}, ${place}, ${how}: ${String(error)} → ${incarnationOf(runtime.whereis('a') as never)}`);
  await runtime.stop();
}
