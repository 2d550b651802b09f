import type { Milliseconds } from '../../runtime/duration.js';
import type { Fault } from '../faults.js';
import type { Case, Step } from './case.js';

/** Whether a case still fails in the same way. */
export type Fails = (drawn: Case) => Promise<boolean>;

/** The lists of a case. */
type Part = 'faults' | 'steps' | 'tape' | 'points';

/**
 * The least case that still fails: no failure and no command too many, nothing out of order, and every number as small as it may be.
 * fast-check's own shrinking takes one value after the other, and a run costs too much for that: here whole halves of the lists go
 * first. A failure that can only go when another comes at another time is given that chance.
 *
 * @param isOver asked before each try: what has been reached then is the outcome.
 */
export async function shrink(drawn: Case, fails: Fails, isOver: () => boolean): Promise<Case> {
  const shrinking = new Shrinking(drawn, fails, isOver);
  for (let before: Case | undefined; before !== shrinking.least && !isOver(); ) {
    before = shrinking.least;
    await shrinking.take({ ...shrinking.least, tape: [] });
    for (const part of ['steps', 'faults', 'points', 'tape'] as const) await shrinking.halve(part);
    await shrinking.replaceFaults();
    await shrinking.replaceSteps();
    await shrinking.bringForward();
    await shrinking.lower();
  }
  return shrinking.least;
}

class Shrinking {
  least: Case;
  readonly #fails: Fails;
  readonly #isOver: () => boolean;

  constructor(drawn: Case, fails: Fails, isOver: () => boolean) {
    this.least = drawn;
    this.#fails = fails;
    this.#isOver = isOver;
  }

  /** Takes a case where it fails, too, and is another. */
  async take(next: Case): Promise<boolean> {
    if (this.#isOver() || JSON.stringify(next) === JSON.stringify(this.least)) return false;
    if (!(await this.#fails(next))) return false;
    this.least = next;
    return true;
  }

  /** Takes out as large pieces of a list as can go: halves, quarters, … single ones. */
  async halve(part: Part): Promise<void> {
    for (let size = this.#list(part).length; size >= 1; size = Math.floor(size / 2)) {
      for (let from = this.#list(part).length - size; from > -size; from -= size) {
        const list = this.#list(part);
        const start = Math.max(0, from);
        const without = [...list.slice(0, start), ...list.slice(from + size)];
        await this.take({ ...this.least, [part]: without } as Case);
      }
    }
  }

  #list(part: Part): readonly unknown[] {
    return this.least[part] ?? [];
  }

  /** A failure may be needed only for when another one comes: takes it out, and tries others at other times. */
  async replaceFaults(): Promise<void> {
    for (let n = this.least.faults.length - 1; n >= 0 && this.least.faults.length > 1; n--) {
      const others = this.least.faults.filter((_, index) => index !== n);
      if (await this.#retimed(others, this.least.steps)) n = this.least.faults.length;
    }
  }

  /** So may a command, which kept somebody busy until a failure came: one alone may do, or all but one. */
  async replaceSteps(): Promise<void> {
    const { steps } = this.least;
    if (steps.length < 2 || steps.length > fewSteps) return;
    for (const step of steps) if (await this.#retimed(this.least.faults, [step])) return;
    for (let n = this.least.steps.length - 1; n >= 0; n--) {
      const others = this.least.steps.filter((_, index) => index !== n);
      if (await this.#retimed(this.least.faults, others)) n = this.least.steps.length;
    }
  }

  async #retimed(faults: readonly Fault[], steps: readonly Step[]): Promise<boolean> {
    const anchors = new Set([0, ...steps.map(({ at }) => at), ...faults.map(({ at }) => at)]);
    for (const anchor of [...anchors].slice(0, 4)) {
      for (const offset of offsets) {
        for (const [index, fault] of faults.entries()) {
          const moved = faults.with(index, { ...fault, at: anchor + offset });
          if (await this.take({ ...this.least, faults: moved, steps })) return true;
        }
      }
    }
    return false;
  }

  /** Brings all of it forward at once: what matters is often only how far apart they are. */
  async bringForward(): Promise<void> {
    const { faults, steps } = this.least;
    const by = Math.min(...[...faults, ...steps].map(({ at }) => at));
    if (by === 0 || !Number.isFinite(by)) return;
    const earlier = <T extends { readonly at: Milliseconds }>(one: T): T => ({ ...one, at: one.at - by });
    await this.take({ ...this.least, faults: faults.map(earlier), steps: steps.map(earlier) });
  }

  /** Every number of failures and commands, as low as it may be. */
  async lower(): Promise<void> {
    for (const part of ['faults', 'steps', 'points'] as const) {
      for (const path of numbersIn(this.#list(part))) await this.#lowest([part, ...path]);
    }
    await this.take({ ...this.least, seed: 0 });
  }

  async #lowest(path: Path): Promise<void> {
    const value = valueAt(this.least, path);
    const floor = startsAtOne.has(String(path.at(-1))) ? 1 : 0;
    if (value <= floor || (await this.take(withValue(this.least, path, floor)))) return;
    let passes = floor;
    let failing = value;
    while (failing - passes > 1 && !this.#isOver()) {
      const middle = Math.floor((failing + passes) / 2);
      if (await this.take(withValue(this.least, path, middle))) failing = middle;
      else passes = middle;
    }
  }
}

/** Of more commands none is tried at other times: each costs many runs. */
const fewSteps = 6;

/** Between one cause and its effect. */
const offsets: readonly Milliseconds[] = [1, 10, 50, 100, 200, 500, 1_000, 5_000];

/** Durations and counts that mean nothing at 0. */
const startsAtOne: ReadonlySet<string> = new Set(['for', 'ms', 'every', 'step', 'by', 'pass']);

type Path = readonly (string | number)[];

/** The paths to all numbers in plain data. */
function numbersIn(value: unknown): Path[] {
  if (typeof value === 'number') return [[]];
  if (typeof value !== 'object' || value === null) return [];
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  return [...keys].flatMap((key) =>
    numbersIn((value as Record<string | number, unknown>)[key]).map((path) => [key, ...path]),
  );
}

const valueAt = (data: unknown, path: Path): number =>
  path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], data) as number;

function withValue<T>(data: T, path: Path, value: number): T {
  const [key, ...rest] = path;
  if (key === undefined) return value as T;
  const inner = (data as Record<string | number, unknown>)[key];
  if (Array.isArray(data)) return data.with(Number(key), withValue(inner, rest, value)) as T;
  return { ...data, [key]: withValue(inner, rest, value) };
}
