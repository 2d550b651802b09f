import { parentOf } from './cast.js';
import { type Dice, dice, leafOf, times } from './dice.js';

interface Written {
  [key: string]: unknown;
}

interface Supervising {
  readonly path: string;
  readonly kind: 'static' | 'dynamic' | 'dynamic-supervisors';
  readonly autoShutdown: string;
}

const modes = ['never', 'any_significant', 'all_significant'];

/** So many specs in the tree as it begins. */
const enough = 24;

/** By storey. */
const intensities = [
  [5, 20, 50, 50],
  [1, 3, 10, 20],
  [0, 1, 2, 3, 5],
  [0, 1, 2, 3, 5],
  [0, 1, 2, 3],
];

/**
 * The scenario `number` of a seed, of what the plain ones do not come to: up to five storeys, 15 to 40 steps, batches of mixed
 * operations, dynamic supervisors of supervisors and of significant children, supervisors whose own start fails, trees
 * added while all runs. Left out is what OTP itself leaves open or gets wrong (README).
 */
export const deepScenario = (seed: number, number: number): object =>
  new Deep(dice(seed * 200003 + number)).scenario(`d${seed}-${number}`);

class Deep {
  readonly #dice: Dice;
  /** Restarts leave the window: few steps, then a sleep that is far from its edge. */
  readonly #timed: boolean;
  readonly #workers: string[] = [];
  readonly #supervisors: Supervising[] = [];
  #ids = 0;
  #specs = 0;

  constructor(drawn: Dice) {
    this.#dice = drawn;
    this.#timed = drawn.chance(0.12);
  }

  scenario(name: string): object {
    const tree = this.#supervisor('root', 'root', 0, 'never');
    const steps = this.#timed ? this.#stretches() : this.#steps(this.#dice.int(15, 40));
    // Supervisors under one dynamic supervisor stop at once: what happens in them has no order.
    const unordered = this.#supervisors.some(({ kind }) => kind === 'dynamic-supervisors');
    return { name, ...(unordered && { unordered }), tree, steps };
  }

  #steps(count: number): Written[] {
    return times(count, () => this.#step()).flat();
  }

  #stretches(): Written[] {
    const stretches = times(this.#dice.int(2, 3), () => [...this.#steps(5), { op: 'sleep', ms: 3200 }]);
    return stretches.flat();
  }

