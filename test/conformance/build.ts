/** Trees of workers that do what a script says, under virtual time; what happens to them is written down in short words. */
import { onTestFinished, vi } from 'vitest';
import { type AnyActorRef, setup } from 'xstate';
import { createRuntime, type Runtime } from '../../src/create-runtime.js';
import { type ChildSpec, type ExitReason, exit, IGNORE, incarnationOf } from '../../src/runtime/index.js';
import { ownerOf } from '../../src/runtime/owner.js';
import { supervisorHandle } from '../../src/runtime/supervisor-handle.js';
import {
  dynamicSupervisor,
  type SupervisorLogic,
  type SupervisorOptions,
  type SupervisorRef,
  supervisor,
  whichChildren,
} from '../../supervisors/index.js';

/** What the n-th start of a worker comes to; `ok:x` has the info x, `fail:x` the error x. */
export type Outcome = 'ok' | 'ignore' | `ok:${string}` | `fail:${string}`;

export interface Role extends Omit<ChildSpec, 'id' | 'logic' | 'input'> {
  /** The first starts; the others go as `later` says. */
  readonly starts?: readonly Outcome[];
  /** Default `'ok'`. */
  readonly later?: Outcome;
  /** It takes the order to stop itself, and needs so many ms; for ever: `Infinity`. */
  readonly takes?: number;
  /** What it then ends with. Default: what it was told. */
  readonly ends?: ExitReason;
}

interface Context {
  readonly info: string | undefined;
  readonly ignored: boolean;
  readonly told: ExitReason | undefined;
}

/** The spec of a worker that plays a role. */
export function worker(id: string, role: Role = {}): ChildSpec {
  const { starts = [], later = 'ok', takes, ends, ...spec } = role;
  let attempts = 0;
  const leave = (self: AnyActorRef, told: ExitReason) => exit(self, ends ?? told);
  const logic = setup({
    types: {} as {
      context: Context;
      events: { type: 'exit'; reason: ExitReason } | { type: 'holdfast.shutdown'; reason: ExitReason };
    },
    delays: { takes: takes ?? 0 },
  }).createMachine({
    context: () => {
      const outcome = starts[attempts++] ?? later;
      if (outcome.startsWith('fail:')) throw new Error(outcome.slice(5));
      return {
        info: outcome.startsWith('ok:') ? outcome.slice(3) : undefined,
        ignored: outcome === 'ignore',
        told: undefined,
      };
    },
    initial: 'choosing',
    states: {
      choosing: {
        tags: 'starting',
        always: [{ guard: ({ context }) => context.ignored, target: 'off' }, { target: 'on' }],
      },
      on:
        takes === undefined
          ? {}
          : {
              on: {
                'holdfast.shutdown':
                  takes === 0
                    ? { actions: ({ self, event }) => leave(self, event.reason) }
                    : { target: 'closing' },
              },
            },
      closing:
        takes === Number.POSITIVE_INFINITY
          ? {}
          : { after: { takes: { actions: ({ self }) => leave(self, { type: 'shutdown' }) } } },
      off: { type: 'final' },
    },
    on: { exit: { actions: ({ self, event }) => exit(self, event.reason) } },
    output: IGNORE,
  });
  return {
    id,
    logic,
    startInfo: (snapshot: { context: Context }) => snapshot.context.info,
    ...spec,
  } as ChildSpec;
}

/** The spec of a nested supervisor. */
export const nested = (
  id: string,
  options: SupervisorOptions,
  spec: Omit<ChildSpec, 'id' | 'logic'> = {},
): ChildSpec => ({ id, logic: supervisor(options), ...spec });

export const killed: ExitReason = { type: 'killed' };
export const normal: ExitReason = { type: 'normal' };
export const shutdown: ExitReason = { type: 'shutdown' };
export const because = (detail: unknown): ExitReason => ({ type: 'shutdown', detail });
export const died = (word = 'died'): ExitReason => ({ type: 'error', error: new Error(word) });

/** `normal`, `shutdown`, `shutdown:x`, `killed`, or an error's message. */
export function word(reason: ExitReason): string {
  if (reason.type === 'error') return (reason.error as Error).message;
  if (reason.type !== 'shutdown' || reason.detail === undefined) return reason.type;
  const { detail } = reason;
  return `shutdown:${detail instanceof Error ? detail.name : String(detail)}`;
}

export class Stage {
  readonly runtime: Runtime;
  readonly #trace: string[] = [];
  readonly #reports: string[] = [];
  /** How the root ended; undefined while it lives. */
  end: string | undefined;

