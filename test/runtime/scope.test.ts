import { describe, expect, test, vi } from 'vitest';
import { createMachine, log } from 'xstate';
import { createRuntime } from '../../src/create-runtime.js';
import { attribution } from '../../src/runtime/attribution.js';
import { exit, type Logger, type RuntimeEvents } from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import type { RuntimeScope } from '../../src/runtime/scope.js';
import { child } from '../../supervisors/index.js';
import { obedient, prepare, type Running, running } from './running.js';

const oops = new Error('oops');
const throwing = (): never => {
  throw oops;
};
const one = (options: Parameters<typeof running>[1] = {}): Promise<Running> =>
  running({ children: [child({ id: 'a', name: 'a', logic: obedient })] }, options);
const failures = (t: Running): unknown[] =>
  t.events.flatMap((event) => (event.type === 'listener.failed' ? [[event.listener, event.error]] : []));
const scopeOf = (t: Running): RuntimeScope => {
  const scope = ownerOf(t.runtime.root)?.scope;
  if (scope === undefined) throw new Error('a root has one');
  return scope;
};

describe('a listener of the bus', () => {
  test('works as whoever subscribed it: an actor, or nobody', async () => {
    const seen: unknown[] = [];
    const look = (): void => void seen.push(attribution().current());
    const logic = createMachine({
      on: { go: { actions: () => t.runtime.bus.subscribe('actor.crashed', look) } },
    });
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' }),
        child({ id: 'l', name: 'l', logic }),
      ],
    });
    t.runtime.bus.subscribe('actor.crashed', look);
    t.who('l').send({ type: 'go' });
    exit(t.who('a'), { type: 'killed' });
    expect(seen).toEqual([undefined, ownerOf(t.who('l'))]);
  });

  test('hears of everything, also where nothing is logged', async () => {
    const heard: unknown[] = [];
    const runtime = createRuntime({ children: [child({ id: 'a', logic: obedient })] });
    runtime.bus.subscribe('actor.ready', ({ path }) => heard.push(path));
    await runtime.start();
    await runtime.stop();
    expect(heard).toEqual(['root/a', 'root']);
  });

  test('that throws is reported with its topic; of the reports themselves none is made', async () => {
    const t = await one();
    t.runtime.bus.subscribe('actor.crashed', throwing);
    t.runtime.bus.subscribe('listener.failed', throwing);
    exit(t.who('a'), { type: 'killed' });
    expect(failures(t)).toEqual([['bus: actor.crashed', oops]]);
    const lines = t.lines.filter(({ fields }) => fields.event === 'listener.failed');
    expect(lines).toMatchObject([
      { level: 'error', fields: { listener: 'bus: actor.crashed', error: oops } },
      { level: 'error', fields: { listener: 'bus: listener.failed', error: oops } },
    ]);
    expect(t.events.find(({ type }) => type === 'listener.failed')).toMatchObject({ at: expect.any(Number) });
  });
});

describe('a logger', () => {
  test('gets one line for what an actor logs, with what it logged', async () => {
    const logic = createMachine({ entry: log(({ event }) => ({ of: event.type }), 'label') });
    const t = prepare({ children: [child({ id: 'a', logic })] });
    await t.runtime.start();
    const lines = t.lines.filter(({ fields }) => fields.event === 'actor.log');
    expect(lines).toEqual([
      {
        level: 'info',
        message: 'label [object Object]',
        fields: { event: 'actor.log', args: ['label', { of: 'xstate.init' }] },
      },
    ]);
  });

  test('gets its lines though nobody listens to the bus', async () => {
    const lines: string[] = [];
    const note = (_: object, message: string): void => void lines.push(message);
    const logger: Logger = { debug: note, info: note, warn: note, error: note };
    const runtime = await createRuntime({ children: [] }, { logger }).start();
    await runtime.stop();
    expect(lines).toEqual(['root started', 'root ready', 'root stopped: shutdown']);
  });

  test('works as nobody, whosever line it is', async () => {
    const seen: unknown[] = [];
    const look = (): void => void seen.push(attribution().current());
    const logger: Logger = { debug: look, info: look, warn: look, error: look };
    const t = await one({ logger });
    t.who('a').send({ type: 'throw', error: oops });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter((owner) => owner !== undefined)).toEqual([]);
  });

  test('is told of a dead letter', async () => {
    const t = await one();
    t.runtime.send('nobody', { type: 'x' });
    expect(t.lines.at(-1)).toEqual({
      level: 'debug',
      message: 'dead letter for nobody: nobody',
      fields: { event: 'dead-letter', to: 'nobody', type: 'x', because: 'nobody', count: 1, suppressed: 0 },
    });
    expect(t.events.at(-1)).toEqual({
      type: 'dead-letter',
      to: 'nobody',
      event: { type: 'x' },
      because: 'nobody',
      count: 1,
      suppressed: 0,
      at: expect.any(Number),
    });
    expect(t.runtime.deadLetters).toBe(1);
  });
});

describe('an inspector', () => {
  test('works as nobody, a function or an observer, and sees every actor', async () => {
    const seen: unknown[] = [];
    const observer = {
      types: new Set<string>(),
      next(event: { type: string }) {
        this.types.add(event.type);
        seen.push(attribution().current());
      },
    };
    const t = await one({ inspect: observer });
    t.who('a').send({ type: 'inc' });
    expect([...observer.types]).toEqual(
      expect.arrayContaining(['@xstate.actor', '@xstate.event', '@xstate.snapshot']),
    );
    const before = seen.length;
    const u = await one({ inspect: () => void seen.push(attribution().current()) });
    u.who('a').send({ type: 'inc' });
    expect(seen.length).toBeGreaterThan(before);
    expect(seen.filter((owner) => owner !== undefined)).toEqual([]);
  });

  test('that throws is reported, and harms nobody', async () => {
    const t = await one({ inspect: throwing });
    t.who('a').send({ type: 'inc' });
    expect(t.who('a').getSnapshot().context.count).toBe(1);
    expect(failures(t).length).toBeGreaterThan(0);
    for (const failure of failures(t)) expect(failure).toEqual(['inspect', oops]);
  });
});

test('starts are counted path by path, until a path is forgotten', async () => {
  const scope = scopeOf(await one());
  expect([scope.nextIncarnation('p'), scope.nextIncarnation('q'), scope.nextIncarnation('p')]).toEqual([
    1, 1, 2,
  ]);
  scope.forget('p');
  expect([scope.nextIncarnation('p'), scope.nextIncarnation('q')]).toEqual([1, 2]);
});

test('a timer of an actor that is left is cancelled', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const logic = createMachine({
      initial: 'x',
      states: { x: { after: { 1000: 'z' }, on: { leave: 'y' } }, y: {}, z: {} },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic })] });
    t.who('a').send({ type: 'leave' });
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

const topics = [
  'actor.started',
  'actor.ready',
  'actor.stopped',
  'actor.crashed',
] as const satisfies readonly (keyof RuntimeEvents)[];

test.each(topics)(
  'where nothing is logged a topic is heard when somebody listens to it: %s',
  async (topic) => {
    const runtime = createRuntime({ children: [] });
    await runtime.start();
    const scope = ownerOf(runtime.root)?.scope;
    expect(scope?.isHeard(topic)).toBe(false);
    const off = runtime.bus.subscribe(topic, () => {});
    expect([scope?.isHeard(topic), scope?.isHeard('supervisor.report')]).toEqual([true, false]);
    off();
    expect(scope?.isHeard(topic)).toBe(false);
    await runtime.stop();
  },
);
