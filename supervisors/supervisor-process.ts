import { NoSuchActorError } from '../src/errors.js';
import type { Eventual } from '../src/runtime/eventual.js';
import { type ExitReason, isOrderly } from '../src/runtime/exit-reason.js';
import type { Incarnation } from '../src/runtime/incarnation.js';
import type { Aftermath, SupervisorHandle, TreeNode } from '../src/runtime/supervisor-handle.js';
import { monotonicNow, yieldToLoop } from '../src/runtime/time.js';
import { endsSupervisor } from './auto-shutdown.js';
import { Call, type Caller } from './call.js';
import { type Child, nodeOf } from './children.js';
import { gaveUp, startFailed } from './failure.js';
import type { Host } from './host.js';
import { Inbox } from './inbox.js';
import { RestartWindow } from './intensity.js';
import { Line } from './line.js';
import type { ResolvedOptions } from './options.js';
import { afterExit } from './restart.js';
import { Roster } from './roster.js';
import { SpecMold } from './spec-mold.js';
import { concerned } from './strategy.js';

/** What a call is served with, in its turn. */
export interface Served {
  readonly path: string;
  readonly options: ResolvedOptions;
  readonly roster: Roster;
  readonly mold: SpecMold;
  /** The names and what else the actors of the runtime share. */
  readonly host: Host;
  /** It has been told to stop: whatever is begun is given up. */
  readonly interrupted: boolean;
  gone(): NoSuchActorError;
}

/**
 * Starts, restarts and stops children. One inbox, served one message at a time: while a start is awaited nothing else is
 * served; only an order to stop interrupts it.
 */
export class SupervisorProcess implements SupervisorHandle, Served {
  readonly options: ResolvedOptions;
  readonly host: Host;
  readonly roster: Roster;
  /** For the specs of children to come. */
  readonly mold: SpecMold;
  readonly #window: RestartWindow;
  readonly #inbox: Inbox;
  readonly #onOver: Aftermath | undefined;
  readonly #callers = new Line<Caller>();
  #ordered = false;
  #reason: ExitReason | undefined;
  #booted = false;
  #dead = false;
  /** Resolves when it serves no more and every child has been ended. */
  readonly ended: Promise<void>;
  #resolveEnded!: () => void;

