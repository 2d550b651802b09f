import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { SourceUnavailableError, ThreadError } from '../../src/errors.js';
import { openThread, type Thread, type ThreadOptions, threadModule } from '../../src/threads/index.js';
import type { Api } from './worker.js';

const open: Thread<Api>[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thread) => thread.terminate()));
});

function start(options?: ThreadOptions): Thread<Api> {
  const thread = openThread<Api>(threadModule(import.meta.url, './worker'), options);
  open.push(thread);
  return thread;
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => expect.unreachable(`resolved with ${String(value)}`),
    (error: unknown) => error,
  );

describe('calls', () => {
  it('answers each caller with its own result, however they overlap', async () => {
    const thread = start();
    const answers = await Promise.all([
      thread.call('later', ['slow']),
      thread.call('add', [1, 2]),
      thread.call('add', [3, 4]),
    ]);
    expect(answers).toEqual(['slow', 3, 7]);
  });

  it('hands workerData over', async () => {
    expect(await start({ data: { file: 'x' } }).call('data', [])).toEqual({ file: 'x' });
  });

  it('hands buffers over instead of copying them, both ways', async () => {
    const thread = start();
    expect((await thread.call('bytes', [])).bytes).toEqual(new Uint8Array([1, 2, 3]));
    const mine = new Uint8Array(8);
    expect(await thread.call('length', [mine], { transfer: [mine.buffer] })).toBe(8);
    expect(mine.byteLength).toBe(0);
  });
});

describe('errors', () => {
  it('cross with name, message, stack, code and causes', async () => {
    const error = await rejection(start().call('coded', []));
    expect(error).toMatchObject({
      name: 'CodedError',
      message: 'no',
      code: 'E_CODED',
      stack: expect.stringContaining('worker.ts'),
      cause: { name: 'RangeError', message: 'deep', cause: 'string' },
    });
    expect((error as Error).cause).toBeInstanceOf(RangeError);
  });

  it('of Holdfast are still what they were', async () => {
    expect(await rejection(start().call('away', []))).toBeInstanceOf(SourceUnavailableError);
  });

  it('that are circular, unreadable or no errors at all harm nobody', async () => {
    const thread = start();
    expect(await rejection(thread.call('circular', []))).toMatchObject({ message: 'round' });
    expect(await rejection(thread.call('hostile', []))).toBeTypeOf('string');
    expect(await rejection(thread.call('throwUndefined', []))).toBeUndefined();
    expect(await thread.call('add', [1, 1])).toBe(2);
  });

  it('an argument or a result that cannot be cloned rejects its own call alone', async () => {
    const thread = start();
    const [bad, good] = await Promise.all([
      rejection(thread.call('uncloneable', [])),
      thread.call('add', [1, 1]),
    ]);
    expect(bad).toMatchObject({ name: 'DataCloneError' });
    expect(good).toBe(2);
    const fn = (() => 1) as unknown as string;
    expect(await rejection(thread.call('later', [fn]))).toMatchObject({ name: 'DataCloneError' });
    expect(await thread.call('add', [1, 2])).toBe(3);
  });
});

describe('an aborted signal', () => {
  it('rejects at once, and a call that had not begun never begins', async () => {
    const thread = start();
    const flag = new SharedArrayBuffer(4);
    const aborter = new AbortController();
    const running = rejection(thread.call('block', [flag, 'running'], { signal: aborter.signal }));
    const queued = rejection(thread.call('mark', ['queued'], { signal: aborter.signal }));
    const kept = thread.call('mark', ['kept']);
    aborter.abort(new Error('enough'));
    expect(await running).toMatchObject({ message: 'enough' });
    expect(await queued).toMatchObject({ message: 'enough' });
    Atomics.store(new Int32Array(flag), 0, 1);
    Atomics.notify(new Int32Array(flag), 0);
    await kept;
    expect(await thread.call('begun', [])).not.toContain('queued');
  });

  it('before the call asks the thread nothing', async () => {
    const thread = start();
    expect(await rejection(thread.call('mark', ['x'], { signal: AbortSignal.abort('early') }))).toBe('early');
    expect(await thread.call('begun', [])).toEqual([]);
  });
});

describe('death', () => {
  it.each([
    ['process.exit', (thread: Thread<Api>) => thread.call('exit', [3]), { code: 3 }, undefined],
    [
      'an uncaught error',
      (thread: Thread<Api>) => thread.call('crash', []),
      { code: 1, error: { message: 'uncaught' } },
      { message: 'uncaught' },
    ],
    [
      'no memory',
      (thread: Thread<Api>) => thread.call('swell', []),
      { error: { code: 'ERR_WORKER_OUT_OF_MEMORY' } },
      { code: 'ERR_WORKER_OUT_OF_MEMORY' },
    ],
  ])('by %s rejects every pending and later call with its cause', async (_, kill, exit, cause) => {
    const thread = start({ name: 'victim', resourceLimits: { maxOldGenerationSizeMb: 64 } });
    const waiting = rejection(thread.call('never', []));
    const killed = rejection(kill(thread));
    for (const error of [await waiting, await killed]) {
      expect(error).toBeInstanceOf(ThreadError);
      expect(error).toMatchObject({ message: expect.stringContaining('victim') });
      if (cause === undefined) expect((error as Error).cause).toBeUndefined();
      else expect((error as Error).cause).toMatchObject(cause);
    }
    expect(await thread.exited).toMatchObject(exit);
    expect(await rejection(thread.call('add', [1, 1]))).toBeInstanceOf(ThreadError);
  });

  it('by terminate, even in an endless call, and twice', async () => {
    const thread = start();
    await thread.call('add', [1, 1]);
    const waiting = rejection(thread.call('never', []));
    await Promise.all([thread.terminate(), thread.terminate()]);
    expect(await waiting).toBeInstanceOf(ThreadError);
    expect(await thread.exited).toEqual({ code: 1 });
  });

  it('of a module that is not there is told like any other', async () => {
    const thread = openThread<Api>({ url: new URL('./nowhere.js', import.meta.url), execArgv: [] });
    expect(await rejection(thread.call('add', [1, 1]))).toMatchObject({
      code: 'HOLDFAST_THREAD',
      cause: { message: expect.stringContaining('nowhere.js') },
    });
  });
});

describe('the process', () => {
  const run = async (program: string): Promise<string> => {
    const preamble = `
      import { openThread, threadModule } from '../../src/threads/index.ts';
      const thread = openThread(threadModule(${JSON.stringify(import.meta.url)}, './worker'));
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '-e', preamble + program],
      { cwd: fileURLToPath(new URL('.', import.meta.url)), timeout: 15_000 },
    );
    return stdout.trim();
  };

  it('is kept alive by a pending call, and not by an idle thread', async () => {
    expect(await run(`thread.call('add', [1, 2]).then(console.log)`)).toBe('3');
    expect(
      await run(`
        await thread.call('add', [1, 2]);
        setImmediate(() => thread.call('later', ['again']).then(console.log));
      `),
    ).toBe('again');
  });

  it('is not kept alive by a thread that was never called', async () => {
    expect(await run('')).toBe('');
  });
});

describe('threadModule', () => {
  it('names the compiled module beside a compiled file, and hands no flags on', () => {
    expect(threadModule('file:///app/node_modules/holdfast/dist/src/x/y.js', './worker')).toEqual({
      url: new URL('file:///app/node_modules/holdfast/dist/src/x/worker.js'),
      execArgv: [],
    });
  });
});
