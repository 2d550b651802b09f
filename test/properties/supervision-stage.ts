/** The real tree of a plan, in a world of its own, and everything that is seen of it. */
import { type AnyActorRef, assign, createMachine, fromCallback } from 'xstate';
import { createRuntime, type Runtime } from '../../src/create-runtime.js';
import type { Incarnation } from '../../src/runtime/incarnation.js';
import {
  type ChildSpec,
  type ExitReason,
  exit,
  IGNORE,
  join,
  link,
  members,
  monitor,
} from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { existingTies } from '../../src/runtime/ties.js';
import { isOver } from '../../src/runtime/xstate.js';
import type { World } from '../../src/testing/world.js';
import { type Child, refOf } from '../../supervisors/children.js';
import {
  child,
  dynamicSupervisor,
  type SupervisorLogic,
  type SupervisorRef,
  supervisor,
} from '../../supervisors/index.js';
import { processOf } from '../../supervisors/supervisor.js';
import type { Line } from './supervision-model.js';
import {
  type Outcome,
  type Plan,
  type SupervisorPlan,
  slowStart,
  startTimeout,
  type Way,
  type Word,
  type WorkerPlan,
} from './supervision-plan.js';
import type { Begun } from './supervision-rules.js';

const group = 'all';

export const reasonOf = (word: Word | 'asked'): ExitReason => {
  if (word === 'error') return { type: 'error', error: new Error('error') };
  if (word === 'shutdown:x') return { type: 'shutdown', detail: 'x' };
  return { type: word as 'normal' };
};

export function wordOf(reason: ExitReason): string {
  if (reason.type !== 'shutdown' || reason.detail === undefined) return reason.type;
  const { detail } = reason;
  return `shutdown:${detail instanceof Error ? detail.name : String(detail)}`;
}

const topics = ['uncaughtException', 'unhandledRejection', 'newListener', 'removeListener'] as const;
export const listenerCounts = (): number[] => topics.map((topic) => process.listenerCount(topic));

export class Stage {
  readonly world: World;
  readonly runtime: Runtime;
  readonly lines: Line[] = [];
  /** What must never be. */
  readonly violations: string[] = [];
  /** By path: the incarnation whose work is there now. */
  readonly working = new Map<string, number>();
  readonly refs = new Map<string, AnyActorRef>();
  /** By path: what was last to be made of it. */
  readonly plans = new Map<string, Plan>();
  readonly begun: Begun[] = [];
  readonly #downs = new Map<AnyActorRef, string[]>();
  readonly #exits = new Map<AnyActorRef, string[]>();
  readonly #witnesses: Runtime;
  #witness!: AnyActorRef;
  readonly #plans = new Map<unknown, SupervisorPlan>();
  readonly #listeners = listenerCounts();

