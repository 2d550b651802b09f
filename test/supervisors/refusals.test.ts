/** What a supervisor refuses, and in which words: who reads them is to know what to do. */
import { describe, expect, test } from 'vitest';
import { type AnyActorRef, createActor, createMachine, fromCallback } from 'xstate';
import { createRuntime } from '../../src/create-runtime.js';
import { NoSuchActorError, OptionsError, StateError } from '../../src/errors.js';
import {
  type AutoShutdown,
  checkChildSpecs,
  child,
  childSpec,
  deleteChild,
  dynamicSupervisor,
  restartChild,
  type SupervisorRef,
  startChild,
  terminateChild,
  whichChildren,
} from '../../supervisors/index.js';
import { dynamicStage, end, killed, nested, stage, worker } from '../conformance/build.js';

const refusal = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );
const supervisorRef = (ref: AnyActorRef | undefined) => ref as SupervisorRef;

/** Two dynamic supervisors side by side. */
async function twoPools(spec: { readonly restart?: 'temporary' } = {}) {
  const logic = dynamicSupervisor({ child: () => ({ logic: fromCallback(() => {}), ...spec }) });
  const t = await stage({
    children: [
      { id: 'p', logic },
      { id: 'q', logic },
    ],
  });
  return { t, p: supervisorRef(await t.ref('p')), q: supervisorRef(await t.ref('q')) };
}

describe('who is asked', () => {
  test('an actor that is no supervisor', async () => {
    const plain = createActor(fromCallback(() => {})).start();
    const machine = createActor(createMachine({ id: 'machine' })).start();
    for (const ref of [plain, machine]) {
      await expect(startChild(supervisorRef(ref), worker('a'))).rejects.toThrow(StateError);
      await expect(whichChildren(supervisorRef(ref))).rejects.toThrow(/is not a supervisor/);
    }
  });

  test('a supervisor that has not been started', async () => {
    const { root } = createRuntime({ children: [] });
    await expect(whichChildren(root)).rejects.toThrow(NoSuchActorError);
    await expect(startChild(root, worker('a'))).rejects.toThrow(/'root' has not been started/);
  });
});

describe('whom it is about', () => {
  test('children with ids are addressed by these', async () => {
    const t = await stage({ children: [worker('a')] });
    const a = await t.ref('a');
    expect(await refusal(terminateChild(t.root, a))).toMatch(/NO_SUCH_CHILD: .* not by ref.*the actor 'a'/);
    expect(await refusal(terminateChild(t.root, 'b'))).toMatch(/NO_SUCH_CHILD: root has no child 'b'/);
  });

  test('children of a dynamic supervisor by ref', async () => {
    const t = await dynamicStage();
    expect(await refusal(childSpec(t.root, '1'))).toMatch(/NO_SUCH_CHILD: .*by ref\. Given: '1'/);
    expect(await refusal(childSpec(t.root, t.root))).toMatch(
      /NO_SUCH_CHILD: .*'root' is not a child of root/,
    );
    expect(await refusal(terminateChild(t.root, '1'))).toMatch(/DYNAMIC_CHILD: terminateChild: .*by ref/);
    for (const [call, name] of [
      [restartChild, 'restartChild'],
      [deleteChild, 'deleteChild'],
    ] as const) {
      expect(await refusal(call(t.root, '1'))).toMatch(
        new RegExp(`DYNAMIC_CHILD: ${name}: .*keeps no child that does not run`),
      );
    }
  });

  test('a dynamic supervisor knows its own dead only', async () => {
    const { t, p, q } = await twoPools({ restart: 'temporary' });
    const { ref } = await startChild(p);
    end(ref as AnyActorRef, killed);
    await t.settle();
    expect(await childSpec(p, ref as AnyActorRef)).toMatchObject({ id: '1' });
    expect(await refusal(childSpec(q, ref as AnyActorRef))).toMatch(
      /NO_SUCH_CHILD: .*not a child of root\/q/,
    );
    await terminateChild(q, ref as AnyActorRef);
  });

  test('nor does it touch the living of another', async () => {
    const { p, q } = await twoPools();
    const { ref } = await startChild(p);
    expect(await refusal(terminateChild(q, ref as AnyActorRef))).toMatch(
      /NO_SUCH_CHILD: .*not a child of root\/q/,
    );
    expect(await refusal(childSpec(q, ref as AnyActorRef))).toMatch(/NO_SUCH_CHILD/);
    expect(await whichChildren(p)).toMatchObject([{ ref, status: 'running' }]);
  });
});

describe('what is given', () => {
  test.each([undefined, null, 'a', {}])('%o for a child spec', (spec) => {
    expect(() => child(spec as never)).toThrow(OptionsError);
  });

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['a', 'string'],
    [() => {}, 'function'],
    [{ id: 'a', logic: fromCallback(() => {}) }, 'object'],
  ])('a dynamic supervisor’s function that returns %o', async (made, given) => {
    const t = await stage(dynamicSupervisor({ child: () => made as never }));
    expect(await refusal(startChild(t.root))).toMatch(new RegExp(`OPTIONS: .*Given: ${given}\\.$`));
  });

  test('an autoShutdown that there is not', () => {
    expect(() => checkChildSpecs([], 'sometimes' as AutoShutdown)).toThrow(
      /'never', 'any-significant', 'all-significant'. Given: sometimes/,
    );
  });
});

describe('a start by order that fails', () => {
  const tooSoon = createMachine({ initial: 'off', states: { off: { type: 'final' } } });

  test('as it was done too soon: nobody bears a name', async () => {
    const t = await stage({ children: [] });
    expect(await refusal(startChild(t.root, { id: 'a', logic: tooSoon }))).toMatch(/^HOLDFAST_START: /);
    expect(await refusal(startChild(t.root, { id: 'a', logic: tooSoon, name: 'a' }))).toMatch(
      /^HOLDFAST_START: /,
    );
  });

  test('as its input throws, whoever bears its name', async () => {
    const t = await stage({ children: [nested('s', { children: [worker('x', { name: 'taken' })] })] });
    const input = (): never => {
      throw new Error('no');
    };
    const given = { id: 'a', logic: tooSoon, name: 'taken', input };
    expect(await refusal(startChild(t.root, given))).toMatch(/^HOLDFAST_START: .*no\.$/);
  });

  test('as its name is taken: the cause says by whom', async () => {
    const t = await stage({ children: [worker('x', { name: 'taken' })] });
    const failed = await startChild(t.root, worker('a', { name: 'taken' })).catch((e: unknown) => e);
    expect(failed).toMatchObject({
      code: 'HOLDFAST_ALREADY_STARTED',
      childId: 'a',
      ref: await t.ref('x'),
      cause: { message: expect.stringContaining('root/x') },
    });
  });
});
