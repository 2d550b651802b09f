import type { AnyActorRef } from 'xstate';
import type { Runtime } from '../../create-runtime.js';
import { InjectedFaultError } from '../../errors.js';
import type { ExitReason } from '../../runtime/exit-reason.js';
import { exit, sys } from '../../runtime/index.js';
import type { TreeNode } from '../../runtime/supervisor-handle.js';
import { type MemorySnapshotStore, memorySnapshotStore } from '../../snapshot/index.js';
import { withWitness, witness } from '../../witness.js';
import type { BusMode, SourceMode } from '../faults.js';
import { asForeign } from '../foreign.js';
import { shown } from '../shown.js';
import type { World } from '../world.js';
import type { WorldProcess } from '../world-process.js';
import { BusWeather } from './bus-weather.js';
import { enterStage, type FailingSource, type StageFace } from './current-stage.js';
import type { FaultKind } from './fault-plan.js';
import { killSupervisorOf } from './kill-supervisor.js';
import { quiet } from './quiet.js';
import type { Scenario, SimulationWorld } from './scenario.js';
import { Timeline } from './timeline.js';

/** What a scenario is played on: its process, its runtimes, what outlives them, and what faults act upon. */
export class Stage<C> implements StageFace {
  readonly timeline: Timeline;
  readonly #world: World;
  readonly #setup: Scenario<C>['setup'];
  readonly #lasting = new Map<string, unknown>();
  readonly #sources = new Map<string, FailingSource>();
  readonly #disks = new Set<MemorySnapshotStore>();
  readonly #weather: BusWeather;
  readonly #leave: () => void;
  /** Of the process that runs now. */
  #runtimes: Runtime[] = [];
  #nameless = new Map<string, number>();
  /** Of actors that are to crash at a step. One of a killed process never ends, and its trace would not either. */
  readonly #traces: (() => void)[] = [];
  #process: WorldProcess;
  #context: { readonly value: C } | undefined;
  #dying = false;
  /** What a setup threw. */
  broken: { readonly error: unknown } | undefined;
  /** How everybody stood at the end of the run. */
  lastStates: readonly string[] = [];

  /** Told of a failure that came to pass later than it was ordered, and how whom it struck stood. */
  struck: (kind: FaultKind, states: readonly string[]) => void = () => {};

