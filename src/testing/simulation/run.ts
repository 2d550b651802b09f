import { HoldfastError, InvariantError } from '../../errors.js';
import { milliseconds } from '../../runtime/duration.js';
import { isUnavailable } from '../../sources/index.js';
import { type Fault, inflict } from '../faults.js';
import { asForeign, isForeign } from '../foreign.js';
import { shown } from '../shown.js';
import type { World } from '../world.js';
import { type Case, horizonOf, picks, type Step } from './case.js';
import type { Check, Condition } from './checks.js';
import type { Coverage } from './coverage.js';
import { SaltDraw } from './draw.js';
import { Failed, type Failure } from './failure.js';
import { kindOf } from './fault-plan.js';
import type { Command, Scenario } from './scenario.js';
import type { Stage } from './stage.js';

/** A case while it is played. */
export class Run<C> {
  readonly #scenario: Scenario<C>;
  readonly #case: Case;
  readonly #world: World;
  readonly #stage: Stage<C>;
  readonly #happened: Set<string>;
  readonly #coverage: Coverage | undefined;
  /** What failed, but for what the world itself finds. */
  failure: Failure | undefined;
  #commands: readonly Command<C>[] = [];
  #of: C | undefined;

  constructor(
    scenario: Scenario<C>,
    drawn: Case,
    w: World,
    stage: Stage<C>,
    happened: Set<string>,
    coverage: Coverage | undefined,
  ) {
    this.#scenario = scenario;
    this.#case = drawn;
    this.#world = w;
    this.#stage = stage;
    this.#happened = happened;
    this.#coverage = coverage;
    stage.struck = (kind, states) => coverage?.note(kind, states);
  }

  async play(): Promise<void> {
    const { checks = [] } = this.#scenario;
    const unwatch = this.#world.always('no failure so far', () => this.#look(checks));
    try {
      for (const fault of this.#case.faults)
        asForeign('fault', () => globalThis.setTimeout(() => this.#inflict(fault), fault.at));
      for (const step of this.#case.steps)
        asForeign('command', () => globalThis.setTimeout(() => this.#comes(step), step.at));
      await this.#stage.boot();
      await this.#world.advance(Math.max(0, horizonOf(this.#scenario) - this.#world.now));
      await this.#converge(checks);
      await this.#end();
    } finally {
      this.#stage.lastStates = this.#stage.states();
      unwatch();
    }
  }

  async #converge(checks: readonly Check<C>[]): Promise<void> {
    this.#calm = true;
    this.#stage.calm();
    this.#stage.timeline.add('process', 'world', 'faults and commands have stopped');
    const since = this.#world.now;
    if (this.#stage.context === undefined) {
      await this.#world.eventually('the process is up again', '5m', () => this.#stage.context !== undefined);
    }
    for (const { when, name, within = '30s', holds } of checks) {
      if (when !== 'eventually') continue;
      const left = Math.max(0, since + milliseconds(within, 'within') - this.#world.now);
      await this.#world.eventually(name, left, () => this.#holds(holds) !== false);
    }
    for (const { when, name, holds } of checks) {
      if (when !== 'end') continue;
      await this.#checked(name, () => {
        if (this.#holds(holds) === false) throw new Error('it answers false');
      });
    }
  }

  /** Everything is stopped, and nothing is left. */
  async #end(): Promise<void> {
    const { teardown, leftovers = true } = this.#scenario;
    const context = this.#stage.context;
    this.#over = true;
    await this.#checked('stop', () => this.#stage.stop());
    if (teardown !== undefined && context !== undefined) {
      await this.#checked('teardown', () => this.#stage.run(() => teardown(context.value)));
    }
    await this.#world.settle();
    if (!leftovers) return;
    await this.#checked('nothing left after stop', () => {
      const left = this.#world.pending.filter(({ what }) => !isForeign(what));
      if (left.length === 0) return;
      const timers = left.map(({ at, what }) => `${what}, due at ${at} ms`).join('; ');
      throw new Error(`After everything was stopped there wait: ${timers}.`);
    });
  }

  #over = false;

  /** After each event. */
  #look(checks: readonly Check<C>[]): void {
    const { broken, context } = this.#stage;
    if (broken !== undefined) this.#fail('setup', broken.error);
    if (this.failure !== undefined) throw new Failed(this.failure);
    if (context === undefined || this.#over) return;
    // Once for all: entering the process costs more than most conditions do.
    this.#stage.run(() => this.#lookAt(checks, context.value));
  }

  #lookAt(checks: readonly Check<C>[], context: C): void {
    for (const { when, name, holds } of checks) {
      if (when === 'always') this.#always(name, holds, context);
      if (when === 'sometimes' && !this.#happened.has(name) && comes(holds, context))
        this.#happened.add(name);
    }
  }

  #always(name: string, holds: Condition<C>, context: C): void {
    try {
      if (holds(context) !== false) return;
      this.#fail(name, new Error('it answers false'));
    } catch (error) {
      this.#fail(name, error);
    }
    throw new Failed(this.failure as Failure);
  }

  #holds(condition: Condition<C>): unknown {
    const { context } = this.#stage;
    return context === undefined ? false : this.#stage.run(() => condition(context.value));
  }

