import { AsyncResource } from 'node:async_hooks';
import type { Runtime } from '../../create-runtime.js';
import { type Duration, type Milliseconds, milliseconds } from '../../runtime/duration.js';
import { withWitness } from '../../witness.js';
import { type FaultPoint, failedPoints } from '../fault-points.js';
import type { BusMode, SourceMode } from '../faults.js';
import { asForeign } from '../foreign.js';
import { shown } from '../shown.js';
import type { World } from '../world.js';
import type { WorldProcess } from '../world-process.js';
import { BusWeather } from './bus-weather.js';
import { Cast } from './cast.js';
import { enterStage, type FailingSource, type ProcessHappening, type StageFace } from './current-stage.js';
import { Disks } from './disks.js';
import type { FaultKind } from './fault-plan.js';
import { quiet } from './quiet.js';
import type { Scenario, SimulationWorld } from './scenario.js';
import { Timeline } from './timeline.js';

/** How long a process manager waits before it starts again what has exited, ms. */
const asManaged: Milliseconds = 1_000;

/** What a scenario is played on: its process, its runtimes, what outlives them, and what faults act upon. */
export class Stage<C> implements StageFace {
  readonly timeline: Timeline;
  readonly #world: World;
  readonly #setup: Scenario<C>['setup'];
  /** Those that are to fail. */
  readonly #points: readonly FaultPoint[];
  readonly #lasting = new Map<string, unknown>();
  readonly #sources = new Map<string, FailingSource>();
  readonly #disks = new Disks();
  readonly #weather: BusWeather;
  readonly #leave: () => void;
  /** Of the process that runs now. */
  #cast: Cast;
  #nameless = new Map<string, number>();
  #process: WorldProcess;
  #context: { readonly value: C } | undefined;
  /** It is to end, or has ended. */
  #dying = false;
  #stopped = false;
  /** A failure struck the process since it began to boot, or was in force already. */
  #touched = false;
  #died: () => void = () => {};
  /** What a setup threw, though no failure touched it. */
  broken: { readonly error: unknown } | undefined;
  /** How everybody stood at the end of the run. */
  lastStates: readonly string[] = [];

  /** Told of a failure that came to pass later than it was ordered, and how whom it struck stood. */
  struck: (kind: FaultKind, states: readonly string[]) => void = () => {};

  constructor(world: World, setup: Scenario<C>['setup'], points: readonly FaultPoint[] = []) {
    this.#world = world;
    this.#setup = setup;
    this.#points = points;
    this.timeline = new Timeline(() => world.now);
    this.#weather = new BusWeather(
      () => world.now,
      (mode, topic) => this.timeline.add('fault', 'bus', `${mode}: ${topic}`),
    );
    this.#process = world.process();
    this.#cast = this.#castOf(this.#process);
    const leave = withWitness({
      made: (runtime) => this.#cast.add(runtime as Runtime),
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

  /** Sets up, in a process of its own. Resolves when it is up, or has died before. */
  async boot(): Promise<void> {
    const process = this.#world.process();
    this.#process = process;
    this.#cast = this.#castOf(process);
    this.#nameless = new Map();
    this.#dying = false;
    const dead = new Promise<undefined>((resolve) => {
      this.#died = () => resolve(undefined);
    });
    this.#touched =
      this.#weather.isRough || [...this.#sources.values()].some(({ mode }) => mode.mode !== 'up');
    const failed = this.#failedPoints().length;
    this.timeline.add('process', 'process', 'boots');
    this.#tell({ type: 'booted' });
    try {
      const up = process.run(async () => ({ value: await this.#setup(this.#face(process)) }));
      const context = await Promise.race([up, dead]);
      if (process.alive && !this.#dying) this.#context = context;
    } catch (error) {
      if (!process.alive || this.#dying) return;
      if (this.#touched || this.#failedPoints().length > failed) {
        this.#end(`could not boot: ${shown(error)};`, asManaged);
      } else this.broken = { error };
    }
  }

  /** A failure of the plan has struck. */
  touch(): void {
    this.#touched = true;
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
    this.#cast.resume();
  }

  /** Stops every runtime of the process. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#cast.stop();
  }

  leave(): void {
    this.#cast.leave();
    this.#leave();
  }

  /** How everybody who bears a name stands: `sessions/warmer backoff`. */
  states(): string[] {
    return this.#cast.states();
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
    return !this.#dying && this.#cast.crash(actor, how, step);
  }

  hang(actor: string, duration: number): boolean {
    return !this.#dying && this.#cast.hang(actor, duration);
  }

  supervisor(actor: string): boolean {
    return !this.#dying && this.#cast.killSupervisorOf(actor);
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
    this.#tell({ type: 'jumped' });
    return true;
  }

  pause(ms: number): boolean {
    // It is at its end, and that takes no time.
    if (this.#dying && this.#process.alive) return false;
    this.timeline.add('fault', 'clock', `the process stands still for ${ms} ms`);
    this.#tell({ type: 'paused', ms });
    this.#world.pause(ms);
    return true;
  }

  kill(after: number): boolean {
    if (!this.#process.alive || this.#dying) return false;
    this.#end('is killed, and', after);
    return true;
  }

  /** @throws OptionsError when `after` is no duration. */
  #exit(process: WorldProcess, after: Duration): void {
    const ms = milliseconds(after, 'after');
    // What was left of one that has died, or is being stopped, ends nobody.
    if (process === this.#process && process.alive && !this.#dying && !this.#stopped)
      this.#end('exits, and', ms);
  }

  /** Of no process, whoever calls it: the next boot must not die with the one that ends. */
  readonly #end = AsyncResource.bind((how: string, after: Milliseconds): void => {
    this.timeline.add('process', 'process', `${how} boots again ${after} ms later`);
    void this.#die(after);
  });

  async #die(after: Milliseconds): Promise<void> {
    this.#dying = true;
    this.#context = undefined;
    this.#disks.crash();
    // What the disks had under way ends now; then nothing of the process goes on.
    await this.#world.settle();
    this.#process.kill();
    this.#cast.leave();
    // What it began meanwhile, and a disk that it opened.
    this.#disks.crash();
    this.#tell({ type: 'killed' });
    this.#died();
    asForeign('boot', () => globalThis.setTimeout(() => void this.boot(), after));
  }

  #failedPoints(): readonly FaultPoint[] {
    return failedPoints(this.#points, this.#world.faultPoints);
  }

  /** The histories of all sources. One that is made in the first boot has none before. */
  #tell(happening: ProcessHappening): void {
    for (const { history } of this.#sources.values()) history.add(happening);
  }

  #castOf(process: WorldProcess): Cast {
    return new Cast(process, this.timeline, (states) => {
      this.touch();
      this.struck('crash at a step', states);
    });
  }

  #face(process: WorldProcess): SimulationWorld {
    const own: Pick<SimulationWorld, 'snapshotStore' | 'exit'> = {
      snapshotStore: (name = 'snapshot') => this.#disks.of(name),
      exit: (after = asManaged) => this.#exit(process, after),
    };
    return new Proxy(this.#world, {
      get: (world, key) => Reflect.get(key in own ? own : world, key),
    }) as SimulationWorld;
  }
}
