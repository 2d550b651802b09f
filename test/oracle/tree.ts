import type { AnyActorLogic, AnyActorRef, SnapshotFrom } from 'xstate';
import { type ChildSpec, IGNORE } from '../../src/runtime/index.js';
import {
  type AutoShutdown,
  checkChildSpecs,
  type DynamicSupervisorOptions,
  dynamicSupervisor,
  type SupervisorLogic,
  type SupervisorOptions,
  supervisor,
} from '../../supervisors/index.js';
import type { Cast } from './cast.js';
import { failureOf, infoOf, kindOf } from './outcome.js';
import { Exited } from './reasons.js';
import type { Plan } from './scenario.js';
import {
  autoShutdownOf,
  ForeignType,
  maxRestartsOf,
  restartOf,
  shutdownOf,
  significantOf,
  strategyOf,
  withinOf,
} from './words.js';
import { worker } from './worker.js';

/** What a supervisor of the scenario does when it begins. */
type OnInit = (path: string) => void;

/** Makes Holdfast's options and logic of what a scenario has. Nothing is checked here that Holdfast checks. */
export class Trees {
  constructor(
    readonly cast: Cast,
    readonly onInit: OnInit,
  ) {}

  /** A child spec of a supervisor. What is no spec at all is handed on. */
  spec(plan: unknown, parent: string): ChildSpec {
    if (typeof plan !== 'object' || plan === null || Array.isArray(plan)) return plan as never;
    const { id } = plan as Plan;
    return {
      ...(id !== undefined && { id }),
      ...this.#without(plan as Plan, `${parent}/${id}`),
    } as ChildSpec;
  }

  /** A supervisor: what it is made of is read at each start, as OTP calls `init`. */
  supervisor(plan: Plan, path: string): SupervisorLogic {
    const made = new WeakMap<AnyActorRef, SupervisorLogic>();
    const of = (ref: AnyActorRef): SupervisorLogic => made.get(ref) ?? blank;
    return {
      ...blank,
      getInitialSnapshot: (scope, input) => {
        const attempt = this.cast.attempt(path, plan, 'supervisor');
        this.cast.made(scope.self, attempt);
        if (kindOf(attempt) === 'ignore') return ignored(blank.getInitialSnapshot(scope, input));
        const reason = failureOf(attempt);
        if (reason !== undefined) throw new Exited(reason);
        this.onInit(path);
        const logic = this.#logic(plan, path);
        made.set(scope.self, logic);
        this.cast.appears(scope.self, attempt);
        return logic.getInitialSnapshot(scope, input);
      },
      start: (snapshot, scope) => of(scope.self).start?.(snapshot, scope),
      transition: (snapshot, event, scope) => of(scope.self).transition(snapshot, event, scope),
    };
  }

  #logic(plan: Plan, path: string): SupervisorLogic {
    const { strategy, intensity = 1, period = 5, auto_shutdown = 'never' } = plan;
    const flags = {
      maxRestarts: maxRestartsOf(intensity),
      within: withinOf(period),
      autoShutdown: autoShutdownOf(auto_shutdown),
    };
    if (strategy === 'simple_one_for_one') return this.#dynamic(plan.template ?? {}, path, flags);
    const children = (plan.children ?? []).map((child) => this.spec(child, path));
    return supervisor({
      ...(strategy !== undefined && { strategy: strategyOf(strategy) }),
      ...flags,
      children,
    } as SupervisorOptions);
  }

  #dynamic(given: Plan, path: string, flags: Flags): SupervisorLogic {
    // Its start function is the runner's.
    const template = { ...given, nostart: false };
    this.cast.simple.set(path, String(template.id ?? 'template'));
    const logic = dynamicSupervisor({
      ...flags,
      child: (key: string, over: Plan) => this.#without({ ...template, ...over }, `${path}/${key}`, template),
    } as DynamicSupervisorOptions<[string, Plan]>);
    // OTP checks the template at once; here a spec is made, and checked, when a child is started.
    checkChildSpecs(
      [{ ...this.#without(template, path), id: 'template' }],
      flags.autoShutdown as AutoShutdown,
    );
    return logic;
  }

  /** What OTP calls the type of a child. */
  typeOf(logic: AnyActorLogic): string {
    return logic === worker ? 'worker' : 'supervisor';
  }

  /** All of a spec but the id. The behaviour may be an instance's own, the terms are the template's. */
  #without(
    plan: Plan,
    path: string,
    { type, restart, shutdown, significant, nostart }: Plan = plan,
  ): Omit<ChildSpec, 'id'> {
    return {
      ...(restart !== undefined && { restart: restartOf(restart) }),
      ...(shutdown !== undefined && { shutdown: shutdownOf(shutdown) }),
      // OTP looks at the type right before the shutdown time.
      ...(!isType(type) && { shutdown: new ForeignType(type) }),
      ...(significant !== undefined && { significant: significantOf(significant) }),
      ...(nostart !== true && { logic: this.#childLogic(plan, path, type) }),
      ...(type !== 'supervisor' && {
        input: () => ({ cast: this.cast, attempt: this.cast.attempt(path, plan, 'worker') }),
        startInfo: ({ context }: SnapshotFrom<typeof worker>) => infoOf(context.attempt),
      }),
    } as Omit<ChildSpec, 'id'>;
  }

  #childLogic(plan: Plan, path: string, type: unknown): AnyActorLogic {
    return type === 'supervisor' ? this.supervisor(plan, path) : worker;
  }
}

const isType = (type: unknown): boolean => ['worker', 'supervisor', undefined].includes(type as string);

interface Flags {
  readonly autoShutdown: unknown;
}

const blank: SupervisorLogic = supervisor({ children: [] });

type Beginning = ReturnType<SupervisorLogic['getInitialSnapshot']>;

const ignored = (snapshot: Beginning): Beginning =>
  ({ ...snapshot, status: 'done', output: IGNORE }) as unknown as Beginning;
