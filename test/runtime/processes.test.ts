import { describe, expect, test } from 'vitest';
import { run } from './program.js';

async function outcome(program: string, args: readonly string[] = [], nodeOptions: readonly string[] = []) {
  const it = run(program, args, nodeOptions);
  const { code } = await it.exited;
  return { code, out: it.out, err: it.err.join('\n') };
}

describe("an actor's asynchronous error is its crash, and the process lives", () => {
  test.each([
    [[], []],
    [['listener-before'], []],
    [['listener-after'], []],
    [['listener-once'], []],
    [[], ['--unhandled-rejections=warn']],
    [[], ['--unhandled-rejections=none']],
    [[], ['--unhandled-rejections=strict']],
  ])('in every way and place, with %j, under %j', async (flags, nodeOptions) => {
    const { code, out, err } = await outcome('async-errors', flags, nodeOptions);
    expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
    expect(out).toHaveLength(9 * 4 * 2);
    for (const line of out) expect(line).toMatch(/boom.* → 2$/);
  });

  test('not when attributing is turned off', async () => {
    const { code, err } = await outcome('async-errors', ['unattributed']);
    expect(code).toBe(1);
    expect(err).toContain('boom');
  });
});

describe('an error that belongs to no actor', () => {
  test.each(['timer', 'rejection', 'bus-listener', 'snapshot-listener'])(
    'ends the process as ever: %s',
    async (way) => {
      const { code, out, err } = await outcome('unowned-errors', [way]);
      expect({ code, out }).toEqual({ code: 1, out: ['exit 1'] });
      expect(err).toContain('Error: mine');
    },
  );

  test.each([
    ['timer', 'listener', 'listener: mine (uncaughtException)'],
    ['rejection', 'listener', 'listener: mine (unhandledRejection)'],
    ['rejection', 'rejection-listener', 'rejection listener: mine'],
  ])('is left to the user: %s, %s', async (way, listener, heard) => {
    expect(await outcome('unowned-errors', [way, listener])).toMatchObject({
      code: 0,
      out: [heard, 'exit 0'],
    });
  });

  test.each(['warn', 'none'])('keeps the mode of --unhandled-rejections=%s', async (mode) => {
    const nodeOptions = [`--unhandled-rejections=${mode}`];
    const { code, out } = await outcome('unowned-errors', ['rejection', 'still'], nodeOptions);
    expect({ code, out }).toEqual({ code: 0, out: ['still here', 'exit 0'] });
  });

  test('ends the process after the runtime has stopped, too', async () => {
    expect(await outcome('unowned-errors', ['timer', 'stopped'])).toMatchObject({ code: 1, out: ['exit 1'] });
  });
});

test('what an actor left behind and goes wrong later is reported, and ends nothing', async () => {
  const { code, out } = await outcome('late-errors');
  expect(code).toBe(0);
  expect([...out].sort()).toEqual(['root/a#1: late promise', 'root/a#1: late timer', 'running']);
});
