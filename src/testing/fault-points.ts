import { InjectedFaultError } from '../errors.js';
import { seededRandom } from './random.js';

/** A fault point at its n-th pass, counted from 1. */
export interface FaultPoint {
  readonly name: string;
  readonly pass: number;
}

/**
 * Which fault points fail.
 * - a list: that point at its n-th pass, counted from 1 (plain data, so it shrinks);
 * - a chance: each point is active in about a quarter of all seeds, and then fails at each pass with this probability.
 */
export type FaultPoints = readonly FaultPoint[] | { readonly chance: number };

/** Those that have failed, of those that are to. */
export const failedPoints = (
  points: readonly FaultPoint[],
  passed: ReadonlyMap<string, number>,
): readonly FaultPoint[] => points.filter(({ name, pass }) => (passed.get(name) ?? 0) >= pass);

/** Counts the passes of every fault point, and fails the ones that are to fail. */
export function faultPoints(
  which: FaultPoints | undefined,
  seed: number,
  note: (what: string) => void,
): { pass(name: string): void; readonly passed: ReadonlyMap<string, number> } {
  const passed = new Map<string, number>();
  const random = seededRandom(seed ^ 0x5f3759df);
  const active = new Map<string, boolean>();

  function fails(name: string, pass: number): boolean {
    if (which === undefined) return false;
    if ('chance' in which) {
      if (!active.has(name)) active.set(name, random.next() < 0.25);
      return active.get(name) === true && random.next() < which.chance;
    }
    return which.some((point) => point.name === name && point.pass === pass);
  }

  return {
    passed,
    pass(name) {
      const pass = (passed.get(name) ?? 0) + 1;
      passed.set(name, pass);
      if (!fails(name, pass)) return;
      note(`fault point ${name} fails at pass ${pass}`);
      throw new InjectedFaultError(`A testing world failed the fault point "${name}" at pass ${pass}.`);
    },
  };
}
