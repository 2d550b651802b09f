import { expect, test } from 'vitest';
import { type AnyActorRef, createMachine } from 'xstate';
import { createRuntime } from '../../src/create-runtime.js';
import { exit } from '../../src/runtime/index.js';
import { createWorld } from '../../src/testing/create-world.js';
import { child, dynamicSupervisor, startChild } from '../../supervisors/index.js';
import { obedient } from '../runtime/running.js';

const slow = createMachine({
  initial: 'on',
  states: {
    on: { on: { 'holdfast.shutdown': 'closing' } },
    closing: { after: { 1000: 'off' } },
    off: { type: 'final' },
  },
});

test.each([
  ['a supervisor', { children: [] }, { id: 'late', logic: slow }],
  ['a dynamic supervisor', dynamicSupervisor({ child: () => ({ logic: slow }) }), undefined],
])('who becomes ready as %s is told to stop does not outlive it', async (_, root, spec) => {
  const world = createWorld({ escapes: 'ignore' });
  try {
    const runtime = createRuntime(root);
    const ends: string[] = [];
    await world.run(() => runtime.start());
    runtime.bus.subscribe('actor.ready', () => void runtime.stop());
    runtime.bus.subscribe('actor.stopped', ({ id }) => void ends.push(`${id} at ${world.now}`));
    const started = startChild(runtime.root, ...(spec === undefined ? [] : [child(spec)])).catch(
      (error: Error) => error.name,
    );
    await world.run(() => runtime.stop());
    expect(await started).toBe('NoSuchActorError');
    expect(ends).toEqual([`${spec?.id ?? 1} at 1000`, 'root at 1000']);
  } finally {
    await world.leave();
  }
});

test('who becomes ready at the moment of the order to stop is stopped in its turn', async () => {
  const world = createWorld({ escapes: 'ignore' });
  try {
    let lives = 0;
    const spec = child({
      id: 'early',
      name: 'early',
      logic: obedient,
      input: () => ({ waits: lives++ > 0 }),
    });
    const runtime = createRuntime({ children: [spec, child({ id: 'last', logic: slow })] });
    const ends: string[] = [];
    await world.run(() => runtime.start());
    exit(runtime.whereis('early') as AnyActorRef, { type: 'killed' });
    await world.settle();
    const early = runtime.whereis('early') as AnyActorRef;
    runtime.bus.subscribe('actor.stopped', ({ id }) => void ends.push(`${id} at ${world.now}`));
    early.send({ type: 'ready' });
    const stopped = runtime.stop();
    await world.run(() => stopped);
    expect(ends).toEqual(['last at 1000', 'early at 1000', 'root at 1000']);
  } finally {
    await world.leave();
  }
});