  constructor(options: ResolvedOptions, host: Host, onOver?: Aftermath) {
    this.options = options;
    this.#onOver = onOver;
    this.host = host;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.mold = new SpecMold(options.autoShutdown);
    this.#window = new RestartWindow(options.intensity);
    this.#inbox = new Inbox(
      (work) => host.enter(work),
      (error) => {
        this.kill();
        host.onError(error);
      },
    );
    this.roster = new Roster({
      host,
      forgetful: options.dynamic !== undefined,
      onExit: (child, ended, reason) => this.#inbox.post(() => this.#onExit(child, ended, reason)),
    });
    for (const spec of options.specs) this.roster.add(spec);
  }

  get path(): string {
    return this.host.who.path;
  }

  get reason(): ExitReason | undefined {
    return this.#reason;
  }

  get interrupted(): boolean {
    return this.#dead || this.#ordered;
  }

  start(): void {
    this.#inbox.post(() => this.#boot());
  }

  stop(reason: ExitReason): void {
    if (this.interrupted) return;
    this.#ordered = true;
    this.roster.interrupt();
    this.#inbox.postLast(() => this.#terminate(reason));
  }

  /** Kills every child, depth first and in reverse start order, before it returns. Nothing is started any more. */
  kill(): void {
    if (this.#dead) return;
    this.#close();
    this.roster.kill();
  }

  suspend(): Promise<void> {
    return this.#inbox.suspend();
  }

  resume(): void {
    this.#inbox.resume();
  }

  /** Serves a question in its turn. What the service throws is the caller's. */
  call<A, T>(service: (served: Served, given: A) => Eventual<T>, given: A): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#dead) reject(this.gone());
      else this.#inbox.post(new Call(this.#callers, this, service, given, resolve, reject));
    });
  }

  tree(): readonly TreeNode[] {
    return [...this.roster].map(nodeOf);
  }

  get aftermath(): readonly Aftermath[] {
    const own = this.#onOver === undefined ? [] : [this.#onOver];
    return [...this.roster.aftermath, ...own];
  }

  gone(): NoSuchActorError {
    return new NoSuchActorError(`The supervisor ${this.path} has ended and answers no more.`);
  }

  async #boot(): Promise<void> {
    for (const child of [...this.roster]) {
      const outcome = await this.roster.start(child);
      if (this.interrupted) return;
      if (outcome.type === 'ready') continue;
      if (outcome.type === 'failed') {
        this.roster.report.tell('start-error', child, outcome.reason, undefined);
        const detail = startFailed(this.path, child.spec.id, outcome.reason);
        return this.#terminate({ type: 'shutdown', detail });
      }
      this.roster.rest(child);
    }
    this.#booted = true;
    this.host.onPhase('running');
  }

  #onExit(child: Child, ended: Incarnation, reason: ExitReason): void | Promise<void> {
    // A stale exit: it has been stopped, or started again since.
    if (child.incarnation !== ended) return;
    const { restart } = child.spec;
    if (restart === 'permanent' || !isOrderly(reason)) {
      this.roster.report.tell('child-terminated', child, reason, ended.ref);
    }
    this.roster.ended(child);
    if (afterExit(restart, reason) === 'restart') return this.#restart(child, reason);
    this.roster.rest(child);
    if (endsSupervisor(this.options.autoShutdown, child.spec, () => this.roster.hasSignificant())) {
      return this.#terminate({ type: 'shutdown' });
    }
  }

  async #restart(failed: Child, reason: ExitReason): Promise<void> {
    if (!this.#window.count(monotonicNow())) return this.#giveUp(failed, reason);
    const { roster } = this;
    const group = concerned(this.options.strategy, roster, failed);
    await roster.stopInTurn(group.filter((child) => child !== failed));
    for (const child of group) {
      if (this.interrupted) return;
      // A temporary sibling is gone for good.
      if (!roster.has(child)) continue;
      const { former } = child;
      const outcome = await roster.start(child);
      if (this.interrupted) return;
      if (outcome.type === 'failed') {
        roster.report.tell('start-error', child, outcome.reason, former);
        return this.#tryAgain(child, outcome.reason);
      }
      if (outcome.type === 'ignored') roster.rest(child);
      else child.incarnation?.report.restarted(++child.restarts);
    }
  }

  /**
   * Without delay, but behind what waits in the inbox, and other work of the process has its turn. By then it may have been
   * cancelled, or carried out.
   */
  #tryAgain(child: Child, reason: ExitReason): void {
    child.restarting = true;
    void yieldToLoop().then(() =>
      this.#inbox.post(() => {
        if (this.roster.has(child) && child.restarting) return this.#restart(child, reason);
      }),
    );
  }

  #giveUp(child: Child, reason: ExitReason): Promise<void> {
    const detail = gaveUp(this.path, child.spec.id, this.options.intensity, reason);
    this.roster.report.tell('shutdown', child, { type: 'shutdown', detail }, child.former);
    this.host.report.gaveUp(child.spec.id, reason);
    this.roster.close();
    this.roster.rest(child);
    return this.#terminate({ type: 'shutdown', detail });
  }

  async #terminate(reason: ExitReason): Promise<void> {
    this.#reason = reason;
    this.roster.close();
    // Who never ran has failed to start, and must not be taken for ready on the way out.
    if (this.#booted) this.host.onPhase('stopping');
    if (this.options.dynamic !== undefined) await this.roster.stopTogether();
    else await this.roster.stopInTurn([...this.roster]);
    if (this.#dead) return;
    this.#close();
    this.host.onEnd(reason);
  }

  #settle(): void {
    for (const each of this.aftermath) each();
  }

  #close(): void {
    this.#dead = true;
    this.host.onClose();
    this.#inbox.close();
    this.#resolveEnded();
    if (this.host.embedded) void this.ended.then(() => this.#settle());
    for (const caller of [...this.#callers]) caller.refuse(this.gone());
  }
}
