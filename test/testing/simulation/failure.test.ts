import fc from 'fast-check';
import { SourceUnavailableError } from 'holdfast';
import {
  always,
  type Case,
  createWorld,
  eventually,
  explore,
  type Failure,
  play,
  type Scenario,
  WorldError,
} from 'holdfast/testing';
import { describe, expect, test } from 'vitest';

const oneCommand: Case = { seed: 0, tape: [], faults: [], steps: [{ at: 10, pick: 0, salt: 0 }] };

/** Why it fails. */
const failure = async (scenario: Partial<Scenario<object>>): Promise<Failure | undefined> =>
  (await play({ setup: () => ({}), horizon: '1s', ...scenario }, oneCommand)).failure;

/** Of a scenario whose one command does this. */
const ofCommand = (run: () => unknown): Promise<Failure | undefined> =>
  failure({ workload: () => [{ name: 'do', run }] });

describe('a failure is named after what failed', () => {
  test('a check that must always hold', async () => {
    expect(await failure({ checks: [always('never so', () => false)] })).toMatchObject({
      check: 'never so',
      message: 'Error: it answers false',
    });
  });

  test('a check that must come about, with how long that may take', async () => {
    expect(await failure({ checks: [eventually('some day', '5s', () => false)] })).toMatchObject({
      check: 'some day',
      message: expect.stringMatching(/within 5000 ms, at .* ms: the check answers false$/),
    });
  });

  test.each([
    [
      'throws',
      () => {
        throw new TypeError('a bug');
      },
    ],
    [
      'rejects',
      async () => {
        throw new TypeError('a bug');
      },
    ],
  ])('a command that %s', async (_, run) => {
    expect(await ofCommand(run)).toMatchObject({
      check: 'command "do"',
      message: 'TypeError: a bug',
      at: 10,
    });
  });
});

test.each([
  new SourceUnavailableError('away'),
  Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
  Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' }),
])('a command that is refused since the source is away is no failure: %s', async (error) => {
  expect(await ofCommand(() => Promise.reject(error))).toBeUndefined();
});

describe('what waits after everything was stopped', () => {
  test('is a failure that tells of the timer', async () => {
    expect(await ofCommand(() => setTimeout(() => {}, 5_000))).toMatchObject({
      check: 'nothing left after stop',
      message: expect.stringContaining('timeout 5000'),
    });
  });

  test('is none where nobody can clear it', async () => {
    expect(await ofCommand(() => AbortSignal.timeout(5_000))).toBeUndefined();
  });
});

describe('what is no failure of the scenario is thrown', () => {
  const nothing: Scenario<object> = { setup: () => ({}), horizon: '1s' };

  test('when it is played in a world already', async () => {
    await using _ = createWorld();
    await expect(play(nothing, oneCommand)).rejects.toThrow(WorldError);
    await expect(explore(fc, nothing)).rejects.toThrow(WorldError);
  });

  test('when its signal fires; an exploration is then broken off', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(play(nothing, oneCommand, { signal })).rejects.toThrow('enough');
    expect(await explore(fc, nothing, { signal })).toMatchObject({ finding: undefined, runs: 0 });
  });
});
