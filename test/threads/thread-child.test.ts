import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type AnyActorRef, createActor, waitFor } from 'xstate';
import type * as Holdfast from '../../src/index.js';
import type { Runtime, RuntimeEvents, SupervisorOptions, ThreadChildSpec } from '../../src/index.js';
import * as sources from '../../src/index.js';
import { compiled } from '../snapshot/compiled.js';

/** The package as JavaScript, so that a thread starts in milliseconds. */
let hf: typeof Holdfast;
let built: Awaited<ReturnType<typeof compiled>>;

beforeAll(async () => {
  built = await compiled(['src', 'supervisors', 'actors', 'test/threads/fixtures']);
  hf = (await import(pathToFileURL(join(built.out, 'src/index.js')).href)) as typeof Holdfast;
}, 60_000);
afterAll(() => built.remove());

const fixture = (name: string): URL => pathToFileURL(join(built.out, 'test/threads/fixtures', `${name}.js`));

interface Lines {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

interface World {
  readonly runtime: Runtime;
  readonly letters: RuntimeEvents['dead-letter'][];
  readonly lines: Lines[];
  readonly ref: () => AnyActorRef;
}

function make(
  spec: Partial<ThreadChildSpec> = {},
  { children = [], ...options }: Partial<SupervisorOptions> = {},
): World {
  const lines: Lines[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  const runtime = hf.createRuntime(
    {
      maxRestarts: 1000,
      ...options,
      children: [
        ...children,
        hf.threadChild({ id: 'counter', name: 'counter', module: fixture('counter'), ...spec }),
      ],
    },
    { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } },
  );
  const letters: RuntimeEvents['dead-letter'][] = [];
  runtime.bus.subscribe('dead-letter', (letter) => void letters.push(letter));
  onTestFinished(() => runtime.stop());
  return { runtime, letters, lines, ref: () => runtime.whereis('counter') as AnyActorRef };
}

async function start(...args: Parameters<typeof make>): Promise<World> {
  const world = make(...args);
  await world.runtime.start();
  return world;
}

/** The threads that are started during the test, and what becomes of them. */
function threads(): { readonly all: Worker[]; readonly log: string[] } {
  const all: Worker[] = [];
  const log: string[] = [];
  const note = (worker: Worker): void => {
    const n = all.push(worker);
    log.push(`start ${n}`);
    worker.on('exit', () => void log.push(`exit ${n}`));
  };
  process.on('worker', note);
  onTestFinished(() => void process.off('worker', note));
  return { all, log };
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => expect.unreachable(`resolved with ${String(value)}`),
    (error: unknown) => error,
  );

const eventually = <T>(look: () => T): Promise<Awaited<T>> =>
  vi.waitFor(look, { timeout: 15_000 }) as Promise<Awaited<T>>;

const handles = (): number =>
  process.getActiveResourcesInfo().filter((kind) => /MessagePort|Worker/.test(kind)).length;

const count = { type: 'how-many' };

describe('messages', () => {
  it('and questions cross, in order', async () => {
    const { runtime, ref } = await start({ input: { label: 'mine' } });
    for (let n = 0; n < 3; n++) hf.send(ref(), { type: 'inc' });
    expect(await hf.ask(ref(), count)).toBe(3);
    runtime.send('counter', { type: 'inc' });
    ref().send({ type: 'inc' });
    await eventually(async () => expect(await runtime.ask('counter', count)).toBe(5));
  });

  it('that cannot be cloned are an error where the sender stands, and nobody is harmed', async () => {
    const { runtime, ref, letters } = await start();
    const event = { type: 'inc', by: () => 1 };
    expect(() => hf.send(ref(), event)).toThrow(expect.objectContaining({ name: 'DataCloneError' }));
    expect(await rejection(hf.ask(ref(), event))).toMatchObject({ name: 'DataCloneError' });
    runtime.send('counter', event);
    ref().send(event);
    expect(letters.map(({ because, to }) => ({ because, to }))).toEqual([
      { because: 'not-cloneable', to: 'root/counter' },
      { because: 'not-cloneable', to: 'root/counter' },
    ]);
    expect(await rejection(hf.ask(ref(), { type: 'uncloneable' }))).toMatchObject({ name: 'DataCloneError' });
    expect(await hf.ask(ref(), { type: 'incarnation' })).toBe(1);
  });

  it.each([
    ['busy machine', 'counter'],
    ['busy actor without a state', 'sink'],
  ])('to a %s wait on this side, within the bound, and none is lost', async (_, module) => {
    const { runtime, ref } = await start({
      module: fixture(module),
      heartbeat: false,
      mailbox: { bound: 100 },
    });
    const flag = new SharedArrayBuffer(4);
    hf.send(ref(), { type: 'block', flag });
    const waiting = (): unknown => hf.sys.getState(ref()).mailbox;
    let sent = 0;
    // With the order to block, that is all that may be on its way. A loaded machine may need turns to hand it on.
    while (sent < 999) {
      hf.send(ref(), { type: 'inc' });
      if (++sent % 50 === 0) await eventually(() => expect(waiting()).toBe(0));
    }
    await eventually(() => expect(waiting()).toBe(0));
    const flood = (): unknown => {
      try {
        for (;;) {
          hf.send(ref(), { type: 'inc' });
          sent++;
        }
      } catch (error) {
        return error;
      }
    };
    expect(flood()).toBeInstanceOf(hf.MailboxFullError);
    expect(sent).toBe(1099);
    expect(hf.sys.getState(ref()).mailbox).toBe(100);
    Atomics.store(new Int32Array(flag), 0, 1);
    Atomics.notify(new Int32Array(flag), 0);
    await eventually(() => expect(hf.sys.getState(ref()).mailbox).toBe(0));
    expect(await runtime.ask('counter', count, { timeout: '15s' })).toBe(1099);
  });

  it('wait while it is suspended', async () => {
    const { ref } = await start();
    await hf.sys.suspend(ref());
    hf.send(ref(), { type: 'inc' });
    const answer = hf.ask(ref(), count);
    await new Promise((resolve) => setImmediate(resolve));
    expect(hf.sys.getState(ref())).toMatchObject({ suspended: true, mailbox: 2, context: { count: 0 } });
    hf.sys.resume(ref());
    expect(await answer).toBe(1);
  });

  it('by name reach this side, be it as dead letters, and so do lines for the log', async () => {
    const got: string[] = [];
    const { fromCallback } = await import('xstate');
    const listener = hf.child({
      id: 'listener',
      name: 'listener',
      logic: fromCallback(({ receive }) => receive(({ type }) => void got.push(type))),
    });
    const { runtime, lines, letters } = await start({}, { children: [listener] });
    runtime.send('counter', { type: 'tell' });
    runtime.send('counter', { type: 'log' });
    await eventually(() => expect(got).toEqual(['told']));
    await eventually(() =>
      expect(lines.filter(({ level }) => level === 'warn')).toEqual([
        {
          level: 'warn',
          fields: { path: 'root/counter', incarnation: 1, answer: 42 },
          message: 'a line from the thread',
        },
      ]),
    );
    const other = await start();
    other.runtime.send('counter', { type: 'tell' });
    await eventually(() => expect(other.letters).toMatchObject([{ to: 'listener', because: 'nobody' }]));
    expect(letters).toEqual([]);
    // Its life is told once.
    expect(lines.filter(({ message }) => message === 'root/counter ready')).toHaveLength(1);
  });
});

describe('a reply', () => {
  it('that comes too late is dropped, and never given to a later question', async () => {
    const { ref } = await start();
    const late = rejection(hf.ask(ref(), { type: 'hold' }, { timeout: 1 }));
    const aborter = new AbortController();
    const aborted = rejection(hf.ask(ref(), { type: 'hold' }, { signal: aborter.signal }));
    aborter.abort('enough');
    expect(await late).toBeInstanceOf(hf.AskTimeoutError);
    expect(await aborted).toBe('enough');
    const [released, counted] = await Promise.all([hf.ask(ref(), { type: 'release' }), hf.ask(ref(), count)]);
    expect([released, counted]).toEqual([2, 0]);
  });

  it('is waited for in the next incarnation, where that is asked for', async () => {
    const { runtime, ref } = await start();
    hf.send(ref(), { type: 'throw' });
    expect(
      await runtime.ask('counter', { type: 'incarnation' }, { acrossRestarts: true, timeout: '15s' }),
    ).toBe(2);
  });
});

describe('where it stands', () => {
  it('is known: state, tags, context', async () => {
    const { runtime, ref } = await start({ input: () => ({ label: 'mine' }) });
    expect(runtime.tree().children).toMatchObject([{ id: 'counter', type: 'worker', state: 'counting' }]);
    expect(hf.sys.getState(ref())).toMatchObject({
      value: 'counting',
      tags: ['busy'],
      context: { count: 0, label: 'mine' },
    });
    hf.send(ref(), { type: 'inc' });
    await waitFor(ref(), ({ context }) => (context as { count: number }).count === 1);
  });

  it('is what `ready` and `startInfo` are asked about, and never what is not the actor yet', async () => {
    const seen: unknown[] = [];
    const { ref } = await start({
      ready: ({ context }) => seen.push(context) > 0,
      startInfo: ({ value }) => value,
    });
    expect(seen).toEqual([{ count: 0, label: 'none', held: [] }]);
    expect(hf.sys.getState(ref()).status).toBe('active');
  });
});

describe('its end', () => {
  const ends: [string, { readonly type: string; readonly code?: number }, object][] = [
    ['an error', { type: 'throw' }, { name: 'CounterError', message: 'broken', code: 'E_COUNTER' }],
    ['an error in a timer', { type: 'throw-later' }, { name: 'CounterError' }],
    ['an unhandled rejection', { type: 'reject' }, { name: 'CounterError' }],
    ['something thrown that is no error', { type: 'throw-value' }, { odd: true }],
    ['process.exit(3)', { type: 'exit', code: 3 }, { code: 'HOLDFAST_THREAD_EXITED', exitCode: 3 }],
    ['process.exit(0)', { type: 'exit', code: 0 }, { code: 'HOLDFAST_THREAD_EXITED', exitCode: 0 }],
    [
      'out of memory',
      { type: 'swell' },
      { code: 'HOLDFAST_THREAD_OUT_OF_MEMORY', cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' } },
    ],
    ['a busy loop', { type: 'spin' }, { code: 'HOLDFAST_THREAD_UNRESPONSIVE', silence: 300 }],
  ];
  it.each(ends)(
    'by %s is its exit reason, and another one is started under its name',
    async (_, by, error) => {
      const { runtime, ref } = await start({
        resourceLimits: { maxOldGenerationSizeMb: 32 },
        // A thread that dies for want of memory is silent, too, for a while.
        heartbeat: by.type === 'spin' && { every: '100ms', misses: 3 },
      });
      const first = ref();
      const died = await rejection(hf.ask(first, by, { timeout: '15s' }));
      expect(died).toBeInstanceOf(hf.ActorDiedError);
      expect((died as Holdfast.ActorDiedError).reason).toMatchObject({ type: 'error', error });
      expect(
        await runtime.ask('counter', { type: 'incarnation' }, { acrossRestarts: true, timeout: '15s' }),
      ).toBe(2);
      expect(ref()).not.toBe(first);
      expect(runtime.tree().children).toMatchObject([{ incarnation: 2, restarts: 1 }]);
    },
  );

  it('by an error keeps its stack and its causes', async () => {
    const { ref } = await start();
    const died = await rejection(hf.ask(ref(), { type: 'throw' }));
    expect((died as Error).cause).toMatchObject({
      stack: expect.stringContaining('counter.js'),
      cause: { name: 'RangeError', message: 'deep' },
    });
    expect(((died as Error).cause as Error).cause).toBeInstanceOf(RangeError);
  });

  it('when it is done is normal: a transient one is not started again, and its thread is gone', async () => {
    const { all } = threads();
    const { runtime, ref } = await start({ restart: 'transient' });
    const ended = new Promise((resolve) => runtime.bus.subscribe('actor.stopped', resolve));
    hf.send(ref(), { type: 'finish' });
    expect(await ended).toMatchObject({ path: 'root/counter', reason: { type: 'normal' } });
    expect(all[0]?.threadId).toBe(-1);
    await eventually(() => expect(runtime.tree().children).toMatchObject([{ status: 'stopped' }]));
  });

  it('brings its output, of an actor without a supervisor too', async () => {
    const { logic, input } = hf.threadChild({ id: 'doubler', module: fixture('doubler'), input: { n: 21 } });
    const actor = createActor(logic, { input });
    actor.start();
    const done = await waitFor(actor, ({ status }) => status === 'done');
    expect(done.output).toEqual({ twice: 42, at: new Date(0) });
  });

  it('by a stop of an actor without a supervisor is the end of its thread', async () => {
    const { all } = threads();
    const { logic } = hf.threadChild({ id: 'counter', module: fixture('counter') });
    const actor = createActor(logic);
    actor.start();
    actor.stop();
    await eventually(() => expect(all[0]?.threadId).toBe(-1));
  });

  it('before it was ready, with IGNORE, is no failure', async () => {
    const { all } = threads();
    const { runtime } = await start({ module: fixture('ignored') });
    expect(runtime.tree().children).toMatchObject([{ status: 'stopped' }]);
    expect(all[0]?.threadId).toBe(-1);
  });

  it('by a supervisor in it that gave up is a shutdown with that as its detail', async () => {
    const { runtime } = await start({ module: fixture('tree'), restart: 'temporary' });
    const ended = new Promise((resolve) => runtime.bus.subscribe('actor.stopped', resolve));
    expect(await ended).toMatchObject({ reason: { type: 'shutdown', detail: { code: 'HOLDFAST_GAVE_UP' } } });
  });

  it('by a kill is at once; the next one is not begun before its thread has ended', async () => {
    const { log } = threads();
    const { runtime, ref } = await start();
    ref().send({ type: 'spin' });
    hf.exit(ref(), { type: 'killed' });
    expect(
      await runtime.ask('counter', { type: 'incarnation' }, { acrossRestarts: true, timeout: '15s' }),
    ).toBe(2);
    expect(log).toEqual(['start 1', 'exit 1', 'start 2']);
  });

  it('by an exit signal is at once, unless it traps them: then it is told', async () => {
    const { runtime, ref } = await start({ restart: 'temporary' });
    const reasons: unknown[] = [];
    runtime.bus.subscribe('actor.stopped', ({ reason }) => void reasons.push(reason));
    hf.exit(ref(), { type: 'shutdown', detail: 'enough' });
    expect(reasons).toEqual([{ type: 'shutdown', detail: 'enough' }]);
    const trapping = await start({ trapExit: true });
    hf.exit(trapping.ref(), { type: 'shutdown' });
    expect(await hf.ask(trapping.ref(), { type: 'incarnation' })).toBe(1);
  });
});

describe('a stop', () => {
  it('is what a machine that names it is asked by; what it did last is waited for', async () => {
    const { all } = threads();
    const { runtime, ref } = await start();
    const states: unknown[] = [];
    ref().subscribe(({ value }) => void states.push(value));
    await runtime.stop();
    expect(states.at(-1)).toBe('done');
    expect(all[0]?.threadId).toBe(-1);
    expect(await runtime.exited).toEqual({ type: 'shutdown' });
  });

  it('that is not heeded is a kill after its shutdown time', async () => {
    const { all } = threads();
    const { runtime, lines } = await start({ module: fixture('stubborn'), shutdown: 50 });
    await runtime.stop();
    await eventually(() => expect(all[0]?.threadId).toBe(-1));
    expect(lines.map(({ fields }) => (fields as { event: string }).event)).toContain('actor.overran');
  });

  it('of one that spins is a kill, too', async () => {
    const { all } = threads();
    const { runtime, ref } = await start({ heartbeat: false, shutdown: 50 });
    hf.send(ref(), { type: 'spin' });
    await runtime.stop();
    await eventually(() => expect(all[0]?.threadId).toBe(-1));
  });
});

it('tells whoever calls what its thread serves what that died of', async () => {
  const { openActor } = (await import(
    pathToFileURL(join(built.out, 'src/threads/index.js')).href
  )) as typeof import('../../src/threads/index.js');
  const before = handles();
  const thread = openActor<{ fail(): void; never(): Promise<void> }>({ id: 'api', module: fixture('api') });
  const waiting = rejection(thread.call('never', []));
  await thread.call('fail', []);
  expect(await waiting).toMatchObject({ code: 'HOLDFAST_THREAD', cause: { message: 'too late' } });
  await thread.terminate();
  expect(handles()).toBe(before);
});

describe('a start', () => {
  it.each([
    ['hangs', 'while it loads'],
    ['loops', 'and its loop does not turn either'],
  ])('that %s, %s, has failed after startTimeout, and leaves no thread', async (name) => {
    const { all } = threads();
    const { runtime } = make({ module: fixture(name), startTimeout: 300 });
    const error = await rejection(runtime.start());
    expect(error).toMatchObject({ code: 'HOLDFAST_START', childId: 'counter' });
    expect((error as Error).cause).toBeInstanceOf(hf.StartTimeoutError);
    expect(all).toHaveLength(1);
    await eventually(() => expect(all[0]?.threadId).toBe(-1));
  });

  it.each<[string, Partial<ThreadChildSpec>, object]>([
    ['throws while it loads', { module: 'broken' }, { name: 'RangeError', message: 'broken while it loads' }],
    ['exports no logic', { module: 'nothing' }, { code: 'HOLDFAST_OPTIONS', message: /default export/ }],
    ['has an input that cannot be cloned', { input: { label: () => 1 } }, { name: 'DataCloneError' }],
  ])('whose module %s has failed with that', async (_, { module = 'counter', ...spec }, cause) => {
    const before = handles();
    const { runtime } = make({ ...spec, module: fixture(module as string) });
    const { message, ...rest } = cause as { message?: string | RegExp };
    const error = (await rejection(runtime.start())) as Error;
    expect(error.cause).toMatchObject({
      ...rest,
      ...(message !== undefined && { message: expect.stringMatching(message) }),
    });
    await eventually(() => expect(handles()).toBe(before));
  });

  it('is refused where the spec is wrong', () => {
    const spec = (more: object) => () =>
      hf.threadChild({ id: 'a', module: fixture('counter'), ...more } as ThreadChildSpec);
    const wrong = (option: string) => expect.objectContaining({ code: 'HOLDFAST_OPTIONS', option });
    expect(spec({ module: './nowhere.js' })).toThrow(/nowhere\.js \(nor .*nowhere\.ts\).*new URL/);
    expect(spec({ module: new URL('https://example.org/x.js') })).toThrow(wrong('module'));
    expect(spec({ module: 7 })).toThrow(wrong('module'));
    expect(spec({ resourceLimits: { maxOldGenerationSizeMb: 0 } })).toThrow(
      wrong('resourceLimits.maxOldGenerationSizeMb'),
    );
    expect(spec({ heartbeat: 0 })).toThrow(wrong('heartbeat'));
    expect(spec({ heartbeat: { misses: 0 } })).toThrow(wrong('heartbeat.misses'));
    expect(spec({ heartbeat: 'often' })).toThrow(wrong('heartbeat'));
    expect(spec({ id: '' })).toThrow(wrong("child ''.id"));
    expect(spec({ nonsense: 1 })).toThrow(wrong("child 'a'.nonsense"));
  });
});

describe('what is left', () => {
  it('after 100 restarts and a stop is nothing: no thread, no port, no listener', async () => {
    const { all } = threads();
    const before = handles();
    const { runtime, ref } = await start();
    for (let n = 1; n <= 100; n++) {
      hf.send(ref(), n % 2 === 0 ? { type: 'throw' } : { type: 'exit', code: 1 });
      await runtime.ask('counter', { type: 'incarnation' }, { acrossRestarts: true, timeout: '30s' });
      await eventually(() => expect(runtime.tree().children).toMatchObject([{ incarnation: n + 1 }]));
    }
    await runtime.stop();
    expect(all).toHaveLength(101);
    expect(all.every(({ threadId }) => threadId === -1)).toBe(true);
    await eventually(() => expect(handles()).toBe(before));
  }, 120_000);

  const run = async (program: string): Promise<string> => {
    const file = join(built.out, `program-${Math.random()}.js`);
    await writeFile(
      file,
      `import { createRuntime, threadChild } from './src/index.js';
const runtime = createRuntime({ children: [threadChild({ id: 'counter', name: 'counter', module: new URL('./test/threads/fixtures/counter.js', import.meta.url) })] });
${program}`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 20_000 });
    return stdout.trim();
  };

  it('keeps no process alive when its tree has ended; while that runs, its thread does', async () => {
    const stopped = run(`await runtime.start(); await runtime.stop(); console.log('stopped');`);
    // Nothing but the thread could wake it.
    const kept = run(
      `await runtime.start();
       runtime.bus.subscribe('dead-letter', ({ to }) => { console.log(to); void runtime.stop(); });
       runtime.send('counter', { type: 'tell' });`,
    );
    expect(await Promise.all([stopped, kept])).toEqual(['stopped', 'listener']);
  });
});

it('runs from TypeScript sources, by the name that the module has when it is compiled', async () => {
  const runtime = sources.createRuntime({
    children: [
      sources.threadChild({
        id: 'counter',
        name: 'counter',
        module: new URL('./fixtures/counter.js', import.meta.url),
      }),
    ],
  });
  onTestFinished(() => runtime.stop());
  await runtime.start();
  expect(await runtime.ask('counter', count)).toBe(0);
});
