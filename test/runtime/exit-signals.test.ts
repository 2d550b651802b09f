import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { type AnyActorRef, createActor, createMachine, fromTransition } from 'xstate';
import { NoSuchActorError } from '../../src/errors.js';
import { type ExitReason, exit, link, monitor } from '../../src/runtime/index.js';
import { child, supervisor } from '../../supervisors/index.js';
import { obedient, type Running, running, turns } from './running.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const killed: ExitReason = { type: 'killed' };
const normal: ExitReason = { type: 'normal' };

/** A supervisor `sup`, and an actor `a` beside it. */
const pair = (): Promise<Running> =>
  running({
    children: [
      child({ id: 'sup', name: 'sup', logic: supervisor({ children: [] }), restart: 'temporary' }),
      child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' }),
    ],
  });

const ignored = (t: Running): unknown[] =>
  t.lines
    .filter(({ fields }) => fields.event === 'exit.ignored')
    .map(({ level, fields }) => ({ level, ...fields }));

describe('a supervisor', () => {
  test('says in the log which exit of a stranger’s it ignores', async () => {
    const t = await pair();
    link(t.who('sup'), t.who('a'));
    exit(t.who('a'), killed);
    const line = { level: 'debug', event: 'exit.ignored', path: 'root/sup', reason: killed };
    expect(ignored(t)).toEqual([line]);
  });

  test('and what is linked to it, both ended, are told nothing by a link', async () => {
    const t = await pair();
    const [sup, a] = [t.who('sup'), t.who('a')];
    for (const ref of [sup, a]) exit(ref, killed);
    link(sup, a);
    link(a, sup);
    expect(ignored(t)).toEqual([]);
  });

  test('holds on to nobody who was linked to it and has ended', async () => {
    const t = await pair();
    const ended = (): WeakRef<AnyActorRef> => {
      const a = t.who('a');
      link(t.who('sup'), a);
      exit(a, { type: 'shutdown' });
      return new WeakRef(a);
    };
    const a = ended();
    await turns();
    collect();
    expect(a.deref()).toBeUndefined();
  });
});

describe('that there was nobody any more', () => {
  test.each<[string, (t: Running) => AnyActorRef, RegExp]>([
    ['a supervised actor is told by its path', (t) => t.who('a'), /'root\/a' had ended before/],
    ['any other by its id', () => createActor(obedient, { id: 'plain' }).start(), /'plain' had ended before/],
  ])('%s', async (_, who, words) => {
    const t = await pair();
    const got: { reason: { error: Error } }[] = [];
    const noting = fromTransition(
      (_: undefined, event): undefined => void got.push(event as never),
      undefined,
    );
    const target = who(t);
    if (target === t.runtime.whereis('a')) exit(target, killed);
    else target.stop();
    monitor(createActor(noting).start(), target);
    await turns();
    expect(got).toHaveLength(1);
    expect(got[0]?.reason.error).toBeInstanceOf(NoSuchActorError);
    expect(got[0]?.reason.error.message).toMatch(words);
  });
});

describe('who exits an actor', () => {
  const reasons = (t: Running): unknown[] =>
    t.events.flatMap((event) => (event.type === 'actor.stopped' ? [[event.path, event.reason]] : []));

  test('is itself, too, when the work that does so was begun earlier', async () => {
    const logic = createMachine({
      on: { go: { actions: ({ self }) => void Promise.resolve().then(() => exit(self, normal)) } },
    });
    const t = await running({ children: [child({ id: 'a', name: 'a', logic, restart: 'temporary' })] });
    t.who('a').send({ type: 'go' });
    await turns();
    expect(reasons(t)).toEqual([['root/a', normal]]);
  });

  test('is another one, though that was sent to within the target’s own transition', async () => {
    const asking = createMachine({
      on: {
        go: { actions: ({ event, self }) => (event.to as AnyActorRef).send({ type: 'exit', whom: self }) },
      },
    });
    const exiting = createMachine({
      on: { exit: { actions: ({ event }) => exit(event.whom as AnyActorRef, normal) } },
    });
    const t = await running({
      children: [
        child({ id: 'a', name: 'a', logic: asking, restart: 'temporary' }),
        child({ id: 'b', name: 'b', logic: exiting, restart: 'temporary' }),
      ],
    });
    t.who('a').send({ type: 'go', to: t.who('b') });
    await turns();
    expect(reasons(t)).toEqual([]);
    expect(t.incarnation('a')).toBe(1);
  });
});
