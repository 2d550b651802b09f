import { parentOf } from './cast.js';
import { type Dice, dice, leafOf, times } from './dice.js';

interface Written {
  [key: string]: unknown;
}

interface Supervising {
  readonly path: string;
  readonly dynamic: boolean;
  readonly autoShutdown: string;
}

/**
 * The scenario `number` of a seed: a tree of at most three storeys and 4 to 14 steps. The recorded sets random-1 and
 * random-2 are its first 200 of the seeds 1 and 2: what is drawn, and in which order, must stay.
 */
export const plainScenario = (seed: number, number: number): object =>
  new Plain(dice(seed * 100003 + number)).scenario(`r${seed}-${number}`);

class Plain {
  readonly #dice: Dice;
  /** The window of restarts is tested with sleeps far from its edge: gaps in the midst of it, or a second beyond it. */
  readonly #timed: boolean;
  /** Of workers. */
  readonly #paths: string[] = [];
  readonly #supervisors: Supervising[] = [];
  #ids = 0;
  #keys = 0;
  #sleeps = 0;

  constructor(drawn: Dice) {
    this.#dice = drawn;
    this.#timed = drawn.chance(0.15);
  }

  scenario(name: string): object {
    const { int } = this.#dice;
    const tree = this.#supervisor('root', 'root', 0, 'never', true);
    const count = this.#timed ? int(4, 7) : int(5, 14);
    const steps = times(count, () => this.#step()).filter((step) => step !== undefined);
    return { name, tree, steps };
  }

  #behaviour(): Written {
    const { chance, int, pick } = this.#dice;
    const outcome = (): string => pick(['ok', 'ok', 'ok', 'error:e1', 'error:e2', 'ignore']);
    const written: Written = {};
    if (chance(0.35)) written.start = ['ok', ...times(int(1, 4), outcome)];
    if (chance(0.08)) written.startThen = pick(['error:never', 'ignore']);
    if (written.startThen && !written.start) written.start = ['ok'];
    if (chance(0.35)) {
      written.trapExit = true;
      if (chance(0.5)) written.stopDelay = pick([0, 10, 30]);
      if (chance(0.25)) written.stopReason = pick<unknown>(['normal', 'oops', ['shutdown', 'bye']]);
      if (chance(0.1)) written.stopDelay = 'infinity';
    }
    return written;
  }

