import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type AnyActorRef, createMachine, fromCallback, setup } from 'xstate';
import { ActorDiedError } from '../../src/errors.js';
import { ask, exit, send, sys } from '../../src/runtime/index.js';
import { sleep } from '../../src/runtime/time.js';
import { child, startChild, supervisor, task, withBackoff } from '../../supervisors/index.js';
import { supervisorWith } from '../../supervisors/supervisor.js';
import { obedient } from '../runtime/running.js';
import { boom, crash, innerOf, obeying, outcome, startedTree, steady, tree } from './backing-off.js';

beforeEach(steady);

const kill = { type: 'killed' } as const;

describe('an attempt', () => {
  test('that cannot be made is a failure: its input throws', async () => {
    let tries = 0;
    const input = (): undefined => {
      if (++tries < 3) throw boom;
    };
    const t = await startedTree(
      withBackoff(child({ id: 'a', name: 'a', logic: obedient, input }), { min: 100, max: 1000 }),
    );
    expect(t.snapshot()).toMatchObject({ value: 'backoff', context: { failures: 1 } });
    await t.settle(200 + 400);
    expect(t.snapshot()).toMatchObject({ value: 'running', context: { failures: 2 } });
    const failing = withBackoff(
      child({
        id: 'b',
        logic: obedient,
        restart: 'temporary',
        input: () => {
          throw boom;
        },
      }),
    );
    expect(await outcome(t, startChild(t.runtime.root, failing))).toMatchObject({ error: { cause: boom } });
  });

  test('that ends at the moment of its being ready is a failure, and waited for', async () => {
    const lives: AnyActorRef[] = [];
    const logic = createMachine({ entry: ({ self }) => void lives.push(self) });
    const t = tree([child({ id: 'a', name: 'a', logic: withBackoff(logic, { min: 100, max: 1000 }) })]);
    t.runtime.bus.subscribe('actor.ready', ({ path, incarnation }) => {
      if (path === 'root/a/attempt' && incarnation === 1) exit(lives[0] as AnyActorRef, kill);
    });
    await outcome(t, t.runtime.start());
    expect(t.snapshot()).toMatchObject({ value: 'backoff', inner: undefined, context: { failures: 1 } });
    await t.settle(200);
    expect(t.snapshot().value).toBe('running');
  });

  test('that becomes ready and ends before anybody knows of it is a failure', async () => {
    const t = tree([
      child({ id: 'a', name: 'a', logic: withBackoff(obedient, { min: 100 }), input: { waits: true } }),
    ]);
    void t.runtime.start();
    await t.settle();
    const inner = innerOf(t);
    inner.send({ type: 'ready' });
    exit(inner, kill);
    await t.settle();
    expect(t.snapshot()).toMatchObject({ value: 'backoff', context: { failures: 1 } });
  });

  test('is ready when its spec says so', async () => {
    const spec = child({ id: 'a', name: 'a', logic: obedient, ready: ({ context }) => context.count > 0 });
    const t = tree([withBackoff(spec)]);
    const start = t.runtime.start();
    await t.settle();
    expect(t.runtime.tree().children).toMatchObject([{ status: 'starting', state: 'starting' }]);
    innerOf(t).send({ type: 'inc' });
    expect(await outcome(t, start)).toEqual({ value: t.runtime });
    expect(t.snapshot().value).toBe('running');
  });

  test('that is started again says how often that was', async () => {
    const t = await obeying();
    for (const delay of [200, 400, 800]) {
      await crash(t);
      await t.settle(delay);
    }
    expect(t.events.filter(({ type }) => type === 'actor.restarted')).toMatchObject([
      { restarts: 1 },
      { restarts: 2 },
      { restarts: 3 },
    ]);
  });
});

