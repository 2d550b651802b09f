// What a start may promise. Run it: npx tsx docs/guide/start-promise.ts
import { child, createRuntime, defineCache, type Logger, SourceUnavailableError } from 'holdfast';
import { fromPromise, setup } from 'xstate';

let databaseIsUp = false;
async function connect(): Promise<string> {
  if (!databaseIsUp) throw new SourceUnavailableError('connect ECONNREFUSED');
  return 'connection';
}

// #region connect-in-init
/** Ready only once it is connected: its start promises what it cannot keep. */
const connectInInit = setup({ actors: { connect: fromPromise(connect) } }).createMachine({
  initial: 'connecting',
  states: {
    connecting: { tags: 'starting', invoke: { src: 'connect', onDone: 'connected' } },
    connected: {},
  },
});
// #endregion

async function theFragileWay(): Promise<void> {
  const runtime = createRuntime({ children: [child({ id: 'sessions', logic: connectInInit })] });
  try {
    await runtime.start();
    console.log('fragile: started');
  } catch (error) {
    const { message, cause } = error as Error;
    console.log(`fragile: the app does not boot: ${message.split('.')[0]} (${(cause as Error).message})`);
  }
}

// #region backoff-state
/** Started means: it can answer. Where the database is away, that is one of its states. */
const sessions = defineCache<string>({
  name: 'sessions',
  source: {
    async load(key) {
      await connect();
      return { key, value: `the session of ${key}` };
    },
    async *scan() {
      await connect();
      yield { rows: [{ key: 'ada', value: 'the session of ada' }] };
    },
  },
  warm: { backoff: { min: '20ms', max: '100ms' } },
});
// #endregion

async function theWayThatHolds(): Promise<void> {
  const seen = { backoffs: 0 };
  sessions.bus.subscribe('warmer.backoff', () => seen.backoffs++);
  const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
  await using runtime = await createRuntime(
    { children: [child({ id: 'sessions', logic: sessions.supervisor })] },
    { logger },
  ).start();
  console.log(`holdfast: started, and a read says: ${JSON.stringify(await sessions.read('ada'))}`);
  await until(() => seen.backoffs >= 3);
  const restarts = runtime.tree().children?.reduce((sum, node) => sum + node.restarts, 0);
  console.log(`holdfast: the warmer is in ${sessions.state.warmer}, restarts so far: ${restarts}`);
  databaseIsUp = true;
  await sessions.warmed({ timeout: '5s' });
  console.log(`holdfast: the database is back: ${sessions.state.data}, ${sessions.get('ada')}`);
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

await theFragileWay();
await theWayThatHolds();
