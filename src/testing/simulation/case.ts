import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Arbitrary } from 'fast-check';
import { OptionsError } from '../../errors.js';
import { type Milliseconds, milliseconds } from '../../runtime/duration.js';
import { type Fc, tapeArbitrary } from '../arbitraries.js';
import type { Fault } from '../faults.js';
import { shown } from '../shown.js';
import type { Scenario } from './scenario.js';

/** One command, at one time. Which one it is follows from the workload's weights. */
export interface Step {
  /** ms since the world began. */
  readonly at: Milliseconds;
  /** Which command, of 10,000 parts of their weights. */
  readonly pick: number;
  /** What its `draw` draws from: 0 draws the least, or the first, each time. */
  readonly salt: number;
}

interface FailingPoint {
  readonly name: string;
  readonly pass: number;
}

/**
 * Everything that one run of a scenario depends on. Plain data, good for JSON: the same case, the same run.
 *
 * @example
 * ```ts
 * const oneCrash: Case = { seed: 0, tape: [], faults: [{ at: 100, kind: 'crash', actor: 'queue', how: 'killed' }], steps: [] };
 * await play(scenario, oneCrash);
 * ```
 */
export interface Case {
  /** What is random in the world follows from it. A whole number. */
  readonly seed: number;
  /** Which of what is due at one instant comes first (see `WorldOptions.tape`). Empty: as it was scheduled. */
  readonly tape: readonly number[];
  /** What fails, in any order. */
  readonly faults: readonly Fault[];
  /** What users do, in any order. */
  readonly steps: readonly Step[];
  /** Which fault points of the code fail, at which pass, counted from 1. Default: none. */
  readonly points?: readonly FailingPoint[];
}

export const picks = 10_000;

/** ms that faults and commands go on. */
export const horizonOf = <C>({ horizon = '1m' }: Scenario<C>): Milliseconds =>
  milliseconds(horizon, 'horizon');

/** Cases of a scenario. */
export function caseArbitrary<C>(fc: Fc, scenario: Scenario<C>): Arbitrary<Case> {
  const until = horizonOf(scenario);
  const step = fc.record({
    at: fc.integer({ min: 0, max: until }),
    pick: fc.integer({ min: 0, max: picks - 1 }),
    salt: fc.nat(),
  });
  const most = scenario.workload === undefined ? 0 : (scenario.steps ?? 40);
  const { points = [] } = scenario.faults ?? {};
  // Many points are passed a few times only.
  const few = fc.integer({ min: 1, max: 4 });
  const point = (): Arbitrary<FailingPoint> =>
    fc.record({ name: fc.constantFrom(...points), pass: fc.oneof(few, fc.integer({ min: 1, max: 50 })) });
  return fc.record({
    // Nothing can be drawn of none.
    ...(points.length > 0 && { points: fc.array(point(), { maxLength: 2 }) }),
    seed: fc.nat(1_000_000),
    tape: tapeArbitrary(fc),
    faults: scenario.faults?.arbitrary(fc, until) ?? fc.constant([]),
    steps: fc.array(step, { maxLength: most, size: 'max' }),
  });
}

/** A case in one word, for a command line; `decodeCase` reads it. */
export const encodeCase = (drawn: Case): string =>
  deflateRawSync(JSON.stringify(drawn)).toString('base64url');

/**
 * The case that `encodeCase` made a word of.
 *
 * @throws OptionsError when it is none, or not whole.
 */
export function decodeCase(code: string): Case {
  try {
    const drawn = JSON.parse(inflateRawSync(Buffer.from(code, 'base64url')).toString()) as Partial<Case>;
    if (typeof drawn.seed !== 'number') throw new TypeError('it has no seed');
    if (![drawn.tape, drawn.faults, drawn.steps].every(Array.isArray)) throw new TypeError('it lacks a list');
    return drawn as Case;
  } catch (cause) {
    throw new OptionsError(
      `This is no case of a simulation (${shown(cause)}). Give what a replay line says, whole.`,
      { option: 'replay', given: code },
    );
  }
}
