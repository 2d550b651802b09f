import { describe, expect, test } from 'vitest';
import { createActor, fromTransition } from 'xstate';
import { ActorDiedError } from '../../src/errors.js';
import { ask, type ExitReason, exit, monitor } from '../../src/runtime/index.js';
import { onEnd } from '../../src/runtime/ties.js';
import { child } from '../../supervisors/index.js';
import { obedient, running, turns } from './running.js';

const noting = (got: unknown[]) =>
  fromTransition((_: undefined, event: { type: string; reason?: ExitReason }) => {
    if (event.type === 'holdfast.down') got.push(event.reason);
    return undefined;
  }, undefined);

describe('whoever comes to watch an actor', () => {
  test('when its last snapshot is there and its end has yet to be told, is told of that end', async () => {
    const got: unknown[] = [];
    const t = await running({
      children: [
        child({ id: 'w', name: 'w', logic: noting(got) }),
        child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' }),
      ],
    });
    const [w, a] = [t.who('w'), t.who('a')];
    a.subscribe((snapshot) => {
      if (snapshot.status === 'done') monitor(w, a);
    });
    a.send({ type: 'finish' });
    await turns();
    expect(got).toEqual([{ type: 'normal' }]);
  });

  test.each<ExitReason>([{ type: 'killed' }, { type: 'shutdown', detail: 1 }])(
    'is told its reason, not how XState saw it: %o',
    async (reason) => {
      const t = await running({
        children: [child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' })],
      });
      const asked = ask(t.who('a'), { type: 'never' }, { timeout: '1h' });
      exit(t.who('a'), reason);
      await expect(asked).rejects.toMatchObject({ reason });
      await expect(asked).rejects.toBeInstanceOf(ActorDiedError);
    },
  );

  test('can go before it ends, supervised or not', async () => {
    const t = await running({
      children: [child({ id: 'a', name: 'a', logic: obedient, restart: 'temporary' })],
    });
    const told: unknown[] = [];
    for (const target of [t.who('a'), createActor(obedient).start()]) {
      const off = onEnd(target, () => told.push('gone'));
      onEnd(target, ({ type }) => told.push(type));
      off();
      target.send({ type: 'finish' });
    }
    expect(told).toEqual(['normal', 'normal']);
  });
});
