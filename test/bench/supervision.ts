/** What supervision costs, beside bare XState, nact, and Erlang/OTP where it is installed. */
import { performance } from 'node:perf_hooks';
import {
  ask,
  createRuntime,
  exit,
  type Runtime,
  type RuntimeOptions,
  type SupervisorRef,
  send,
  startChild,
  stop,
} from 'holdfast';
import * as nact from 'nact';
import { type AnyActorLogic, type AnyActorRef, createActor } from 'xstate';
import { collectGarbage, type Round } from './harness/rounds.js';
import { type Bench, suite } from './harness/suite.js';
import { answering, type Ball, crowd, idle, player } from './supervision/actors.js';
import { otp } from './supervision/otp.js';

/** So many starts are asked for at a time. */
const flock = 1_000;

export default suite({
  name: 'supervision',
  about: 'start, restart and stop of children, asking and sending, beside bare XState, nact and OTP',
  async run(bench) {
    const erlang = otp();
    if (erlang === undefined) bench.note('OTP: left out, there is no escript on this machine');
    const many = 100_000 * bench.scale;
    const withOtp = (contenders: Record<string, Round>, round: Round | undefined): Record<string, Round> =>
      round === undefined ? contenders : { ...contenders, otp: round };
    for (const count of [1_000, many]) {
      const title = count.toLocaleString('en');
      await bench.compare(
        `start of ${title} children, each`,
        'µs',
        withOtp(
          {
            holdfast: () => starting(count),
            xstate: () => bareStarting(count),
            nact: () => nactStarting(count),
          },
          erlang && (() => erlang('start', count)),
        ),
        { warmUp: warmUpOf(count) },
      );
    }
    for (const siblings of [10, many]) {
      await bench.compare(
        `restart with ${siblings.toLocaleString('en')} siblings`,
        'µs',
        withOtp({ holdfast: () => restarting(siblings) }, erlang && (() => erlang('restart', siblings))),
        { rounds: 3, warmUp: warmUpOf(siblings) },
      );
    }
    await bench.compare(
      `stop of ${many.toLocaleString('en')} children, each`,
      'µs',
      withOtp({ holdfast: () => stopping(many) }, erlang && (() => erlang('stop', many))),
      { rounds: 3 },
    );
    const times = 100_000 * bench.scale;
    await bench.compare(
      'ask, one after the other',
      'asks/s',
      withOtp(
        {
          holdfast: () => asking(times, answering),
          machine: () => asking(times, idle),
          unattributed: () => asking(times, answering, { attributeAsyncErrors: false }),
          nact: () => querying(times),
        },
        erlang && (() => erlang('ask', times)),
      ),
    );
    await bench.compare('ask, a hundred at a time', 'asks/s', {
      holdfast: () => asking(times, answering, {}, 100),
      machine: () => asking(times, idle, {}, 100),
      nact: () => querying(times, 100),
    });
    await bench.compare(
      'sends between two actors',
      'sends/s',
      withOtp(
        { holdfast: () => sending(times), xstate: () => bareSending(times), nact: () => dispatching(times) },
        erlang && (() => erlang('send', times)),
      ),
    );
    await memory(bench, many, erlang && (() => erlang('memory', many)));
  },
});

/** A round of few is over before V8 has compiled what it runs: that would be measured, and not the few. */
const warmUpOf = (count: number): number => (count <= 1_000 ? 12 : 1);

/** µs that each of `count` took, in all. */
async function each(count: number, work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return ((performance.now() - began) * 1000) / count;
}

async function fill(sup: SupervisorRef, count: number): Promise<void> {
  for (let left = count; left > 0; left -= flock) {
    await Promise.all(Array.from({ length: Math.min(left, flock) }, () => startChild(sup)));
  }
}

async function starting(count: number): Promise<number> {
  const { runtime, sup } = await crowd();
  const took = await each(count, () => fill(sup, count));
  await runtime.stop();
  return took;
}

async function bareStarting(count: number): Promise<number> {
  const held: AnyActorRef[] = [];
  const took = await each(count, () => {
    for (let left = count; left > 0; left -= 1) held.push(createActor(idle).start());
  });
  for (const actor of held) actor.stop();
  return took;
}

/** With names: those that nact draws for the nameless are no longer distinct at a hundred thousand. */
async function nactStarting(count: number): Promise<number> {
  const system = nact.start();
  const took = await each(count, () => {
    for (let left = count; left > 0; left -= 1) nact.spawn(system, (state = 0) => state, `child-${left}`);
  });
  nact.stop(system);
  return took;
}

async function stopping(count: number): Promise<number> {
  const { runtime, sup } = await crowd();
  await fill(sup, count);
  collectGarbage();
  const took = await each(count, () => runtime.stop());
  return took;
}

/** From a kill to the successor's readiness, the median of 1,000. */
async function restarting(siblings: number): Promise<number> {
  const { runtime, sup } = await crowd();
  await fill(sup, siblings);
  collectGarbage();
  const times: number[] = [];
  for (let nth = 0; nth < 1_000; nth += 1) {
    const { ref } = await startChild(sup);
    const restarted = new Promise<void>((resolve) => {
      const off = runtime.bus.subscribe('actor.restarted', () => {
        off();
        resolve();
      });
    });
    const began = performance.now();
    exit(ref as AnyActorRef, { type: 'killed' });
    await restarted;
    times.push((performance.now() - began) * 1000);
  }
  await runtime.stop();
  return times.sort((a, b) => a - b)[500] as number;
}