  #outcome(ignoring: boolean): string {
    const last = ignoring ? 'ignore' : 'error:e3';
    return this.#dice.pick(['ok', 'ok', 'ok', 'ok:i2', 'error:e1', 'error:e2', 'bad:b', last]);
  }

  /** `ignoring`: a later start may answer `ignore`, which of a dynamic supervisor's children differs between OTP's releases. */
  #starts(ignoring: boolean): Written {
    const { chance, int } = this.#dice;
    const written: Written = {};
    if (chance(0.35)) written.start = ['ok', ...times(int(1, 5), () => this.#outcome(ignoring))];
    if (written.start !== undefined && chance(0.15)) written.startThen = this.#outcome(ignoring);
    return written;
  }

  #ending(): Written {
    const { chance, pick } = this.#dice;
    if (!chance(0.35)) return {};
    const written: Written = { trapExit: true };
    if (chance(0.5)) written.stopDelay = pick<unknown>([0, 10, 30, this.#timed ? 10 : 'infinity']);
    const last = ['normal', 'oops', 'shutdown', 'killed', ['shutdown', 'bye'], ['a', ['b']]];
    if (chance(0.3)) written.stopReason = pick<unknown>(last);
    return written;
  }

  #terms(autoShutdown: string): Written {
    const { chance, pick } = this.#dice;
    const restart = pick(['permanent', undefined, 'permanent', 'transient', 'temporary']);
    const mayMatter = autoShutdown !== 'never' && restart !== undefined && restart !== 'permanent';
    return { ...(restart && { restart }), ...(mayMatter && chance(0.6) && { significant: true }) };
  }

  #workerSpec(id: string, autoShutdown: string, ignoring = true): Written {
    const { chance, pick } = this.#dice;
    const ending = this.#ending();
    const written: Written = { id, ...this.#terms(autoShutdown), ...this.#starts(ignoring), ...ending };
    if (ending.stopDelay === 'infinity') written.shutdown = pick<unknown>([150, 'brutal_kill']);
    else if (chance(0.3)) written.shutdown = pick<unknown>(['brutal_kill', 1000, 'infinity']);
    return written;
  }

  #supervisor(id: string, path: string, depth: number, above: string): Written {
    const { chance, int, pick } = this.#dice;
    const autoShutdown = chance(depth === 0 ? 0.1 : 0.35)
      ? pick(['any_significant', 'all_significant'])
      : 'never';
    const dynamic = chance(depth > 0 ? 0.3 : 0.08);
    const ofSupervisors = dynamic && chance(0.2);
    this.#supervisors.push({
      path,
      kind: ofSupervisors ? 'dynamic-supervisors' : dynamic ? 'dynamic' : 'static',
      autoShutdown,
    });
    const written: Written = {
      id,
      ...(depth > 0 && { type: 'supervisor', ...this.#terms(above) }),
      ...(depth > 0 && chance(0.1) && this.#supervisorStarts()),
      // Who stands high must bear much, or the tree is dead before it has been tried.
      intensity: this.#timed ? int(1, 3) : pick(intensities[depth] as readonly number[]),
      period: this.#timed ? 2 : 60,
      ...(autoShutdown !== 'never' && { auto_shutdown: autoShutdown }),
    };
    if (dynamic) {
      written.strategy = 'simple_one_for_one';
      written.template = this.#template(autoShutdown, ofSupervisors);
    } else {
      written.strategy = pick(['one_for_one', 'one_for_all', 'rest_for_one']);
      written.children = times(int(1, 4), () => this.#child(path, depth, autoShutdown));
    }
    return written;
  }

  /** Its start function fails before it calls supervisor:start_link, or answers `ignore`. */
  #supervisorStarts(): Written {
    const later = times(this.#dice.int(1, 3), () => this.#dice.pick(['ok', 'error:s1', 'ignore']));
    return { start: ['ok', ...later] };
  }

  #template(autoShutdown: string, ofSupervisors: boolean): Written {
    const { int, pick } = this.#dice;
    const { id: _, start, startThen, ...worker } = this.#workerSpec('template', autoShutdown, false);
    if (!ofSupervisors) return worker;
    return {
      type: 'supervisor',
      ...this.#terms(autoShutdown),
      strategy: pick(['one_for_one', 'one_for_all', 'rest_for_one']),
      intensity: pick([0, 1, 2]),
      period: this.#timed ? 2 : 60,
      children: ['a', 'b', 'c'].slice(0, int(1, 3)).map((id) => this.#workerSpec(id, 'never')),
    };
  }

  #child(parent: string, depth: number, autoShutdown: string): Written {
    const id = `c${++this.#ids}`;
    const path = `${parent}/${id}`;
    this.#specs++;
    if (depth < 4 && this.#specs < enough && this.#dice.chance(0.4)) {
      return this.#supervisor(id, path, depth + 1, autoShutdown);
    }
    this.#workers.push(path);
    const spec = this.#workerSpec(id, autoShutdown);
    if (this.#dice.chance(0.004)) spec.start = [this.#dice.pick(['ignore', 'error:init'])];
    return spec;
  }

  #reason(): unknown {
    const reasons = [
      'normal',
      'shutdown',
      ['shutdown', 'x'],
      'boom',
      ['boom', 1, ['a', 'b']],
      'kill',
      'noproc',
    ];
    return this.#dice.pick<unknown>([...reasons, 'boom', 'boom']);
  }

  #death(id: string): Written {
    return this.#dice.chance(0.5) ? { op: 'kill', id } : { op: 'exit', id, reason: this.#reason() };
  }

  #childrenOf({ path }: Supervising): string[] {
    return this.#workers.filter((each) => parentOf(each) === path);
  }

  #parent(path: string): Supervising | undefined {
    return this.#supervisors.find((each) => each.path === parentOf(path));
  }

  #step(): Written[] {
    const { next, pick, chance } = this.#dice;
    const which = next();
    const at = pick(this.#supervisors);
    if (which < 0.34 && this.#workers.length > 0) return [this.#death(pick(this.#workers))];
    if (which < 0.42 && this.#workers.length > 0) return this.#storm(pick(this.#workers));
    if (which < 0.58) return this.#batch(at);
    if (which < 0.66 && this.#workers.length > 0) return [this.#set(pick(this.#workers))];
    if (which < 0.76) return [this.#start(at)];
    if (which < 0.79) return [this.#faulty(at)];
    if (which < 0.94) return [this.#order(at, chance(0.2))];
    const others = this.#supervisors.slice(1);
    return others.length > 0 ? [{ op: 'stop', id: pick(others).path, reason: this.#reason() }] : [];
  }

  /** One child, again and again: its supervisor gives up, perhaps the one above, too. */
  #storm(path: string): Written[] {
    return times(this.#timed ? 1 : this.#dice.int(2, 7), () => this.#death(path));
  }

  /** What OTP refuses, for one or for several reasons. */
  #faulty(at: Supervising): Written {
    const { chance, pick, int } = this.#dice;
    const spec = (): Written => {
      const flaws: Written = {};
      if (chance(0.3)) flaws.restart = pick(['prmanent', 'Transient']);
      if (chance(0.3)) flaws.significant = pick<unknown>([true, 'maybe']);
      if (chance(0.2)) flaws.shutdown = pick<unknown>([-1, 'brutal', '5s', 1.5]);
      if (chance(0.15)) flaws.type = 'wrker';
      if (chance(0.1)) flaws.nostart = true;
      const id = chance(0.1) ? {} : { id: `f${++this.#ids}` };
      return { ...id, ...(chance(0.5) && this.#terms(at.autoShutdown)), ...flaws };
    };
    if (chance(0.4) || at.kind !== 'static') {
      const specs = times(int(1, 3), spec);
      if (chance(0.3)) specs.push({ ...specs[0] });
      return { op: 'check_childspecs', specs, ...(chance(0.6) && { auto_shutdown: pick(modes) }) };
    }
    if (chance(0.5)) return { op: 'start_child', sup: at.path, spec: chance(0.1) ? 'hej' : spec() };
    const flags: Written = {};
    if (chance(0.4)) flags.strategy = pick(['one-for-one', 'none']);
    if (chance(0.4)) flags.intensity = pick<unknown>([-1, 1.5, 'infinity']);
    if (chance(0.4)) flags.period = pick<unknown>([0, -1, 1.5, 'infinity']);
    if (chance(0.4)) flags.auto_shutdown = pick(['sometimes', 'any-significant']);
    const children = times(int(0, 2), spec);
    return {
      op: 'start_child',
      sup: at.path,
      spec: { id: `f${++this.#ids}`, type: 'supervisor', ...flags, children },
    };
  }

  #set(path: string): Written {
    const ignoring = this.#parent(path)?.kind !== 'dynamic';
    const outcomes = times(this.#dice.int(1, 4), () => this.#outcome(ignoring));
    return {
      op: 'set',
      id: path,
      start: outcomes,
      ...(this.#dice.chance(0.2) && { startThen: this.#outcome(ignoring) }),
      ...(this.#dice.chance(0.3) && this.#finite(this.#ending())),
    };
  }

  /** Who never stops by itself needs a supervisor that kills it, which the spec decides. */
  #finite(ending: Written): Written {
    return ending.stopDelay === 'infinity' ? { ...ending, stopDelay: 10 } : ending;
  }

  /** While the supervisor is suspended: some of its children end, some are to behave otherwise, and calls come in between. */
  #batch(at: Supervising): Written[] {
    const { int, pick, chance } = this.#dice;
    const children = this.#childrenOf(at);
    const dead = new Set<string>();
    const op = (): Written | undefined => {
      if (children.length > 0 && chance(0.55)) {
        const path = pick(children);
        if (chance(0.2)) return this.#set(path);
        dead.add(path);
        return this.#death(path);
      }
      return chance(0.3) ? this.#start(at) : this.#order(at, chance(0.4), dead);
    };
    const ops = times(int(2, 7), op).filter((each) => each !== undefined);
    return [{ op: 'batch', sup: at.path, ops }];
  }

  #start(at: Supervising): Written {
    const { chance, pick } = this.#dice;
    if (at.kind !== 'static') return this.#startByKey(at);
    const again = chance(0.3) ? this.#childrenOf(at) : [];
    if (again.length === 0 && chance(0.15)) return this.#startTree(at);
    const id = again.length > 0 ? leafOf(pick(again)) : `n${++this.#ids}`;
    const spec = this.#workerSpec(id, at.autoShutdown);
    if (chance(0.2)) spec.start = [pick(['ignore', 'error:e4', 'bad:b', 'ok:info'])];
    if (again.length === 0) this.#workers.push(`${at.path}/${id}`);
    return { op: 'start_child', sup: at.path, spec };
  }

  #startTree(at: Supervising): Written {
    const id = `t${++this.#ids}`;
    return {
      op: 'start_child',
      sup: at.path,
      spec: this.#supervisor(id, `${at.path}/${id}`, 3, at.autoShutdown),
    };
  }

  #startByKey({ path, kind }: Supervising): Written {
    const { chance, int, pick } = this.#dice;
    const key = `d${++this.#ids}`;
    const written: Written = { op: 'start_child', sup: path, key };
    if (kind === 'dynamic-supervisors') {
      for (const id of ['a', 'b', 'c']) this.#workers.push(`${path}/${key}/${id}`);
      if (chance(0.3)) written.start = ['ok', ...times(int(1, 3), () => pick(['ok', 'error:s1']))];
      return written;
    }
    this.#workers.push(`${path}/${key}`);
    if (chance(0.5)) Object.assign(written, this.#starts(false));
    else if (chance(0.2)) written.start = [pick(['ignore', 'error:e3', 'bad:b', 'ok:info'])];
    if (chance(0.2)) Object.assign(written, this.#finite(this.#ending()));
    return written;
  }

  /** A call. `asking`: one that changes nothing. Who has just ended is not terminated: see E6. */
  #order(at: Supervising, asking: boolean, except: ReadonlySet<string> = new Set()): Written {
    const { pick } = this.#dice;
    const below = [...this.#workers, ...this.#supervisors.map(({ path }) => path)].filter(
      (each) => parentOf(each) === at.path,
    );
    const target = pick([...below, ...below, ...below, `${at.path}/none`]);
    const child =
      at.kind !== 'static' && this.#dice.chance(0.9) ? { key: leafOf(target) } : { id: leafOf(target) };
    if (asking) {
      const op = pick(['which_children', 'count_children', 'get_childspec']);
      return { op, sup: at.path, ...(op === 'get_childspec' && child) };
    }
    const op = pick(['terminate_child', 'terminate_child', 'restart_child', 'delete_child']);
    if (op !== 'terminate_child') return { op, sup: at.path, id: leafOf(target) };
    if (at.kind !== 'static' && except.has(target)) return { op: 'count_children', sup: at.path };
    return { op, sup: at.path, ...child };
  }
}
