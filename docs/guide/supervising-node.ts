// Services, tasks, backoff, partitions. Run it: npx tsx docs/guide/supervising-node.ts
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  actorName,
  createRuntime,
  partitionSupervisor,
  resourceOf,
  type ServiceLogic,
  type SupervisorRef,
  service,
  sys,
  taskSupervisor,
  withBackoff,
} from 'holdfast';
import { createMachine } from 'xstate';

let brokerIsAway = true;
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

// #region service
const webName = actorName<ServiceLogic<Server>>('web');
const web = service<Server>('web', {
  name: webName,
  start(_signal, { fail }) {
    const server = createServer((_request, response) => response.end('hello'));
    server.on('error', fail);
    return new Promise((resolve) => server.listen(0, () => resolve(server)));
  },
  stop: (server) => new Promise<void>((resolve) => server.close(() => resolve())),
  shutdown: '10s', // requests that are being answered have so long
});
// #endregion

// #region backoff
const broker = withBackoff(
  service('broker', {
    name: 'broker',
    async start() {
      if (brokerIsAway) throw new Error('connection refused');
      return 'a connection';
    },
  }),
  { min: '50ms', max: '100ms', resetAfter: '1m' },
);
// #endregion

// #region runtime
const runtime = await createRuntime({
  children: [
    web,
    broker,
    { id: 'tasks', name: 'tasks', logic: taskSupervisor() },
    {
      id: 'users',
      name: 'users',
      logic: partitionSupervisor({ partitions: 4, child: () => ({ logic: createMachine({}) }) }),
    },
  ],
}).start();
// #endregion
const refOf = (name: string) => runtime.whereis(name) as SupervisorRef;
const standing = (name: string) => {
  const ref = runtime.whereis(name);
  return ref && sys.getState(ref);
};

// #region found
const server = () => resourceOf(runtime.whereis(webName)!);
const { port } = server().address() as AddressInfo;
console.log(`web: ${await (await fetch(`http://localhost:${port}`)).text()}`);
console.log(`broker: ${standing('broker')?.value}`);
// #endregion

// #region crash
server().emit('error', new Error('EMFILE'));
await until(() => standing('web')?.incarnation === 2 && standing('web')?.value === 'running');
console.log('web failed, was closed, and listens again');
// #endregion

brokerIsAway = false;
await until(() => standing('broker')?.value === 'running');
console.log(`broker: ${standing('broker')?.value}`);

// #region tasks
let inFlight = 0;
let most = 0;
const pages = taskSupervisor.stream(
  refOf('tasks'),
  ['a', 'b', 'c', 'd', 'e'],
  async (page) => {
    most = Math.max(most, ++inFlight);
    await sleep(page === 'a' ? 30 : 5);
    inFlight--;
    if (page === 'c') throw new Error('not found');
    return page.toUpperCase();
  },
  { concurrency: 2, timeout: '1s' },
);
for await (const page of pages) {
  console.log(`${page.item}: ${page.status === 'fulfilled' ? page.value : page.reason}`);
}
console.log(`never more than ${most} at the same time`);
// #endregion

// #region partitions
const actors = ['ada', 'bob', 'ada'].map((user) => partitionSupervisor.whereis(refOf('users'), user).id);
console.log(`ada, bob and ada again go to the partitions ${actors.join(', ')}`);
// #endregion

await runtime.stop();

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}