  constructor(plan: SupervisorPlan, world: World) {
    this.world = world;
    this.#witnesses = createRuntime({
      children: [child({ id: 'witness', name: 'witness', trapExit: true, logic: this.#witnessLogic() })],
    });
    this.runtime = createRuntime(this.#supervisorLogic(plan, 'root'));
    this.plans.set('root', plan);
    this.#record();
  }

  async start(): Promise<boolean> {
    await this.#witnesses.start();
    this.#witness = this.#witnesses.whereis('witness') as AnyActorRef;
    return this.runtime.start().then(
      () => true,
      () => false,
    );
  }

  /** Once nothing else is to be seen. What it leaves of the process's. */
  async leave(): Promise<string[]> {
    await this.#witnesses.stop();
    const listeners = listenerCounts();
    return listeners.flatMap((count, n) =>
      count === this.#listeners[n] ? [] : [`${count} listeners for ${topics[n]}`],
    );
  }

  /** The actor of a path that runs, or has ended and nobody has dealt with it. */
  refAt(path: string): AnyActorRef | undefined {
    let ref: AnyActorRef | undefined = this.runtime.root;
    for (const id of path.split('/').slice(1)) {
      const children: readonly Child[] = [...((ref && processOf(ref)?.roster) ?? [])];
      const found = children.find(({ spec }) => spec.id === id);
      ref = found && refOf(found);
    }
    return ref;
  }

  supervisorAt(path: string): SupervisorRef {
    const ref = this.refAt(path);
    if (ref === undefined) throw new Error(`${path} should run`);
    return ref as SupervisorRef;
  }

  end(path: string, way: Way): void {
    const ref = this.refAt(path);
    if (ref === undefined) throw new Error(`${path} should run`);
    if (way === 'kill') exit(ref, { type: 'killed' });
    else if (way.startsWith('exit:')) exit(ref, reasonOf(way.slice(5) as Word));
    else if (way.startsWith('self:')) ref.send({ type: 'self', reason: reasonOf(way.slice(5) as Word) });
    else ref.send({ type: way });
  }

  /** Nothing of it is left, and every exit was told once, to all. */
  leftovers(): string[] {
    const left = [...this.violations];
    for (const [path, number] of this.working) left.push(`${path}#${number} still works`);
    if (members(this.runtime, group).length > 0) left.push('members of a group');
    const scope = ownerOf(this.runtime.root)?.scope;
    if (scope?.groups.size !== 0) left.push('a group');
    const ended = new Map<string, string>();
    for (const { path, text } of this.lines) {
      const [, number, reason] = /^-(\d+) (.*)$/.exec(text) ?? [];
      if (number === undefined) continue;
      const life = `${path}#${number}`;
      if (ended.has(life)) left.push(`${life} ended twice`);
      ended.set(life, reason as string);
    }
    for (const [life, ref] of this.refs) {
      const path = life.slice(0, life.indexOf('#'));
      if (this.runtime.whereis(path) !== undefined) left.push(`the name ${path}`);
      const ties = existingTies(ref);
      if (ties !== undefined && ties.links.size + ties.watchers.size + ties.watching.size > 0) {
        left.push(`ties of ${life}`);
      }
      const told = [ended.get(life)].join();
      if (this.#downs.get(ref)?.join() !== told)
        left.push(`${life} DOWN ${this.#downs.get(ref)?.join()} for ${told}`);
      if (this.#exits.get(ref)?.join() !== told)
        left.push(`${life} EXIT ${this.#exits.get(ref)?.join()} for ${told}`);
    }
    const ties = existingTies(this.#witness);
    if ((ties?.links.size ?? 0) + (ties?.watching.size ?? 0) > 0) left.push('ties of the witness');
    for (const { what } of this.world.pending) left.push(`timer: ${what}`);
    for (const { error } of this.world.uncaught) left.push(`uncaught: ${String(error)}`);
    return left;
  }

  /** The paths of those that live and are ready. */
  living(): string[] {
    return [...this.refs].filter(([, ref]) => !isOver(ref)).map(([life]) => life.slice(0, life.indexOf('#')));
  }

  /** What a call came to, in a word. */
  saidOf(value: unknown): string {
    if (value === undefined) return 'ok';
    const { ref } = value as { readonly ref: AnyActorRef | undefined };
    if (ref === undefined) return 'ignored';
    const life = ownerOf(ref) as Incarnation;
    return `${life.spec.id}#${life.number}`;
  }

  dynamicArg(plan: Plan): Omit<ChildSpec, 'id'> {
    const { id: _, name: __, ...spec } = this.specOf(plan, '', '-') as ChildSpec;
    return spec;
  }

  specOf(plan: Plan, parent: string, id: string): ChildSpec {
    const path = `${parent}/${id}`;
    const { restart, significant, shutdown } = plan;
    const common = { id, name: path, restart, significant, shutdown };
    if (plan.kind === 'supervisor') return child({ ...common, logic: this.#supervisorLogic(plan, path) });
    return child({
      ...common,
      startTimeout,
      trapExit: plan.trapExit,
      logic: workerLogic,
      input: { plan, stage: this },
    });
  }

  /** The paths of what is under a dynamic supervisor are not known beforehand, so names are given under static ones only. */
  #supervisorLogic(plan: SupervisorPlan, path: string): SupervisorLogic {
    const logic = this.#logicOf(plan, path);
    this.#plans.set(logic, plan);
    return logic;
  }

  #logicOf({ strategy, maxRestarts, within, autoShutdown, children }: SupervisorPlan, path: string) {
    const common = { maxRestarts, within, autoShutdown };
    if (strategy === 'dynamic')
      return dynamicSupervisor({ ...common, child: (plan: Plan) => this.dynamicArg(plan) });
    return supervisor({
      ...common,
      strategy,
      children: children.map((plan, n) => {
        const spec = this.specOf(plan, path, String(n));
        if (path.startsWith('root')) return spec;
        const { name: _, ...nameless } = spec;
        return nameless;
      }),
    });
  }

  #record(): void {
    const { bus } = this.runtime;
    const line = (path: string, text: string): void => {
      if (!path.startsWith('root')) return;
      this.lines.push({ at: this.world.now, path, text });
    };
    bus.subscribe('actor.started', ({ path }) => {
      const { spec } = ownerOf(this.refAt(path) as AnyActorRef) as Incarnation;
      const plan = this.#plans.get(spec.logic) ?? (spec.input as Part | undefined)?.plan;
      if (plan === undefined) return;
      this.plans.set(path, plan);
      this.begun.push({ before: this.lines.length, path, plan });
    });
    bus.subscribe('actor.ready', ({ path, incarnation }) => {
      line(path, `+${incarnation}`);
      const ref = this.refAt(path) as AnyActorRef;
      this.refs.set(`${path}#${incarnation}`, ref);
      monitor(this.#witness, ref);
      link(this.#witness, ref);
    });
    for (const topic of ['actor.stopped', 'actor.crashed'] as const) {
      bus.subscribe(topic, ({ path, incarnation, reason }) =>
        line(path, `-${incarnation} ${wordOf(reason)}`),
      );
    }
    bus.subscribe('actor.restarted', ({ path, restarts }) => line(path, `*${restarts}`));
    bus.subscribe('actor.late-error', ({ path }) => line(path, 'late error'));
    bus.subscribe('supervisor.report', ({ path, context, childId, reason, count }) =>
      count === undefined
        ? line(`${path}/${childId}`, `${context} ${wordOf(reason)}`)
        : line(`${path}/`, `${context} x${count} ${wordOf(reason)}`),
    );
  }

  #witnessLogic() {
    const note = (of: Map<AnyActorRef, string[]>, ref: AnyActorRef | undefined, reason: ExitReason): void => {
      if (ref !== undefined) of.set(ref, [...(of.get(ref) ?? []), wordOf(reason)]);
    };
    return createMachine({
      on: {
        'holdfast.down': { actions: ({ event }) => note(this.#downs, event.target, event.reason) },
        'holdfast.exit': { actions: ({ event }) => note(this.#exits, event.from, event.reason) },
      },
    });
  }

  begins(path: string, number: number): void {
    const other = this.working.get(path);
    if (other !== undefined) this.violations.push(`${path} lives twice: ${other} and ${number}`);
    this.working.set(path, number);
  }

  ends(path: string): void {
    this.working.delete(path);
  }
}

interface Part {
  readonly plan: WorkerPlan;
  readonly stage: Stage;
}

interface Context extends Part {
  readonly life: Incarnation;
  readonly outcome: Outcome;
  readonly asked?: ExitReason;
}

/** Work of its own, that must not outlive it: a timer, a place in a group. */
const work = fromCallback<{ type: 'none' }, Context>(({ input: { stage, life } }) => {
  stage.begins(life.path, life.number);
  const timer = setTimeout(() => stage.violations.push(`${life.path} waited for ever`), 2 ** 30);
  return () => {
    clearTimeout(timer);
    stage.ends(life.path);
  };
});

const throwNow = (): never => {
  throw new Error('error');
};

const workerLogic = createMachine({
  types: {} as {
    context: Context;
    input: Part;
    events:
      | { type: 'throw' | 'async' }
      | { type: 'self'; reason: ExitReason }
      | { type: 'holdfast.shutdown'; reason: ExitReason };
  },
  context: ({ input, self }) => {
    const life = ownerOf(self) as Incarnation;
    const outcome = input.plan.starts[life.number - 1] ?? 'ok';
    if (outcome === 'fail' && life.number % 2 === 0) throwNow();
    return { ...input, life, outcome };
  },
  invoke: { src: work, input: ({ context }) => context },
  initial: 'choosing',
  states: {
    choosing: {
      tags: 'starting',
      always: [
        // The other half of those that fail have begun to work.
        { guard: ({ context }) => context.outcome === 'fail', actions: throwNow },
        { guard: ({ context }) => ['ignore', 'quit'].includes(context.outcome), target: 'off' },
        { guard: ({ context }) => ['slow', 'late-fail'].includes(context.outcome), target: 'slow' },
        { guard: ({ context }) => context.outcome === 'never', target: 'never' },
        { target: 'ready' },
      ],
    },
    slow: {
      tags: 'starting',
      after: {
        [slowStart]: [
          { guard: ({ context }) => context.outcome === 'late-fail', actions: throwNow },
          { target: 'ready' },
        ],
      },
    },
    never: { tags: 'starting' },
    ready: {
      tags: 'starting',
      entry: ({ self }) => join(self, group),
      always: [
        { guard: ({ context }) => context.plan.stopping !== undefined, target: 'listening' },
        { target: 'heedless' },
      ],
    },
    heedless: {},
    listening: {
      on: {
        'holdfast.shutdown': [
          {
            guard: ({ context }) => context.plan.stopping?.takes === 0,
            actions: ({ context, event, self }) => exit(self, lastWord(context, event.reason)),
          },
          { target: 'closing', actions: assign({ asked: ({ event }) => event.reason }) },
        ],
      },
    },
    closing: {
      after: {
        takes: { actions: ({ context, self }) => exit(self, lastWord(context, context.asked as ExitReason)) },
      },
    },
    off: { type: 'final' },
  },
  on: {
    throw: { actions: throwNow },
    async: { actions: () => void Promise.reject(new Error('error')) },
    self: { actions: ({ self, event }) => exit(self, event.reason) },
  },
  output: ({ context }: { readonly context: Context }) => (context.outcome === 'ignore' ? IGNORE : undefined),
}).provide({ delays: { takes: ({ context }) => context.plan.stopping?.takes ?? 0 } });

function lastWord({ plan }: Context, asked: ExitReason): ExitReason {
  const ends = plan.stopping?.ends ?? 'asked';
  return ends === 'asked' ? asked : reasonOf(ends);
}