const perSecond = (times: number, took: number): number => times / (took / 1000);

/** Like nact's actor, a plain function; `machine` asks one of XState's, whose transition alone costs most of what it takes. */
async function asking(
  times: number,
  logic: AnyActorLogic,
  options: RuntimeOptions = {},
  atOnce = 1,
): Promise<number> {
  const runtime = await createRuntime({ children: [{ id: 'a', name: 'a', logic }] }, options).start();
  const ref = runtime.whereis('a') as AnyActorRef;
  const took = await repeatedly(times, atOnce, () => ask(ref, { type: 'how-many' }));
  await runtime.stop();
  return perSecond(times, took);
}

async function querying(times: number, atOnce = 1): Promise<number> {
  const system = nact.start();
  const actor = nact.spawnStateless(system, (message: { readonly sender: nact.Ref<number> }) =>
    nact.dispatch(message.sender, 0),
  );
  const question = (sender: nact.Ref<number>) => ({ sender });
  const took = await repeatedly(times, atOnce, () => nact.query(actor, question, 5_000));
  nact.stop(system);
  return perSecond(times, took);
}

async function repeatedly(times: number, atOnce: number, question: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  if (atOnce === 1) for (let left = times; left > 0; left -= 1) await question();
  else {
    for (let left = times; left > 0; left -= atOnce) {
      await Promise.all(Array.from({ length: atOnce }, question));
    }
  }
  return performance.now() - began;
}

async function rally(
  times: number,
  forward: (ref: AnyActorRef, event: Ball) => void,
  pair: readonly [AnyActorRef, AnyActorRef],
): Promise<number> {
  const [a, b] = pair;
  a.send({ type: 'meet', peer: b });
  b.send({ type: 'meet', peer: a });
  const began = performance.now();
  await new Promise<void>((over) => forward(a, { type: 'ball', left: times, over }));
  return perSecond(times, performance.now() - began);
}

async function sending(times: number): Promise<number> {
  const { runtime, pair } = await players();
  const rate = await rally(times, send, pair);
  await stop(runtime.root);
  return rate;
}

async function players(): Promise<{ runtime: Runtime; pair: readonly [AnyActorRef, AnyActorRef] }> {
  const logic = player(send);
  const children = [
    { id: 'a', name: 'a', logic },
    { id: 'b', name: 'b', logic },
  ];
  const runtime = await createRuntime({ children }).start();
  return { runtime, pair: [runtime.whereis('a') as AnyActorRef, runtime.whereis('b') as AnyActorRef] };
}

/** XState's own `send` is a call: a chain of it nests, so that each message here waits for a microtask of its own. */
async function bareSending(times: number): Promise<number> {
  const forward = (ref: AnyActorRef, event: Ball): void => queueMicrotask(() => ref.send(event));
  const logic = player(forward);
  const pair = [createActor(logic).start(), createActor(logic).start()] as const;
  const rate = await rally(times, forward, pair);
  for (const actor of pair) actor.stop();
  return rate;
}

async function dispatching(times: number): Promise<number> {
  const system = nact.start();
  interface NactBall {
    readonly left: number;
    readonly back: nact.Ref<NactBall>;
    readonly over: () => void;
  }
  const make = () =>
    nact.spawnStateless(system, ({ left, back, over }: NactBall, { self }) => {
      if (left === 0) over();
      else nact.dispatch(back, { left: left - 1, back: self as nact.Ref<NactBall>, over });
    });
  const [a, b] = [make(), make()];
  const began = performance.now();
  await new Promise<void>((over) => nact.dispatch(a, { left: times, back: b as never, over }));
  const took = performance.now() - began;
  nact.stop(system);
  return perSecond(times, took);
}

/** Bytes of an idle child. */
async function memory(bench: Bench, count: number, ofOtp: (() => number) | undefined): Promise<void> {
  const used = (): number => {
    collectGarbage();
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  if (!bench.wants('an idle child')) return;
  if (!('gc' in globalThis)) return bench.note('memory: left out, it needs --expose-gc');
  const { runtime, sup } = await crowd();
  await startChild(sup);
  let before = used();
  await fill(sup, count);
  const holdfast = (used() - before) / count;
  await runtime.stop();

  const held: AnyActorRef[] = [];
  before = used();
  for (let left = count; left > 0; left -= 1) held.push(createActor(idle).start());
  const xstate = (used() - before) / count;
  for (const actor of held) actor.stop();

  const system = nact.start();
  before = used();
  for (let left = count; left > 0; left -= 1) nact.spawn(system, (state = 0) => state, `child-${left}`);
  const ofNact = (used() - before) / count;
  nact.stop(system);
  const values = { holdfast, xstate, nact: ofNact };
  bench.record('an idle child', 'bytes', ofOtp === undefined ? values : { ...values, otp: ofOtp() });
}