  /** Nothing fails any more: what is due only now, a moment after the horizon, would take away the time that there is to come right. */
  #calm = false;

  #inflict(fault: Fault): void {
    if (this.#calm) return;
    const states = this.#stage.states();
    const { faults } = this.#scenario;
    let done: unknown = true;
    inflict(fault, {
      ...targetsOf(this.#stage, (outcome) => {
        done = outcome;
      }),
      own: (name) => {
        const context = this.#stage.context;
        const act = faults?.own[name];
        done = context !== undefined && act !== undefined;
        if (context === undefined || act === undefined) return;
        this.#stage.timeline.add('fault', 'own', name);
        this.#stage.run(() => act(context.value));
      },
    });
    if (done === false) return;
    this.#stage.touch();
    const whom = 'actor' in fault ? `${fault.actor} ` : '';
    this.#coverage?.note(
      kindOf(fault),
      states.filter((state) => state.startsWith(whom)),
    );
  }

  #turn: Promise<unknown> = Promise.resolve();

  #comes(step: Step): void {
    if (this.#scenario.inTurn !== true) void this.#take(step);
    else this.#turn = this.#turn.then(() => this.#take(step));
  }

  /** Resolves when it has settled, however. */
  #take({ pick, salt }: Step): Promise<unknown> | undefined {
    const { context } = this.#stage;
    if (context === undefined) return undefined;
    if (this.#of !== context.value) {
      this.#of = context.value;
      this.#commands = this.#stage.run(() => this.#scenario.workload?.(context.value) ?? []);
    }
    const command = chosen(this.#commands, pick);
    if (command === undefined || this.#stage.run(() => command.when?.(context.value)) === false)
      return undefined;
    const draw = new SaltDraw(salt);
    const done = (outcome: string): void =>
      this.#stage.timeline.add('command', command.name, `${draw.drawn.join(', ')}${outcome}`);
    const failed = (error: unknown): void => {
      const expected = error instanceof HoldfastError && !(error instanceof InvariantError);
      if (expected || isUnavailable(error)) {
        this.#stage.timeline.add('command', command.name, `was refused: ${shown(error)}`);
      } else this.#fail(`command "${command.name}"`, error);
    };
    try {
      const result = this.#stage.run(() => command.run(draw, context.value));
      done('');
      return result instanceof Promise ? result.catch(failed) : undefined;
    } catch (error) {
      done('');
      failed(error);
      return undefined;
    }
  }

  async #checked(check: string, work: () => unknown): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#fail(check, error);
      throw new Failed(this.failure as Failure);
    }
  }

  #fail(check: string, error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = { check, message: shown(error), error, at: this.#world.now };
    this.#stage.lastStates = this.#stage.states();
    this.#stage.timeline.add('check', check, shown(error));
  }
}

/** Faults as the stage does them, each telling whether it did anything. */
function targetsOf<C>(stage: Stage<C>, told: (outcome: unknown) => void) {
  return {
    source: (...args: Parameters<Stage<C>['fail']>) => told(stage.fail(...args)),
    crash: (...args: Parameters<Stage<C>['crash']>) => told(stage.crash(...args)),
    hang: (...args: Parameters<Stage<C>['hang']>) => told(stage.hang(...args)),
    supervisor: (...args: Parameters<Stage<C>['supervisor']>) => told(stage.supervisor(...args)),
    corrupt: (...args: Parameters<Stage<C>['corrupt']>) => told(stage.corrupt(...args)),
    bus: (...args: Parameters<Stage<C>['bus']>) => told(stage.bus(...args)),
    jump: (...args: Parameters<Stage<C>['jump']>) => told(stage.jump(...args)),
    pause: (...args: Parameters<Stage<C>['pause']>) => told(stage.pause(...args)),
    kill: (...args: Parameters<Stage<C>['kill']>) => told(stage.kill(...args)),
  };
}

/** Where there is nothing to look at yet, it has not come about. */
function comes<C>(condition: Condition<C>, context: C): boolean {
  try {
    return Boolean(condition(context));
  } catch {
    return false;
  }
}

/** By weight. */
function chosen<C>(commands: readonly Command<C>[], pick: number): Command<C> | undefined {
  const weightOf = ({ weight = 1 }: Command<C>): number => weight;
  const total = commands.reduce((sum, command) => sum + weightOf(command), 0);
  let left = (pick / picks) * total;
  for (const command of commands) {
    left -= weightOf(command);
    if (left < 0) return command;
  }
  return undefined;
}
