import { GaveUpError, NoSuchActorError, StartError } from '../src/errors.js';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import { Incarnation } from '../src/runtime/incarnation.js';
import { describe, type LifeReport } from '../src/runtime/life-report.js';
import type { StartOutcome } from '../src/runtime/life-spec.js';
import type { RuntimeScope } from '../src/runtime/scope.js';
import { shutDown } from '../src/runtime/shutdown.js';
import type { SupervisorHandle, TreeNode } from '../src/runtime/supervisor-handle.js';
import { monotonicNow, yieldToLoop } from '../src/runtime/time.js';
import { type Child, newChild, nodeOf } from './children.js';
import { Inbox } from './inbox.js';
import { RestartWindow } from './intensity.js';
import type { ResolvedOptions } from './options.js';
import { afterExit } from './restart.js';
import { concerned } from './strategy.js';

/** Where a supervisor stands. */
export type SupervisorPhase = 'starting' | 'running' | 'stopping';

/** What a supervisor process tells the actor that it works for. */
export interface Host {
  readonly scope: RuntimeScope;
  readonly path: string;
  readonly report: LifeReport;
  /** Runs the supervisor's own work in the right context. */
  enter(work: () => void): void;
  onPhase(phase: SupervisorPhase): void;
  /** It serves no more, whatever the reason. */
  onClose(): void;
  onEnd(reason: ExitReason): void;
  /** A bug of ours. */
  onError(error: unknown): void;
}

const shutdown: ExitReason = { type: 'shutdown' };

/**
 * Starts, restarts and stops children. One inbox, served one message at a time: while a start is awaited nothing else is
 * served; only an order to stop interrupts it.
 */
export class SupervisorProcess implements SupervisorHandle {
  readonly #options: ResolvedOptions;
  readonly #host: Host;
  readonly #children = new Map<string, Child>();
  readonly #window: RestartWindow;
  readonly #inbox: Inbox;
  readonly #callers = new Set<(error: unknown) => void>();
  #starting: Incarnation | undefined;
  #order: ExitReason | undefined;
  #reason: ExitReason | undefined;
  #booted = false;
  #dead = false;
  /** Resolves when it serves no more and every child has been ended. */
  readonly ended: Promise<void>;
  #resolveEnded!: () => void;

