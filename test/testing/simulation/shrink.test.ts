import fc from 'fast-check';
import type { Case, Fault } from 'holdfast/testing';
import { describe, expect, test } from 'vitest';
import { shrink } from '../../../src/testing/simulation/shrink.js';

const crash = (at: number, actor: string): Fault => ({ at, kind: 'crash', actor, how: 'killed' });
const names = ['a', 'b', 'c', 'd', 'e', 'f'];

const someCase: fc.Arbitrary<Case> = fc.record({
  seed: fc.nat(100),
  tape: fc.array(fc.nat(7), { maxLength: 10 }),
  faults: fc.array(
    fc.tuple(fc.nat(10_000), fc.constantFrom(...names)).map(([at, actor]) => crash(at, actor)),
    { maxLength: 8 },
  ),
  steps: fc.array(fc.record({ at: fc.nat(10_000), pick: fc.nat(9_999), salt: fc.nat() }), { maxLength: 20 }),
});

const never = (): boolean => false;
const actorsOf = (drawn: Case): (string | undefined)[] =>
  drawn.faults.map((fault) => (fault.kind === 'crash' ? fault.actor : undefined));

describe('shrinking', () => {
  test('leaves what is needed, and the lowest numbers', async () => {
    await fc.assert(
      fc.asyncProperty(someCase, fc.subarray(names), fc.nat(3), async (drawn, needed, steps) => {
        const fails = (tried: Case): boolean =>
          needed.every((name) => actorsOf(tried).includes(name)) && tried.steps.length >= steps;
        fc.pre(fails(drawn));
        const least = await shrink(drawn, async (tried) => fails(tried), never);
        expect(actorsOf(least).sort()).toEqual([...needed].sort());
        expect(least.faults.map(({ at }) => at)).toEqual(needed.map(() => 0));
        expect(least.steps).toEqual(Array.from({ length: steps }, () => ({ at: 0, pick: 0, salt: 0 })));
        expect(least).toMatchObject({ tape: [], seed: 0 });
      }),
    );
  });

  test('finds the lowest number that still fails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(10_000), fc.nat(10_000), async (least, more) => {
        const drawn: Case = { seed: 0, tape: [], faults: [crash(least + more, 'a')], steps: [] };
        const found = await shrink(drawn, async ({ faults }) => (faults[0]?.at ?? -1) >= least, never);
        expect(found.faults).toEqual([crash(least, 'a')]);
      }),
    );
  });

  test('keeps an order of simultaneous events only where it is needed, and as short as it may be', async () => {
    const drawn: Case = { seed: 3, tape: [4, 0, 2, 5, 1], faults: [], steps: [] };
    const found = await shrink(drawn, async ({ tape }) => tape.includes(2), never);
    expect(found.tape).toEqual([2]);
    expect((await shrink(drawn, async () => true, never)).tape).toEqual([]);
  });

  test('takes out a failure that is needed only for when another one comes', async () => {
    // The crash must come within 100 ms of a command; while the source is slow, later is right, too.
    const drawn: Case = {
      seed: 0,
      tape: [],
      faults: [{ at: 0, kind: 'source', mode: { mode: 'slow', ms: 900 }, for: 10_000 }, crash(1_800, 'a')],
      steps: [{ at: 1_000, pick: 0, salt: 0 }],
    };
    const fails = async ({ faults, steps: [step] }: Case): Promise<boolean> => {
      const killed = faults.find(({ kind }) => kind === 'crash');
      if (step === undefined || killed === undefined) return false;
      const late = faults.some(({ kind }) => kind === 'source') ? 900 : 100;
      return killed.at > step.at && killed.at <= step.at + late;
    };
    const found = await shrink(drawn, fails, never);
    expect(found.faults.map(({ kind }) => kind)).toEqual(['crash']);
  });

  test('brings all of it forward where only the time between matters', async () => {
    const drawn: Case = {
      seed: 0,
      tape: [],
      faults: [crash(7_300, 'a')],
      steps: [{ at: 7_000, pick: 0, salt: 0 }],
    };
    const together = async ({ faults, steps }: Case): Promise<boolean> =>
      faults[0] !== undefined && steps[0] !== undefined && faults[0].at - steps[0].at === 300;
    const found = await shrink(drawn, together, never);
    expect(found).toMatchObject({ faults: [crash(300, 'a')], steps: [{ at: 0 }] });
  });

  test('takes out a command that is needed only for when a failure comes', async () => {
    // Each command takes 500 ms; a crash fails that comes within 100 ms of the end of the last.
    const drawn: Case = {
      seed: 0,
      tape: [],
      faults: [crash(2_050, 'a')],
      steps: [0, 0, 0, 0].map((at) => ({ at, pick: 0, salt: 0 })),
    };
    const late = async ({ faults, steps }: Case): Promise<boolean> => {
      const after = (faults[0]?.at ?? -1) - steps.length * 500;
      return steps.length > 0 && after >= 0 && after < 100;
    };
    const found = await shrink(drawn, late, never);
    expect(found.steps).toHaveLength(1);
    expect(found.faults).toEqual([crash(500, 'a')]);
  });

  test('ends when it is told to, with what it has', async () => {
    let tries = 0;
    const drawn: Case = { seed: 0, tape: [], faults: names.map((name) => crash(0, name)), steps: [] };
    const found = await shrink(
      drawn,
      async () => {
        tries++;
        return true;
      },
      () => tries >= 1,
    );
    expect(tries).toBe(1);
    expect(found.faults.length).toBeLessThan(drawn.faults.length);
  });
});