  constructor(root: SupervisorOptions | SupervisorLogic) {
    if (!vi.isFakeTimers()) vi.useFakeTimers();
    this.runtime = createRuntime(root);
    onTestFinished(async () => {
      const stopped = this.runtime.stop();
      await this.settle(60_000);
      await stopped;
    });
    const { bus } = this.runtime;
    const short = (path: string) => path.replace(/^root\/?/, '');
    const note =
      (sign: string, tail: (event: never) => string = () => '') =>
      (event: { path: string; incarnation: number }): void => {
        if (event.path === 'root') return;
        this.#trace.push(`${sign}${short(event.path)}#${event.incarnation}${tail(event as never)}`);
      };
    bus.subscribe('actor.ready', note('+'));
    bus.subscribe(
      'actor.stopped',
      note('-', ({ reason }: { reason: ExitReason }) => ` ${word(reason)}`),
    );
    bus.subscribe('actor.crashed', (event) =>
      note(event.starting ? '!' : '-', () => ` ${word(event.reason)}`)(event),
    );
    bus.subscribe('supervisor.report', ({ path, context, childId, reason, count }) =>
      this.#reports.push(
        `${[short(path), context].filter(Boolean).join(' ')} ${childId}${count === undefined ? '' : `×${count}`} ${word(reason)}`,
      ),
    );
    void this.runtime.exited.then((reason) => {
      this.end = word(reason);
    });
  }

  get root(): SupervisorRef {
    return this.runtime.root;
  }

  /** Starts it; what that rejects with, if it does. */
  async start(): Promise<unknown> {
    const failed = this.runtime.start().then(
      () => undefined,
      (error: unknown) => error,
    );
    await this.settle();
    return failed;
  }

  async settle(ms = 40): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms);
  }

  /** What has happened since it was asked last: `+a#1` ready, `-a#1 why` ended, `!a#1 why` failed to start. */
  took(): string[] {
    return this.#trace.splice(0);
  }

  /** The reports since they were asked for last: `context child reason`. */
  reported(): string[] {
    return this.#reports.splice(0);
  }

  /** The ref of a child by the ids below the root: `'inner/a'`. */
  async ref(path: string): Promise<AnyActorRef> {
    let ref: AnyActorRef = this.root;
    for (const id of path.split('/')) {
      const found = (await whichChildren(ref as SupervisorRef)).find((each) => each.id === id)?.ref;
      if (found === undefined) throw new Error(`${path} does not run`);
      ref = found;
    }
    return ref;
  }

  /** As a child ends by itself, or is killed; then all that follows. */
  async ends(path: string, reason: ExitReason = killed): Promise<void> {
    end(await this.ref(path), reason);
    await this.settle();
  }

  /**
   * What happens at once: a supervisor is suspended, `act` is done (deaths at once, calls in their turn), and it is resumed.
   * What the calls came to.
   */
  async batch<T>(
    act: (end: (id: string, reason?: ExitReason) => void) => Promise<T>,
    sup = this.root,
  ): Promise<T> {
    const children = await whichChildren(sup);
    const handle = supervisorHandle(sup);
    await handle?.suspend();
    const acted = act((id, reason = killed) =>
      end(children.find((child) => child.id === id)?.ref as AnyActorRef, reason),
    );
    handle?.resume();
    await this.settle();
    return acted;
  }

  /** What happens while a supervisor is suspended. */
  async suspended(act: () => Promise<void>, sup = this.root): Promise<void> {
    const handle = supervisorHandle(sup);
    await handle?.suspend();
    await act();
    handle?.resume();
    await this.settle();
  }

  /** `a#1`, `a restarting` or `a -`, in start order. */
  async which(sup = this.root): Promise<string[]> {
    return written(await whichChildren(sup));
  }
}

export const written = (children: Awaited<ReturnType<typeof whichChildren>>): string[] =>
  children.map(({ id, ref, status }) =>
    ref === undefined ? `${id} ${status === 'stopped' ? '-' : status}` : `${id}#${incarnationOf(ref)}`,
  );

/** As an actor ends by itself; `killed` by another. */
export function end(ref: AnyActorRef, reason: ExitReason): void {
  if (reason.type === 'killed') exit(ref, reason);
  else if (ownerOf(ref)?.isSupervisor) throw new Error('supervisors are stopped');
  else ref.send({ type: 'exit', reason });
}

/** A started tree. */
export async function stage(root: SupervisorOptions | SupervisorLogic): Promise<Stage> {
  const made = new Stage(root);
  const failed = await made.start();
  if (failed !== undefined) throw failed;
  made.took();
  made.reported();
  return made;
}

/** A started dynamic supervisor as the root; its workers play the roles that they are started with. */
export const dynamicStage = (
  options: Omit<Parameters<typeof dynamicSupervisor>[0], 'child'> = {},
  common: Role = {},
): Promise<Stage> =>
  stage(
    dynamicSupervisor({
      ...options,
      child: (role: Role = {}) => {
        const { id: _, ...spec } = worker('-', { ...common, ...role });
        return spec;
      },
    }),
  );