  constructor(options: ResolvedOptions, host: Host) {
    this.#options = options;
    this.#host = host;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#window = new RestartWindow(options.intensity);
    this.#inbox = new Inbox(
      (work) => host.enter(work),
      (error) => {
        this.kill();
        host.onError(error);
      },
    );
    for (const spec of options.specs) this.#children.set(spec.id, newChild(spec));
  }

  get reason(): ExitReason | undefined {
    return this.#reason;
  }

  start(): void {
    this.#inbox.post(() => this.#boot());
  }

  stop(reason: ExitReason): void {
    if (this.#order !== undefined || this.#dead) return;
    this.#order = reason;
    if (this.#starting !== undefined) void shutDown(this.#starting, shutdown);
    this.#inbox.postFirst(() => this.#terminate(reason));
  }

  /** Kills every child, depth first and in reverse start order, before it returns. Nothing is started any more. */
  kill(): void {
    if (this.#dead) return;
    this.#close();
    for (const { incarnation } of [...this.#children.values()].reverse()) {
      incarnation?.end({ type: 'killed' }, { shutdown: true });
    }
  }

  /** Serves a question in its turn. */
  call<T>(serve: (children: ReadonlyMap<string, Child>) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#dead) return reject(this.#gone());
      this.#callers.add(reject);
      this.#inbox.post(() => {
        this.#callers.delete(reject);
        resolve(serve(this.#children));
      });
    });
  }

  tree(): readonly TreeNode[] {
    return [...this.#children.values()].map(nodeOf);
  }

  async #boot(): Promise<void> {
    for (const child of this.#children.values()) {
      const outcome = await this.#start(child);
      if (this.#interrupted) return;
      if (outcome.type === 'failed') return this.#terminate(this.#startFailed(child, outcome.reason));
    }
    this.#booted = true;
    this.#host.onPhase('running');
  }

  async #start(child: Child): Promise<StartOutcome> {
    const { scope, path } = this.#host;
    const incarnation = new Incarnation(scope, child.spec, `${path}/${child.spec.id}`, (ended, reason) =>
      this.#inbox.post(() => this.#onExit(child, ended, reason)),
    );
    child.incarnation = incarnation;
    child.latest = incarnation.number;
    child.restarting = false;
    this.#starting = incarnation;
    const outcome = await incarnation.start();
    this.#starting = undefined;
    if (outcome.type === 'ready') return outcome;
    child.incarnation = undefined;
    if (child.spec.restart === 'temporary') this.#children.delete(child.spec.id);
    return outcome;
  }

  async #onExit(child: Child, ended: Incarnation, reason: ExitReason): Promise<void> {
    if (child.incarnation !== ended) return;
    child.incarnation = undefined;
    const next = afterExit(child.spec.restart, reason);
    if (next === 'forget') this.#children.delete(child.spec.id);
    if (next === 'restart') await this.#restart(child, reason);
  }

  async #restart(child: Child, reason: ExitReason): Promise<void> {
    const { id } = child.spec;
    if (!this.#window.count(monotonicNow())) {
      this.#host.report.gaveUp(id, reason);
      return this.#terminate(this.#gaveUp(id, reason));
    }
    const ids = concerned(this.#options.strategy, this.#children.keys(), id);
    await this.#stopAll(ids);
    for (const each of ids) {
      const restarted = this.#children.get(each);
      if (restarted === undefined) continue;
      if (this.#interrupted) return;
      const outcome = await this.#start(restarted);
      if (this.#interrupted) return;
      if (outcome.type === 'failed') return this.#tryAgain(restarted, outcome.reason);
      if (outcome.type === 'ignored') continue;
      restarted.restarts++;
      restarted.incarnation?.report.restarted(restarted.restarts);
    }
  }

  /** Without delay, but after whatever has come in meanwhile: timers, I/O, and what waits in the inbox. */
  #tryAgain(child: Child, reason: ExitReason): void {
    child.restarting = true;
    void yieldToLoop().then(() =>
      this.#inbox.post(() => (child.restarting ? this.#restart(child, reason) : undefined)),
    );
  }

  async #terminate(reason: ExitReason): Promise<void> {
    this.#order ??= reason;
    this.#reason = reason;
    // Who never ran has failed to start, and must not be taken for ready on the way out.
    if (this.#booted) this.#host.onPhase('stopping');
    await this.#stopAll([...this.#children.keys()]);
    if (this.#dead) return;
    this.#close();
    this.#host.onEnd(reason);
  }

  /** One after the other in reverse start order, each fully dead before the next. */
  async #stopAll(ids: readonly string[]): Promise<void> {
    for (const id of [...ids].reverse()) {
      const child = this.#children.get(id) as Child;
      child.restarting = false;
      if (child.incarnation === undefined) continue;
      await shutDown(child.incarnation, shutdown);
      if (this.#dead) return;
      child.incarnation = undefined;
      if (child.spec.restart === 'temporary') this.#children.delete(id);
    }
  }

  get #interrupted(): boolean {
    return this.#dead || this.#order !== undefined;
  }

  #close(): void {
    this.#dead = true;
    this.#host.onClose();
    this.#inbox.close();
    this.#resolveEnded();
    for (const reject of this.#callers) reject(this.#gone());
    this.#callers.clear();
  }

  #gone(): NoSuchActorError {
    return new NoSuchActorError(`The supervisor ${this.#host.path} has ended and answers no more.`);
  }

  #startFailed(child: Child, reason: ExitReason): ExitReason {
    const { id } = child.spec;
    const detail = new StartError(
      `${this.#host.path} could not start its child '${id}': ${describe(reason)}.`,
      id,
      { cause: causeOf(reason) },
    );
    return { type: 'shutdown', detail };
  }

  #gaveUp(id: string, reason: ExitReason): ExitReason {
    const { maxRestarts, within } = this.#options.intensity;
    const detail = new GaveUpError(
      `${this.#host.path} gave up: more than ${maxRestarts} restarts within ${within} ms, at last of '${id}': ${describe(reason)}.`,
      id,
      { cause: causeOf(reason) },
    );
    return { type: 'shutdown', detail };
  }
}

/** What a reason tells beyond its type. */
const causeOf = (reason: ExitReason): unknown =>
  reason.type === 'error' ? reason.error : reason.type === 'shutdown' ? reason.detail : undefined;
