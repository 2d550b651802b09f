import type { AnyActorRef } from 'xstate';
import type { Runtime } from '../../create-runtime.js';
import { InjectedFaultError } from '../../errors.js';
import type { Milliseconds } from '../../runtime/duration.js';
import type { ExitReason } from '../../runtime/exit-reason.js';
import { exit, sys } from '../../runtime/index.js';
import type { TreeNode } from '../../runtime/supervisor-handle.js';
import { asForeign } from '../foreign.js';
import { shown } from '../shown.js';
import type { WorldProcess } from '../world-process.js';
import { killSupervisorOf } from './kill-supervisor.js';
import type { Timeline } from './timeline.js';

/** The actors of one process, and what failures do to them. What strikes them answers false where nobody bears the name, or nothing was done. */
export class Cast {
  readonly #process: WorldProcess;
  readonly #timeline: Timeline;
  readonly #crashedAtAStep: (states: readonly string[]) => void;
  readonly #runtimes: Runtime[] = [];
  /** Of actors that are to crash at a step. One of a killed process never ends, and its trace would not either. */
  readonly #traces: (() => void)[] = [];

  constructor(
    process: WorldProcess,
    timeline: Timeline,
    crashedAtAStep: (states: readonly string[]) => void,
  ) {
    this.#process = process;
    this.#timeline = timeline;
    this.#crashedAtAStep = crashedAtAStep;
  }

  add(runtime: Runtime): void {
    this.#runtimes.push(runtime);
    runtime.bus.subscribe('*', (event) => {
      if (!this.#process.alive || !('path' in event)) return;
      const { type, path, incarnation } = event;
      const error = 'error' in event && event.error !== undefined ? ` (${shown(event.error)})` : '';
      const topic = type.slice(type.indexOf('.') + 1);
      this.#timeline.add('actor', event.name ?? path, `${topic} #${incarnation}${error}`);
    });
  }

  /** Stops every runtime. */
  async stop(): Promise<void> {
    await this.#process.run(() => Promise.all(this.#runtimes.map((runtime) => runtime.stop())));
  }

  /** Nobody is struck any more by what was ordered for later. */
  leave(): void {
    for (const stop of this.#traces.splice(0)) stop();
  }

  /** How everybody who bears a name stands: `sessions/warmer backoff`. */
  states(): string[] {
    return this.#runtimes.flatMap((runtime) =>
      nodes(runtime.tree())
        .filter(({ name }) => name !== undefined)
        .map((node) => `${node.name} ${stateOf(node)}`),
    );
  }

  /** `step`: armed now; it is told when it comes to pass. */
  crash(actor: string, how: 'killed' | 'error', step?: number): boolean {
    return this.#with(actor, ({ ref, state }) => {
      const reason: ExitReason =
        how === 'killed'
          ? { type: 'killed' }
          : { type: 'error', error: new InjectedFaultError(`"${actor}" was made to crash.`) };
      const crash = (): void => {
        this.#timeline.add('fault', actor, `crashes (${how}), ${state()}`);
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
        this.#crashedAtAStep([`${actor} ${state()}`]);
        crash();
      });
      this.#traces.push(stop);
      return false;
    });
  }

  hang(actor: string, duration: Milliseconds): boolean {
    return this.#with(actor, ({ ref, state }) => {
      this.#timeline.add('fault', actor, `hangs for ${duration} ms, ${state()}`);
      void sys.suspend(ref);
      asForeign('hang', () => globalThis.setTimeout(() => sys.resume(ref), duration));
      return true;
    });
  }

  /** Whoever hangs goes on. */
  resume(): void {
    for (const runtime of this.#runtimes) {
      for (const name of namesOf(runtime)) {
        const ref = runtime.whereis(name);
        if (ref !== undefined) this.#process.run(() => sys.resume(ref));
      }
    }
  }

  killSupervisorOf(actor: string): boolean {
    return this.#with(actor, ({ runtime, ref, state }) => {
      const how = state();
      const killed = killSupervisorOf(runtime, ref);
      if (killed === undefined) return false;
      this.#timeline.add('fault', killed, `is killed while it restarts ${actor}, ${how}`);
      return true;
    });
  }

  #with(actor: string, work: (target: Target) => boolean): boolean {
    for (const runtime of this.#runtimes) {
      const ref = runtime.whereis(actor);
      if (ref === undefined) continue;
      const state = (): string => stateOf(nodes(runtime.tree()).find(({ name }) => name === actor));
      return this.#process.run(() => work({ runtime, ref, state }));
    }
    return false;
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