  #terms(autoShutdown: string): Written {
    const { chance, pick } = this.#dice;
    const written: Written = {};
    const restart = pick(['permanent', 'permanent', 'transient', 'temporary', undefined]);
    if (restart) written.restart = restart;
    if (autoShutdown !== 'never' && restart && restart !== 'permanent' && chance(0.5)) {
      written.significant = true;
    }
    return written;
  }

  #worker(id: string, autoShutdown: string): Written {
    const { chance, pick } = this.#dice;
    const behaviour = this.#behaviour();
    const written: Written = { id, ...this.#terms(autoShutdown), ...behaviour };
    if (behaviour.stopDelay === 'infinity') written.shutdown = pick<unknown>([150, 'brutal_kill']);
    else if (chance(0.3)) written.shutdown = pick<unknown>(['brutal_kill', 1000, 'infinity']);
    return written;
  }

  #supervisor(id: string, path: string, depth: number, above: string, root: boolean): Written {
    const { chance, int, pick } = this.#dice;
    const strategies = ['one_for_one', 'one_for_all', 'rest_for_one'];
    const strategy = pick([...strategies, ...(root ? [] : ['simple_one_for_one'])]);
    const autoShutdown = chance(0.25) ? pick(['any_significant', 'all_significant']) : 'never';
    const written: Written = {
      id,
      ...(root ? {} : { type: 'supervisor', ...this.#terms(above) }),
      strategy,
      intensity: this.#timed ? int(1, 2) : pick([0, 1, 2, 3, 5]),
      period: this.#timed ? 2 : 60,
      ...(autoShutdown !== 'never' ? { auto_shutdown: autoShutdown } : {}),
    };
    const dynamic = strategy === 'simple_one_for_one';
    this.#supervisors.push({ path, dynamic, autoShutdown });
    if (dynamic) {
      // `ignore` on an automatic restart differs between OTP's releases for this strategy.
      const { id: _, start, startThen, ...template } = this.#worker('template', autoShutdown);
      written.template = template;
    } else {
      written.children = times(int(root ? 2 : 1, 4), () => this.#child(path, depth, autoShutdown));
    }
    return written;
  }

  #child(parent: string, depth: number, autoShutdown: string): Written {
    const { chance, pick } = this.#dice;
    const id = `c${++this.#ids}`;
    const path = `${parent}/${id}`;
    if (depth < 2 && chance(0.3)) return this.#supervisor(id, path, depth + 1, autoShutdown, false);
    this.#paths.push(path);
    const worker = this.#worker(id, autoShutdown);
    if (chance(0.03)) worker.start = [pick(['ignore', 'error:init'])];
    return worker;
  }

  #reason(): unknown {
    return this.#dice.pick<unknown>(['normal', 'shutdown', ['shutdown', 'x'], 'boom', 'boom', 'boom']);
  }

  #death(id: string): Written {
    return this.#dice.chance(0.5) ? { op: 'kill', id } : { op: 'exit', id, reason: this.#reason() };
  }

  #step(): Written | undefined {
    const { next, pick } = this.#dice;
    const which = next();
    if (this.#timed && this.#sleeps < 2 && which < 0.25) {
      this.#sleeps++;
      return { op: 'sleep', ms: 3200 };
    }
    const at = pick(this.#supervisors);
    if (this.#paths.length > 0 && which < 0.55) return this.#death(pick(this.#paths));
    if (which < 0.63) return this.#deathsAtOnce(at);
    if (which < 0.78) return at.dynamic ? this.#startByKey(at) : this.#startById(at);
    if (which < 0.96) return this.#order(at);
    if (this.#supervisors.length < 2) return undefined;
    return { op: 'stop', id: pick(this.#supervisors.slice(1)).path, reason: this.#reason() };
  }

  #deathsAtOnce({ path }: Supervising): Written | undefined {
    const siblings = this.#paths.filter((each) => parentOf(each) === path);
    const some = times(3, () => (siblings.length > 0 ? this.#dice.pick(siblings) : undefined));
    const dead = [...new Set(some)].filter((each) => each !== undefined);
    if (dead.length === 0) return undefined;
    return { op: 'batch', sup: path, ops: dead.map((each) => this.#death(each)) };
  }

  #startByKey({ path }: Supervising): Written {
    const { chance, int, pick } = this.#dice;
    const key = `d${++this.#keys}`;
    const written: Written = { op: 'start_child', sup: path, key };
    if (chance(0.3)) written.start = ['ok', ...times(int(1, 3), () => pick(['ok', 'error:e1']))];
    else if (chance(0.15)) written.start = [pick(['ignore', 'error:e3'])];
    this.#paths.push(`${path}/${key}`);
    return written;
  }

  #startById({ path, autoShutdown }: Supervising): Written {
    const { chance, pick } = this.#dice;
    const again = chance(0.25) ? this.#paths.filter((each) => parentOf(each) === path) : [];
    const id = again.length > 0 ? leafOf(pick(again)) : `n${++this.#ids}`;
    const spec = this.#worker(id, autoShutdown);
    if (chance(0.15)) spec.start = [pick(['ignore', 'error:e4'])];
    this.#paths.push(`${path}/${id}`);
    return { op: 'start_child', sup: path, spec };
  }

  #order(otherwise: Supervising): Written {
    const all = [...this.#paths, ...this.#supervisors.slice(1).map(({ path }) => path)];
    const target = this.#dice.pick(all.length > 0 ? all : ['root/none']);
    const sup = this.#supervisors.find(({ path }) => path === parentOf(target)) ?? otherwise;
    const op = this.#dice.pick(['terminate_child', 'terminate_child', 'restart_child', 'delete_child']);
    const child = sup.dynamic && op === 'terminate_child' ? { key: leafOf(target) } : { id: leafOf(target) };
    return { op, sup: sup.path, ...child };
  }
}
