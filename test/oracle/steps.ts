import type { AnyActorRef } from 'xstate';
import { createRuntime, type Runtime } from '../../src/create-runtime.js';
import { exit } from '../../src/runtime/index.js';
import { supervisorHandle } from '../../src/runtime/supervisor-handle.js';
import { sleep } from '../../src/runtime/time.js';
import type { World } from '../../src/testing/world.js';
import { type SupervisorRef, stop } from '../../supervisors/index.js';
import { Calls } from './calls.js';
import { type Cast, labelOf } from './cast.js';
import { reasonOf } from './reasons.js';
import type { Recorder } from './recorder.js';
import type { Op, Plan, Step } from './scenario.js';
import type { Term } from './terms.js';
import type { Trees } from './tree.js';

export interface Stage {
  readonly cast: Cast;
  readonly recorder: Recorder;
  readonly trees: Trees;
  readonly world: World;
}

/** For so long OTP's runner waits for an end that does not come. */
const patience = 5000;

const noproc: Term = ['exit', 'noproc'];

const isAlive = (ref: AnyActorRef | undefined): ref is AnyActorRef => ref?.getSnapshot()?.status === 'active';

/** Carries out the steps of a scenario, and says what each came to. */
export class Steps {
  readonly #stage: Stage;
  readonly #calls: Calls;
  #runtime: Runtime | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#calls = new Calls(stage);
  }

  async start(tree: Plan, root: string): Promise<Term> {
    const { trees, recorder } = this.#stage;
    try {
      // The root's first snapshot is made at once: what is wrong with its options is thrown here.
      this.#runtime = createRuntime(trees.supervisor(tree, root));
    } catch (error) {
      return recorder.refused(root, error);
    }
    recorder.listen(this.#runtime.bus);
    try {
      await this.#runtime.start();
    } catch {
      return recorder.started.get(root) as Term;
    }
    return ['ok', labelOf(this.#stage.cast.attemptOf(this.#runtime.root) as never)];
  }

  async perform(step: Step): Promise<Term> {
    if (step.op === 'batch') return this.#batch(step.sup, step.ops);
    switch (step.op) {
      case 'sleep':
        await sleep(step.ms);
        return 'ok';
      case 'set': {
        const { op: _, id, ...behaviour } = step;
        this.#stage.cast.set(id, behaviour);
        return 'ok';
      }
      case 'kill':
        return this.#kill(step.id);
      case 'exit':
        return this.#exit(step.id, step.reason);
      case 'stop':
        return this.stop(step.id, step.reason);
      default:
        return this.#calls.make(step);
    }
  }

  async stop(path: string, reason: unknown): Promise<Term> {
    const ref = this.#stage.cast.actor(path);
    if (!isAlive(ref)) return noproc;
    await stop(ref, reasonOf(reason));
    return 'ok';
  }

  #kill(path: string): Term {
    const ref = this.#stage.cast.actor(path);
    if (!isAlive(ref)) return noproc;
    exit(ref, { type: 'killed' });
    return 'ok';
  }

  async #exit(path: string, reason: unknown): Promise<Term> {
    const ref = this.#stage.cast.actor(path);
    if (!isAlive(ref)) return noproc;
    ref.send({ type: 'exit', reason });
    if (!isAlive(ref)) return 'ok';
    await sleep(patience);
    return ['exit', 'timeout'];
  }

  /** Ends come about while the supervisor is suspended; calls wait, in the order in which they are made. */
  async #batch(path: string, ops: readonly Op[]): Promise<Term> {
    const { cast, world } = this.#stage;
    const ref = cast.actor(path) as SupervisorRef | undefined;
    if (!isAlive(ref)) return noproc;
    const handle = supervisorHandle(ref);
    await handle?.suspend();
    const results: Promise<Term>[] = [];
    for (const op of ops) {
      results.push(this.perform(op));
      // Whoever is not suspended is done with it before the next one.
      await world.settle();
    }
    handle?.resume();
    return Promise.all(results);
  }
}