describe('what is seen of it', () => {
  const traffic = setup({ types: {} as { tags: 'busy'; events: { type: 'go' } } }).createMachine({
    initial: 'red',
    states: { red: { on: { go: 'green' } }, green: { tags: 'busy' } },
  });

  test('a change of state inside, at once, and its tags', async () => {
    const t = await startedTree(child({ id: 'a', name: 'a', logic: withBackoff(traffic) }));
    const seen: unknown[] = [];
    t.who('a').subscribe(({ inner }) => void seen.push(inner?.value));
    expect(['running', 'busy', 'starting'].map((tag) => t.snapshot().hasTag(tag))).toEqual([
      true,
      false,
      false,
    ]);
    innerOf(t).send({ type: 'go' } as never);
    expect(seen.at(-1)).toBe('green');
    expect(['running', 'busy', 'starting'].map((tag) => t.snapshot().hasTag(tag))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('of logic that knows no tags: its own', async () => {
    const t = await startedTree(child({ id: 'a', name: 'a', logic: withBackoff(fromCallback(() => {})) }));
    expect(['running', 'starting'].map((tag) => t.snapshot().hasTag(tag))).toEqual([true, false]);
  });

  test('when it has ended: that, and with what', async () => {
    const t = await startedTree(withBackoff(task('a', () => sleep(10).then(() => 'done'), { name: 'a' })));
    const ref = t.who('a');
    await t.settle(10);
    expect(ref.getSnapshot()).toMatchObject({ status: 'done', output: 'done', error: undefined });
    expect(ref.getSnapshot().context).toEqual({ failures: 0, delay: undefined });
    expect(['stopped', 'running'].map((tag) => ref.getSnapshot().hasTag(tag))).toEqual([true, false]);
  });

  test('a temporary one that crashes has ended with that error', async () => {
    const t = await obeying({ restart: 'temporary' });
    const ref = t.who('a');
    await crash(t);
    expect(ref.getSnapshot()).toMatchObject({ status: 'error', error: boom, output: undefined });
    expect(t.events.filter((each) => each.type === 'actor.crashed')).toMatchObject([
      { path: 'root/a/attempt', error: boom },
      { path: 'root/a', error: boom, starting: false },
    ]);
  });
});

describe('a supervisor inside', () => {
  const inner = (over = (): void => {}) =>
    supervisorWith({ maxRestarts: 0, children: [child({ id: 'x', name: 'x', logic: obedient })] }, over);

  test('what it leaves is looked at when it is known whether it was started again', async () => {
    const over = vi.fn();
    const t = await startedTree(withBackoff(child({ id: 'a', name: 'a', logic: inner(over) }), { min: 100 }));
    send(t.who('x'), { type: 'throw', error: boom });
    await t.settle(199);
    expect(over).not.toHaveBeenCalled();
    await t.settle(1);
    expect(over).toHaveBeenCalledTimes(1);
    send(t.who('x'), { type: 'throw', error: boom });
    await t.settle();
    await t.runtime.stop();
    expect(over).toHaveBeenCalledTimes(2);
  });

  test('suspended with its wrapper, it restarts nobody until it is resumed', async () => {
    const logic = supervisor({ children: [child({ id: 'x', name: 'x', logic: obedient })] });
    const t = await startedTree(withBackoff(child({ id: 'a', name: 'a', logic })));
    await outcome(t, sys.suspend(t.who('a')));
    send(t.who('x'), { type: 'throw', error: boom });
    await t.settle();
    expect(t.runtime.whereis('x')).toBeUndefined();
    sys.resume(t.who('a'));
    await t.settle();
    expect(t.incarnation('x')).toBe(2);
  });
});

describe('somebody asks', () => {
  test('at the moment of its death: it is a dead letter of the wrapper', async () => {
    const t = await obeying();
    t.runtime.bus.subscribe('actor.crashed', () => t.who('a').send({ type: 'inc' }));
    await crash(t);
    expect(t.events.filter(({ type }) => type === 'dead-letter')).toMatchObject([{ to: 'root/a' }]);
  });

  test('while it backs off: for how long it may, and after how many failures', async () => {
    const t = await obeying();
    await crash(t);

    const { error } = (await outcome(t, ask(t.who('a'), { type: 'get' } as never))) as { error: Error };
    expect(error.message).toMatch(/'root\/a' does not run: it failed 1 times .* within 200 ms/);
    expect(error).not.toBeInstanceOf(ActorDiedError);
  });
});