  constructor(world: World, setup: Scenario<C>['setup']) {
    this.#world = world;
    this.#setup = setup;
    this.timeline = new Timeline(() => world.now);
    this.#weather = new BusWeather(
      () => world.now,
      (mode, topic) => this.timeline.add('fault', 'bus', `${mode}: ${topic}`),
    );
    this.#process = world.process();
    const leave = withWitness({
      ...witness(),
      made: (runtime) => this.#made(runtime as Runtime),
      heard: (topic, listener, hand) => this.#weather.heard(topic, listener, hand),
    });
    const speak = quiet();
    this.#leave = () => {
      speak();
      leave();
      enterStage(undefined);
    };
    enterStage(this);
  }

  /** What the setup gave; undefined while the process is down, or being set up. */
  get context(): { readonly value: C } | undefined {
    return this.#context;
  }

  /** Sets up, in a process of its own. */
  async boot(): Promise<void> {
    this.#process = this.#world.process();
    this.#runtimes = [];
    this.#nameless = new Map();
    this.#dying = false;
    const process = this.#process;
    this.timeline.add('process', 'process', 'boots');
    this.#tell('booted');
    try {
      const value = await process.run(() => this.#setup(this.#face()));
      if (process.alive) this.#context = { value };
    } catch (error) {
      if (process.alive) this.broken = { error };
    }
  }

  /** Runs what users do, in the process. */
  run<T>(work: () => T): T {
    return this.#process.run(work);
  }

  /** Every failure that lasts is over. */
  calm(): void {
    this.#weather.clear();
    for (const db of this.#sources.values()) {
      if (db.mode.mode !== 'up') db.become({ mode: 'up' });
    }
    for (const runtime of this.#runtimes) for (const name of namesOf(runtime)) this.#resume(runtime, name);
  }

  /** Stops every runtime of the process. */
  async stop(): Promise<void> {
    await this.#process.run(() => Promise.all(this.#runtimes.map((runtime) => runtime.stop())));
  }

  leave(): void {
    for (const stop of this.#traces) stop();
    this.#leave();
  }

  /** How everybody who bears a name stands: `sessions/warmer backoff`. */
  states(): string[] {
    return this.#runtimes.flatMap((runtime) =>
      nodes(runtime.tree())
        .filter(({ name }) => name !== undefined)
        .map((node) => `${node.name} ${stateOf(node)}`),
    );
  }

  lasting<T>(name: string, make: () => T, made: (thing: T, name: string) => void = () => {}): T {
    const turn = (this.#nameless.get(name) ?? 0) + 1;
    this.#nameless.set(name, turn);
    const full = (turn === 1 ? name : `${name}-${turn}`).trim();
    if (!this.#lasting.has(full)) {
      const thing = make();
      this.#lasting.set(full, thing);
      made(thing, full);
    }
    return this.#lasting.get(full) as T;
  }

  source(name: string, db: FailingSource): void {
    this.#sources.set(name, db);
  }

  /** Of several sources the one of that number, or all. */
  fail(mode: SourceMode, duration: number, of?: number): boolean {
    const all = [...this.#sources];
    const chosen = of === undefined ? all : all.slice(of % all.length, (of % all.length) + 1);
    for (const [name, db] of chosen) {
      this.timeline.add('fault', name, `${shown(mode)} for ${duration} ms`);
      db.become(mode, duration);
    }
    return chosen.length > 0;
  }

  /** `step`: armed now, and told by `struck` when it comes to pass. */
  crash(actor: string, how: 'killed' | 'error', step?: number): boolean {
    return this.#with(actor, ({ ref, state }) => {
      const reason: ExitReason =
        how === 'killed'
          ? { type: 'killed' }
          : { type: 'error', error: new InjectedFaultError(`"${actor}" was made to crash.`) };
      const crash = (): void => {
        this.timeline.add('fault', actor, `crashes (${how}), ${state()}`);
        exit(ref, reason);
      };
      if (step === undefined) {
        crash();
        return true;
      }
      let left = step;
      const stop = sys.trace(ref, (what) => {
        if (what.type !== 'in' || --left > 0) return;
        stop();
        this.struck('crash at a step', [`${actor} ${state()}`]);
        crash();
      });
      this.#traces.push(stop);
      return false;
    });
  }

  hang(actor: string, duration: number): boolean {
    return this.#with(actor, ({ ref, state }) => {
      this.timeline.add('fault', actor, `hangs for ${duration} ms, ${state()}`);
      void sys.suspend(ref);
      asForeign('hang', () => globalThis.setTimeout(() => sys.resume(ref), duration));
      return true;
    });
  }

  supervisor(actor: string): boolean {
    return this.#with(actor, ({ runtime, ref, state }) => {
      const how = state();
      const killed = killSupervisorOf(runtime, ref);
      if (killed === undefined) return false;
      this.timeline.add('fault', killed, `is killed while it restarts ${actor}, ${how}`);
      return true;
    });
  }

  corrupt(key: string): boolean {
    for (const db of this.#sources.values()) db.corrupt(key);
    this.timeline.add('fault', 'source', `the row ${key} cannot be decoded`);
    return this.#sources.size > 0;
  }

  bus(how: BusMode, duration: number): boolean {
    this.timeline.add('fault', 'bus', `${how} for ${duration} ms`);
    this.#weather.become(how, duration);
    return true;
  }

  jump(by: number): boolean {
    this.timeline.add('fault', 'clock', `the wall clock jumps by ${by} ms`);
    this.#world.jumpWall(by);
    return true;
  }

  pause(ms: number): boolean {
    this.timeline.add('fault', 'clock', `the process stands still for ${ms} ms`);
    this.#world.pause(ms);
    return true;
  }

  kill(after: number): boolean {
    if (this.#context === undefined || this.#dying) return false;
    this.timeline.add('process', 'process', `is killed, and boots again ${after} ms later`);
    void this.#die(after);
    return true;
  }

  async #die(after: number): Promise<void> {
    this.#dying = true;
    this.#context = undefined;
    for (const disk of this.#disks) disk.crash();
    // What the disks had under way ends now; then nothing of the process goes on.
    await this.#world.settle();
    this.#process.kill();
    // What it began meanwhile, and a disk that it opened.
    for (const disk of this.#disks) disk.crash();
    this.#tell('killed');
    asForeign('boot', () => globalThis.setTimeout(() => void this.boot(), after));
  }

  /** The histories of all sources. One that is made in the first boot has none before. */
  #tell(type: 'killed' | 'booted'): void {
    for (const { history } of this.#sources.values()) history.add({ type });
  }

  /** Does something to whoever bears a name. False: nobody does now, or nothing was done. */
  #with(actor: string, work: (target: Target) => boolean): boolean {
    if (this.#dying) return false;
    for (const runtime of this.#runtimes) {
      const ref = runtime.whereis(actor);
      if (ref === undefined) continue;
      const state = (): string => stateOf(nodes(runtime.tree()).find(({ name }) => name === actor));
      return this.#process.run(() => work({ runtime, ref, state }));
    }
    return false;
  }

  #resume(runtime: Runtime, name: string): void {
    const ref = runtime.whereis(name);
    if (ref !== undefined) this.#process.run(() => sys.resume(ref));
  }

  #made(runtime: Runtime): void {
    this.#runtimes.push(runtime);
    const process = this.#process;
    runtime.bus.subscribe('*', (event) => {
      if (!process.alive || !('path' in event)) return;
      const { type, path, incarnation } = event;
      const error = 'error' in event && event.error !== undefined ? ` (${shown(event.error)})` : '';
      const topic = type.slice(type.indexOf('.') + 1);
      this.timeline.add('actor', event.name ?? path, `${topic} #${incarnation}${error}`);
    });
  }

  #face(): SimulationWorld {
    const snapshotStore = (name = 'snapshot'): MemorySnapshotStore => {
      const known = this.#lasting.get(`disk ${name}`) as MemorySnapshotStore | undefined;
      if (known !== undefined) return known;
      const disk = memorySnapshotStore();
      this.#lasting.set(`disk ${name}`, disk);
      this.#disks.add(disk);
      return disk;
    };
    return new Proxy(this.#world, {
      get: (world, key) => (key === 'snapshotStore' ? snapshotStore : Reflect.get(world, key, world)),
    }) as SimulationWorld;
  }
}

/** Whom a failure strikes. */
interface Target {
  readonly runtime: Runtime;
  readonly ref: AnyActorRef;
  state(): string;
}

const nodes = (node: TreeNode): TreeNode[] => [node, ...(node.children ?? []).flatMap(nodes)];

const namesOf = (runtime: Runtime): string[] =>
  nodes(runtime.tree()).flatMap(({ name }) => (name === undefined ? [] : [name]));

function stateOf(node: TreeNode | undefined): string {
  if (node === undefined) return 'gone';
  if (node.status !== 'running') return node.status;
  return typeof node.state === 'string' ? node.state : shown(node.state);
}
