import {
  child,
  createRuntime,
  dynamicSupervisor,
  InjectedFaultError,
  type Runtime,
  restartChild,
  type SupervisorRef,
  startChild,
  supervisor,
  type TreeNode,
  terminateChild,
} from 'holdfast';
import {
  always,
  defineScenario,
  eventually,
  faults,
  type SimulationWorld,
  treePromises,
} from 'holdfast/testing';
import { fromCallback, fromPromise, setup } from 'xstate';
import { createBus, type OwnBus } from '../../src/bus/bus.js';

const ids = ['a', 'b', 'c'] as const;
const maxRestarts = 3;
const within = 5_000;

type WorkerEvent =
  | { readonly type: 'transition' | 'timer' | 'rejection' | 'promise'; readonly error: Error }
  | { readonly type: 'tick' };

const job = setup({ delays: { work: 100 } }).createMachine({
  initial: 'working',
  states: { working: { after: { work: 'done' } }, done: { type: 'final' } },
});

/** Three workers, each of which needs the one before it, and jobs that end by themselves. */
class Tree {
  runtime: Runtime;
  readonly bus = createBus<{ tick: object }>() as OwnBus<{ tick: object }>;
  /** The insides of workers that run now. */
  readonly alive: string[] = [];
  /** Errors that are to be the end of somebody. */
  readonly owed = new Map<unknown, string>();
  readonly broken: string[] = [];
  stopped = false;
  /** The group was told to stop, directly or with all, a while ago; and has not been told to start. */
  #overdue = false;
  #order: ReturnType<typeof setTimeout> | undefined;
  /** It is being stopped and started anew. */
  #leaving = false;
  /** Whatever was stopped is to be started. */
  mending = false;
  readonly #world: SimulationWorld;
  readonly #watcher: ReturnType<typeof setInterval>;
  #promises: () => void = () => {};

