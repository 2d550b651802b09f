import type { AnyActorRef } from 'xstate';
import type { Intensity } from '../../supervisors/intensity.js';
import { processOf } from '../../supervisors/supervisor.js';
import type { Runtime } from '../create-runtime.js';
import { InvariantError } from '../errors.js';
import type { ActorIdentity, RuntimeEvents } from '../runtime/runtime-events.js';
import { monotonicNow } from '../runtime/time.js';

/**
 * Watches what every supervised tree promises, from now on: call it before `start`. What it returns throws for the first thing that did
 * not hold, and is meant for an `always`:
 * - an actor is started again only after the one before it has ended, and a supervisor only after all below it have;
 * - who is told to have ended has, and nobody is left when the runtime has exited;
 * - no supervisor restarts more than `maxRestarts` times `within` its while, and none gives up before that.
 *
 * It looks at the actors themselves, where a supervisor of the runtime holds them; of those in a `withBackoff` it knows by what the
 * runtime tells.
 *
 * @throws InvariantError (what it returns does)
 * @example
 * ```ts
 * simTest('the tree stands', {
 *   setup: async () => {
 *     const runtime = createRuntime({ children });
 *     const kept = treePromises(runtime);
 *     await runtime.start();
 *     return { kept };
 *   },
 *   checks: [always('the tree keeps its promises', ({ kept }) => kept())],
 * });
 * ```
 */
export function treePromises(runtime: Runtime): () => void {
  const watch = new TreeWatch(runtime);
  return () => watch.check();
}

/** Somebody who was started. */
interface Life {
  readonly path: string;
  readonly incarnation: number;
  /** Undefined: no supervisor of the runtime holds it. */
  readonly ref: AnyActorRef | undefined;
  /** When a child of it ended by itself; and when besides an attempt to start one again failed. */
  readonly exits: number[];
  readonly ends: number[];
}

class TreeWatch {
  readonly #root: AnyActorRef;
  /** Who was started last, by path, until it is known to have ended. */
  readonly #lives = new Map<string, Life>();
  /** Who is told to have ended, and was not looked at since. */
  #ended: Life[] = [];
  #exited = false;
  #broken: string | undefined;

  constructor(runtime: Runtime) {
    const { bus, root, exited } = runtime;
    this.#root = root;
    bus.subscribe('actor.started', (event) => this.#started(event));
    bus.subscribe('actor.stopped', (event) => this.#over(event));
    bus.subscribe('actor.crashed', (event) => this.#over(event));
    bus.subscribe('supervisor.report', (event) => this.#reported(event));
    bus.subscribe('actor.restarted', (event) => this.#restarted(event));
    bus.subscribe('supervisor.gave-up', (event) => this.#gaveUp(event));
    void exited.then(() => {
      this.#exited = true;
    });
  }

  check(): void {
    for (const life of this.#ended.splice(0)) {
      if (lives(life)) this.#blame(`${said(life)} is told to have ended, and is alive`);
    }
    if (this.#exited) for (const life of this.#lives.values()) this.#left(life, 'the runtime has exited');
    if (this.#broken !== undefined) throw new InvariantError(this.#broken);
  }

  #blame(what: string): void {
    this.#broken ??= `${what}.`;
  }

  #left(life: Life, when: string): void {
    if (lives(life)) this.#blame(`${said(life)} is alive, and ${when}`);
  }

  #started({ path, id, incarnation }: ActorIdentity): void {
    const when = `${path} #${incarnation} is started`;
    const before = this.#lives.get(path);
    if (before !== undefined) this.#left(before, when);
    if (incarnation > 1) {
      for (const life of this.#lives.values()) if (life.path.startsWith(`${path}/`)) this.#left(life, when);
    }
    this.#lives.set(path, { path, incarnation, ref: this.#refOf(path, id), exits: [], ends: [] });
  }

  #over({ path, incarnation }: ActorIdentity): void {
    const life = this.#lives.get(path);
    // One that was never told to have been started: its start was refused.
    if (life?.incarnation !== incarnation) return;
    this.#lives.delete(path);
    this.#ended.push(life);
  }

  #reported({ path, context, offender }: RuntimeEvents['supervisor.report']): void {
    const life = this.#lives.get(path);
    if (life === undefined || offender.restart === 'temporary') return;
    if (context === 'child-terminated') life.exits.push(monotonicNow());
    if (context === 'child-terminated' || context === 'start-error') life.ends.push(monotonicNow());
  }

  #restarted({ path }: ActorIdentity): void {
    const above = this.#lives.get(parentOf(path));
    const intensity = intensityOf(above);
    if (above === undefined || intensity === undefined) return;
    const exits = recent(above.exits, intensity);
    if (exits > intensity.maxRestarts)
      this.#blame(`${above.path} restarts ${path} after ${exits} exits ${allowed(intensity)}`);
  }

  #gaveUp({ path }: ActorIdentity): void {
    const life = this.#lives.get(path);
    const intensity = intensityOf(life);
    if (life === undefined || intensity === undefined) return;
    const last = life.ends.pop();
    // The last one is why, however long ago its turn began.
    const ends = last === undefined ? 0 : recent(life.ends, intensity) + 1;
    if (ends <= intensity.maxRestarts)
      this.#blame(`${path} gives up after ${ends} exits and failed starts ${allowed(intensity)}`);
  }

  #refOf(path: string, id: string): AnyActorRef | undefined {
    const above = parentOf(path);
    if (above === '') return this.#root;
    const supervisor = this.#lives.get(above)?.ref;
    const life = supervisor && processOf(supervisor)?.roster.get(id)?.incarnation;
    return life?.isMade ? life.ref : undefined;
  }
}

const lives = ({ ref }: Life): boolean => ref?.getSnapshot().status === 'active';

const intensityOf = (life: Life | undefined): Intensity | undefined =>
  life?.ref && processOf(life.ref)?.options.intensity;

const said = ({ path, incarnation }: Life): string => `${path} #${incarnation}`;

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

const allowed = ({ maxRestarts, within }: Intensity): string =>
  `within ${within} ms, and ${maxRestarts} restarts are allowed`;

/** Those that count now. The others are forgotten. */
function recent(times: number[], { within }: Intensity): number {
  const now = monotonicNow();
  while (times[0] !== undefined && now - times[0] > within) times.shift();
  return times.length;
}
