import { describe, expect, test, vi } from 'vitest';
import { type Program, run } from './program.js';

async function up(flags: readonly string[] = []): Promise<Program> {
  const program = run('main', flags);
  await vi.waitFor(() => expect(program.out).toContain('up'), { timeout: 20_000 });
  return program;
}
const said = async (program: Program, line: string): Promise<void> =>
  vi.waitFor(() => expect(program.out).toContain(line), { timeout: 20_000 });

describe('a signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s drains, stops in order, exits 0', async (signal) => {
    const program = await up();
    program.process.kill(signal);
    expect(await program.exited).toEqual({ code: 0, signal: null });
    expect(program.out).toEqual([
      'up',
      `stopping: ${signal}`,
      'drained',
      'closing',
      'closed',
      'resolved',
      'exit 0',
    ]);
  });

  test('a second one exits at once', async () => {
    const program = await up(['hang']);
    program.process.kill('SIGTERM');
    await said(program, 'closing');
    program.process.kill('SIGINT');
    expect(await program.exited).toEqual({ code: 130, signal: null });
    const other = await up(['hang']);
    other.process.kill('SIGINT');
    await said(other, 'closing');
    other.process.kill('SIGTERM');
    expect(await other.exited).toEqual({ code: 143, signal: null });
  });

  test('when it takes longer than `timeout`: exits 1, and says so', async () => {
    const program = await up(['hang', 'timeout']);
    program.process.kill('SIGTERM');
    expect(await program.exited).toEqual({ code: 1, signal: null });
    expect(program.err.join()).toContain('did not stop within 100');
  });

  test('a drain that fails: the tree is stopped all the same, exit code 1', async () => {
    const program = await up(['bad-drain']);
    program.process.kill('SIGTERM');
    expect(await program.exited).toEqual({ code: 1, signal: null });
    expect(program.out).toContain('closed');
    expect(program.err.join()).toContain('bad drain');
  });

  test('a handle that nobody closes does not keep the process', async () => {
    const program = await up(['handle']);
    program.process.kill('SIGTERM');
    expect(await program.exited).toEqual({ code: 0, signal: null });
  });
});

test('the root giving up is written to stderr, exit code 1', async () => {
  const program = await up(['give-up', 'handle']);
  expect(await program.exited).toEqual({ code: 1, signal: null });
  expect(program.err.join()).toContain('root gave up');
  expect(program.out.at(-1)).toBe('exit 1');
});

test('a failed start is written to stderr, exit code 1', async () => {
  const program = run('main', ['no-start']);
  expect(await program.exited).toEqual({ code: 1, signal: null });
  expect(program.err.join()).toContain('cannot start');
});

test('a stop that the program itself asked for: exit code 0', async () => {
  const program = await up(['stop']);
  expect(await program.exited).toEqual({ code: 0, signal: null });
});
