import { readFile } from 'node:fs/promises';
import { expect, type TestContext, test } from 'vitest';
import { needsEscript } from '../needs.js';
import { byScenario, type Difference, difference, type TraceLine } from './compare.js';
import { deepScenario } from './generate-deep.js';
import { plainScenario } from './generate-plain.js';
import { type Otp, parseTrace, runOnOtp } from './otp.js';
import { runScenario } from './run-scenario.js';
import { parseScenario } from './scenario.js';
import { type Shrinkable, shrunk } from './shrink.js';

const { SEED = '1' } = process.env;
const seed = SEED === 'random' ? Math.floor(Math.random() * 1e6) : Number(SEED);

const read = (file: string): Promise<string> =>
  readFile(new URL(`./scenarios/${file}`, import.meta.url), 'utf8');

const onHoldfast = (scenario: object): Promise<readonly TraceLine[]> =>
  runScenario(parseScenario(JSON.stringify(scenario)));

async function allOnHoldfast(scenarios: readonly object[]): Promise<readonly (readonly TraceLine[])[]> {
  const traces: (readonly TraceLine[])[] = [];
  for (const scenario of scenarios) traces.push(await onHoldfast(scenario));
  return traces;
}

const told = ({ scenario, step, expected, actual }: Difference): string =>
  `${scenario}, step ${step}\n  OTP      ${expected}\n  Holdfast ${actual}`;

test.each(['hand', 'random-1', 'random-2'])(
  '%s: the traces that OTP 25.2.3 left',
  async (set) => {
    const lines = (await read(`${set}.jsonl`)).split('\n').filter((line) => line !== '');
    const expected = byScenario(parseTrace(await read(`${set}.trace.jsonl`)));
    expect(expected).toHaveLength(lines.length);
    const differences: string[] = [];
    for (const [at, line] of lines.entries()) {
      const found = difference(expected[at] ?? [], await runScenario(parseScenario(line)));
      if (found !== undefined) differences.push(told(found));
    }
    expect(differences.join('\n')).toBe('');
  },
  60_000,
);

/** Scenarios on both: in words, where they differ, and the smallest scenario found that still does. */
async function compare(otp: Otp, scenarios: readonly object[]): Promise<string> {
  const bad = await differing(otp, scenarios as readonly Shrinkable[]);
  const [first] = bad;
  if (first === undefined) return '';
  const smallest = await shrunk(first[0], async (candidates) => {
    // What is left out may be what a step needs: then OTP's runner gives up, and so do we.
    const [found] = await differing(otp, candidates).catch(() => []);
    return found === undefined ? -1 : candidates.indexOf(found[0]);
  });
  const others = bad.slice(1, 10).map(([, difference]) => told(difference));
  return [
    `${bad.length} differ. The first: ${told(first[1])}`,
    `  smaller  ${JSON.stringify(smallest)}`,
    ...others,
  ].join('\n');
}

type Differing = readonly (readonly [Shrinkable, Difference])[];

/** What OTP does differently, and does again when it has the machine for itself: real time may have come between. */
async function differing(otp: Otp, scenarios: readonly Shrinkable[]): Promise<Differing> {
  const once = await round(otp, scenarios);
  if (once.length === 0) return once;
  return round(
    otp,
    once.slice(0, 20).map(([scenario]) => scenario),
    2,
  );
}

async function round(otp: Otp, scenarios: readonly Shrinkable[], jobs?: number): Promise<Differing> {
  const running = runOnOtp(otp, scenarios, jobs);
  // It is awaited in the end; until then nobody hears of its failure.
  running.catch(() => {});
  const actual = await allOnHoldfast(scenarios);
  const expected = await running;
  return scenarios.flatMap((scenario, at) => {
    const found = difference(expected[at] ?? [], actual[at] ?? []);
    return found === undefined ? [] : [[scenario, found] as const];
  });
}

const fresh = (count: number, make: (seed: number, n: number) => object): readonly object[] =>
  Array.from({ length: count }, (_, n) => make(seed + 1000, n));

const otpOf = (context: TestContext): Otp => ({ escript: needsEscript(context), signal: context.signal });

test('1,000 new scenarios: what the OTP of this machine does', async (context) => {
  const otp = otpOf(context);
  expect(await compare(otp, fresh(1000, plainScenario)), `SEED=${seed}`).toBe('');
}, 240_000);

test('300 deep ones: large trees, long stories, batches of everything', async (context) => {
  const otp = otpOf(context);
  expect(await compare(otp, fresh(300, deepScenario)), `SEED=${seed}`).toBe('');
}, 240_000);
