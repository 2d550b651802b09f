import { onTestFinished } from 'vitest';
import { type AnyActorRef, fromCallback, setup } from 'xstate';
import { createRuntime, type Runtime, type RuntimeOptions } from '../../src/create-runtime.js';
import { incarnationOf, type Logger, type RuntimeEvents, reply } from '../../src/runtime/index.js';
import type { SupervisorLogic, SupervisorOptions } from '../../supervisors/index.js';

export type Recorded = {
  [T in keyof RuntimeEvents]: { readonly type: T } & RuntimeEvents[T];
}[keyof RuntimeEvents];

export interface Line {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A runtime under test, what it told, and what its actors did. Stopped when the test ends. */
export interface Running {
  readonly runtime: Runtime;
  readonly events: readonly Recorded[];
  readonly lines: readonly Line[];
  /** The topics so far, as `actor.crashed root/a#1`. */
  told(topic?: keyof RuntimeEvents): string[];
  who(name: string): AnyActorRef;
  /** The incarnation of whoever bears the name; undefined when nobody does. */
  incarnation(name: string): number | undefined;
}

export function prepare(root: SupervisorOptions | SupervisorLogic, options: RuntimeOptions = {}): Running {
  const events: Recorded[] = [];
  const lines: Line[] = [];
  const at = (level: keyof Logger) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: fields as Line['fields'] });
  const logger: Logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  const runtime = createRuntime(root, { logger, ...options });
  runtime.bus.subscribe('*', (event) => void events.push(event as Recorded));
  onTestFinished(() => runtime.stop());
  return {
    runtime,
    events,
    lines,
    told: (topic) =>
      events
        .filter(({ type }) => topic === undefined || type === topic)
        .map((event) => ('path' in event ? `${event.type} ${event.path}#${event.incarnation}` : event.type)),
    who(name) {
      const ref = runtime.whereis(name);
      if (ref === undefined) throw new Error(`nobody bears the name ${name}`);
      return ref;
    },
    incarnation(name) {
      const ref = runtime.whereis(name);
      return ref && incarnationOf(ref);
    },
  };
}

export async function running(
  root: SupervisorOptions | SupervisorLogic,
  options: RuntimeOptions = {},
): Promise<Running> {
  const prepared = prepare(root, options);
  await prepared.runtime.start();
  return prepared;
}

/** A machine that does what it is told: to count, to throw, to finish, to become ready. */
export const obedient = setup({
  types: {} as {
    context: { count: number };
    input: { waits?: boolean } | undefined;
    tags: 'starting';
    events:
      | { type: 'inc' }
      | { type: 'get' }
      | { type: 'throw'; error: unknown }
      | { type: 'finish' }
      | { type: 'ready' };
  },
}).createMachine({
  context: () => ({ count: 0 }),
  initial: 'choosing',
  states: {
    choosing: {
      tags: 'starting',
      always: [
        {
          guard: ({ event }) => (event as { input?: { waits?: boolean } }).input?.waits === true,
          target: 'waiting',
        },
        { target: 'on' },
      ],
    },
    waiting: { tags: 'starting', on: { ready: 'on' } },
    on: {},
    off: { type: 'final' },
  },
  on: {
    inc: { actions: ({ context }) => void context.count++ },
    get: { actions: ({ context, event }) => void reply(event, context.count) },
    throw: {
      actions: ({ event }) => {
        throw event.error;
      },
    },
    finish: '.off',
  },
});

/** Logic that notes in `trace` when it starts and when it is disposed of. */
export const traced = (trace: string[], id: string) =>
  fromCallback(() => {
    trace.push(`+${id}`);
    return () => void trace.push(`-${id}`);
  });

/** Turns of the loop, enough for what was sent to be delivered, though a slow machine lets a stretch of deliveries end early. */
export async function turns(count = 10): Promise<void> {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve));
}