  constructor(w: SimulationWorld) {
    this.#world = w;
    this.runtime = this.#made();
    this.#watcher = setInterval(() => {
      if (this.mending) this.startGroup().catch(() => {});
    }, 1_000);
  }

  /** A failure may come as it starts, and the whole tree is then not started: whoever runs it tries again. */
  async start(): Promise<this> {
    for (;;) {
      try {
        await this.runtime.start();
        return this;
      } catch {
        this.owed.clear();
        this.runtime = this.#made();
      }
    }
  }

  #made(): Runtime {
    const group = supervisor({
      strategy: 'rest-for-one',
      maxRestarts,
      within,
      children: ids.map((id) =>
        child({ id, name: `w/${id}`, logic: this.#worker(id), restart: 'permanent' }),
      ),
    });
    const runtime = createRuntime({
      maxRestarts: 1_000_000,
      within: '1s',
      children: [
        { id: 'group', logic: group },
        {
          id: 'jobs',
          name: 'jobs',
          logic: dynamicSupervisor({ child: () => ({ logic: job, restart: 'transient' }) }),
        },
      ],
    });
    this.#watch(runtime);
    this.#promises = treePromises(runtime);
    return runtime;
  }

  end(): void {
    clearInterval(this.#watcher);
    this.#allowed();
  }

  promises(): void {
    this.#promises();
  }

  get ready(): boolean {
    // Who is about to stop everybody has not been told of the end.
    return (
      !this.#leaving && ids.every((id) => this.runtime.whereis(`w/${id}`)?.getSnapshot().value === 'running')
    );
  }

  throwIn(how: Exclude<WorkerEvent['type'], 'tick'>, id: string): void {
    const ref = this.runtime.whereis(`w/${id}`);
    if (ref?.getSnapshot().value !== 'running') return;
    const error = new InjectedFaultError(`in a ${how} of ${id}`);
    this.owed.set(error, id);
    ref.send({ type: how, error });
  }

  async stopGroup(): Promise<void> {
    if (this.stopped || this.#leaving) return;
    // While the group is itself being started, the order waits for that.
    if (this.#group?.status === 'running') this.#ordered();
    await terminateChild(this.runtime.root, 'group');
    // Who was to be told of an error is no more.
    this.owed.clear();
    this.stopped = true;
  }

  /** As a program does that is told to end; the next one is another process. */
  async stopAll(): Promise<void> {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#ordered();
    await this.runtime.stop();
    this.owed.clear();
    this.#late('all can stop at once, and have stopped');
    if (this.alive.length > 0 || this.bus.hears('tick'))
      this.broken.push('somebody is left of what was stopped');
    this.stopped = false;
    this.runtime = this.#made();
    this.#allowed();
    await this.start();
    this.#leaving = false;
  }

  /** Everybody stops at once, unless the process stands still in the midst of it. */
  #ordered(): void {
    this.#allowed();
    const at = this.#world.now;
    this.#order = setTimeout(() => {
      this.#overdue = this.#world.now - at === 5;
    }, 5);
  }

  #allowed(): void {
    clearTimeout(this.#order);
    this.#overdue = false;
  }

  #late(who: string): void {
    if (this.#overdue) this.broken.push(`${who} long after the order to stop`);
  }

  async startGroup(): Promise<void> {
    if (!this.stopped || this.#leaving) return;
    this.stopped = false;
    this.#allowed();
    try {
      await restartChild(this.runtime.root, 'group');
    } catch (error) {
      this.stopped = true;
      throw error;
    }
  }

  async job(): Promise<void> {
    if (this.#jobs !== undefined) await startChild(this.#jobs);
  }

  /** How many jobs the supervisor of jobs knows of. */
  get remembered(): number {
    return this.runtime.tree().children?.find(({ id }) => id === 'jobs')?.children?.length ?? 0;
  }

  get #group(): TreeNode | undefined {
    return this.runtime.tree().children?.find(({ id }) => id === 'group');
  }

  get #jobs(): SupervisorRef | undefined {
    return this.runtime.whereis('jobs') as SupervisorRef | undefined;
  }

  #worker(id: string) {
    const { alive, broken, bus } = this;
    return setup({
      types: { events: {} as WorkerEvent },
      actors: {
        inside: fromCallback<WorkerEvent>(({ receive, self }) => {
          alive.push(id);
          this.#late(`${id} begins`);
          const parent = (self as unknown as { _parent: { getSnapshot(): { status: string } } })._parent;
          bus.subscribe('tick', parent as never);
          const timer = setInterval(() => {
            const { status } = parent.getSnapshot();
            if (status !== 'active') broken.push(`the inside of ${id} lives, and ${id} is ${status}`);
          }, 100);
          receive((event) => {
            if (event.type === 'timer')
              setTimeout(() => {
                throw event.error;
              }, 10);
            if (event.type === 'rejection') void Promise.reject(event.error);
          });
          return () => {
            clearInterval(timer);
            alive.splice(alive.indexOf(id), 1);
          };
        }),
        fails: fromPromise<void, Error>(async ({ input }) => {
          throw input;
        }),
      },
      actions: {
        throw: (_, { error }: { readonly error: Error }) => {
          throw error;
        },
      },
      delays: { beginning: 50 },
    }).createMachine({
      id,
      invoke: { id: 'inside', src: 'inside' },
      initial: 'beginning',
      on: { '*': {} },
      states: {
        beginning: { tags: 'starting', after: { beginning: 'running' } },
        running: {
          on: {
            transition: { actions: { type: 'throw', params: ({ event }) => ({ error: event.error }) } },
            timer: { actions: ({ event, self }) => self.getSnapshot().children.inside?.send(event) },
            rejection: { actions: ({ event, self }) => self.getSnapshot().children.inside?.send(event) },
            promise: 'failing',
          },
        },
        failing: {
          invoke: { src: 'fails', input: ({ event }) => (event as { readonly error: Error }).error },
        },
      },
    });
  }

  /** What the runtime tells, judged by what a supervisor promises. */
  #watch({ bus }: Runtime): void {
    bus.subscribe('actor.crashed', ({ error, name }) => {
      this.owed.delete(error);
      for (const [owed, id] of this.owed) if (name === `w/${id}`) this.owed.delete(owed);
    });
    bus.subscribe('actor.stopped', ({ name }) => {
      for (const [owed, id] of this.owed) if (name === `w/${id}`) this.owed.delete(owed);
    });
    bus.subscribe('actor.ready', ({ path }) => {
      if (path.startsWith('root/group')) this.#late(`${path} is ready`);
    });
  }
}

export const supervisedTree = defineScenario<Tree>('a tree stands', {
  setup: (w) => new Tree(w).start(),
  workload: (tree) => [
    ...(['transition', 'timer', 'rejection', 'promise'] as const).map((how) => ({
      name: `throw in a ${how}`,
      run: (draw: { of<T>(items: readonly T[]): T }) => tree.throwIn(how, draw.of(ids)),
    })),
    { name: 'stop the group', run: () => tree.stopGroup() },
    { name: 'stop all, and start anew', run: () => tree.stopAll() },
    { name: 'start the group', weight: 2, run: () => tree.startGroup() },
    { name: 'a job', run: () => tree.job() },
    { name: 'tick', run: () => tree.bus.publish('tick', {}) },
  ],
  steps: 20,
  horizon: '20s',
  faults: faults.any<Tree>({
    crashes: ids.map((id) => `w/${id}`),
    supervisors: true,
    clock: true,
    longest: '5s',
  }),
  checks: [
    always('nobody breaks what a supervisor promises', ({ broken: [first] }) => {
      if (first !== undefined) throw new Error(first);
    }),
    always('a tree keeps its promises', (tree) => tree.promises()),
    always('one incarnation at a time', ({ alive }) => new Set(alive).size === alive.length),
    always(
      'nothing runs, or listens, after it was stopped',
      ({ stopped, alive, bus }) => !stopped || (alive.length === 0 && !bus.hears('tick')),
    ),
    eventually('everybody works', '1m', (tree) => {
      tree.mending = true;
      return tree.ready;
    }),
    eventually('who has done their job is forgotten', '1m', ({ remembered }) => remembered === 0),
    eventually('each error was the end of somebody', '1m', ({ owed }) => owed.size === 0),
  ],
  teardown: (tree) => tree.end(),
});
