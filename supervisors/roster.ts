import type { AnyActorRef } from 'xstate';
import { type Eventual, whenever } from '../src/runtime/eventual.js';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import { Incarnation } from '../src/runtime/incarnation.js';
import type { StartOutcome } from '../src/runtime/life-spec.js';
import { incarnationOfActor } from '../src/runtime/owner.js';
import { shutDown } from '../src/runtime/shutdown.js';
import { type Aftermath, startsOthers } from '../src/runtime/supervisor-handle.js';
import { slice, yieldToLoop } from '../src/runtime/time.js';
import { isAcceptableEnd } from './acceptable-end.js';
import { aftermathOf, Child, type Exits, refOf, settleAftermath } from './children.js';
import type { Host } from './host.js';
import { Line } from './line.js';
import type { ResolvedSpec } from './spec.js';
import { SupervisorReport } from './supervisor-report.js';
import { WrongEnds } from './wrong-ends.js';

const shutdown: ExitReason = { type: 'shutdown' };

interface RosterOptions {
  readonly host: Host;
  /** Children that do not run are forgotten: those of a dynamic supervisor. */
  readonly forgetful: boolean;
  onExit(child: Child, ended: Incarnation, reason: ExitReason): void;
}

/** The children of a supervisor in start order, and how they are started and stopped. It decides nothing. */
export class Roster implements Exits {
  readonly report: SupervisorReport;
  readonly #children = new Line<Child>();
  /** Those of a dynamic supervisor are addressed by ref: a map of a hundred thousand would cost a tenth of their start. */
  readonly #byId: Map<string, Child> | undefined;
  readonly #options: RosterOptions;
  /** What the path of each child begins with. No actor has it for its own: the children's numbers are counted under it. */
  readonly #prefix: string;
  #starting: Incarnation | undefined;
  #closing = false;
  #killed = false;
  readonly #left: Aftermath[] = [];

  constructor(options: RosterOptions) {
    this.#options = options;
    this.#prefix = `${options.host.who.path}/`;
    this.report = new SupervisorReport(options.host);
    if (!options.forgetful) this.#byId = new Map();
  }

  get size(): number {
    return this.#children.size;
  }

  /** In start order. */
  [Symbol.iterator](): Iterator<Child> {
    return this.#children[Symbol.iterator]();
  }

  /** By its id; the children of a dynamic supervisor have none. */
  get(id: string): Child | undefined {
    return this.#byId?.get(id);
  }

  has(child: Child): boolean {
    return this.#children.has(child);
  }

  /** Whom a ref stands for: who runs, or who ran last and is being started again. */
  bearer(ref: AnyActorRef): Child | undefined {
    const life = incarnationOfActor(ref);
    const child = life?.keeper;
    if (!(child instanceof Child) || child.exits !== this) return undefined;
    return child.incarnation === life || (child.restarting && child.former === ref) ? child : undefined;
  }

  /** Whether a significant child runs, or is being started again. */
  hasSignificant(): boolean {
    for (const { spec, incarnation, restarting } of this) {
      if (spec.significant && (incarnation !== undefined || restarting)) return true;
    }
    return false;
  }

  /** A number that no child of the supervisor has had, in none of its incarnations. */
  next(): number {
    return this.#options.host.scope.nextIncarnation(this.#prefix);
  }

  /** Last in start order. */
  add(spec: ResolvedSpec): Child {
    const child = new Child(spec, this);
    this.#children.add(child);
    this.#byId?.set(spec.id, child);
    return child;
  }

  remove(child: Child): void {
    if (!this.has(child)) return;
    this.#children.remove(child);
    this.#byId?.delete(child.spec.id);
  }

  /** It does not run now. */
  ended(child: Child): void {
    if (child.incarnation === undefined) return;
    child.aftermath = aftermathOf(child);
    child.former = child.incarnation.isMade ? child.incarnation.ref : undefined;
    child.incarnation = undefined;
  }

  /** It does not run, and is not to be started again by itself: kept, where there is something to keep it for. */
  rest(child: Child): void {
    child.restarting = false;
    if (this.#isForgotten(child)) this.#forget(child);
    if (!this.#closing) settleAftermath(child);
  }

  /** Starts a child that does not run. Who is not ready in the end does not run; what becomes of it is the caller's to say. */
  start(child: Child): Eventual<StartOutcome> {
    const { forgetful, host } = this.#options;
    const incarnation = new Incarnation(
      host.scope,
      child.spec,
      this.#prefix + child.spec.id,
      child,
      // Nobody ever has its path after it, so it counts for itself.
      forgetful ? child.latest + 1 : undefined,
    );
    child.incarnation = incarnation;
    child.latest = incarnation.number;
    child.restarting = false;
    this.#starting = incarnation;
    return whenever(incarnation.start(), (outcome) => this.#started(child, outcome));
  }

  exited(child: Child, ended: Incarnation, reason: ExitReason): void {
    this.#options.onExit(child, ended, reason);
  }

  #started(child: Child, outcome: StartOutcome): StartOutcome {
    this.#starting = undefined;
    if (outcome.type === 'ready') {
      child.former = undefined;
      settleAftermath(child);
    } else {
      child.incarnation = undefined;
    }
    return outcome;
  }

  /** An order to stop does not wait for a start. Who has become ready at this very moment is stopped in its turn. */
  interrupt(): void {
    if (this.#starting?.phase === 'starting') void shutDown(this.#starting, shutdown);
  }

  /** Resolves when it is dead. */
  async stop(child: Child): Promise<void> {
    const { incarnation } = child;
    if (incarnation !== undefined) {
      const reason = await shutDown(incarnation, shutdown);
      if (this.#killed) return;
      if (!isAcceptableEnd(child.spec, reason)) {
        this.report.tell('shutdown-error', child, reason, refOf(child));
      }
    }
    this.#stopped(child);
  }

  /** One after the other in reverse order, each fully dead before the next. */
  async stopInTurn(children: readonly Child[]): Promise<void> {
    for (const child of [...children].reverse()) await this.stop(child);
  }

  /** All at once, each within its own time; those that end for one wrong reason are reported together. */
  async stopTogether(): Promise<void> {
    const wrong = new WrongEnds();
    const ends: Promise<void>[] = [];
    const stretch = slice();
    for (const child of [...this.#children]) {
      ends.push(this.#stopQuietly(child, wrong));
      if (!stretch.spent()) continue;
      await yieldToLoop();
      stretch.renew();
    }
    await Promise.all(ends);
    if (this.#killed) return;
    for (const { child, reason, ref, count } of wrong) {
      this.report.tell('shutdown-error', child, reason, ref, count);
    }
  }

  async #stopQuietly(child: Child, wrong: WrongEnds): Promise<void> {
    const { incarnation } = child;
    if (incarnation !== undefined) {
      const reason = await shutDown(incarnation, shutdown);
      if (!isAcceptableEnd(child.spec, reason)) wrong.add(child, reason);
    }
    this.#stopped(child);
  }

  /** It may be started again at once, with its group; a temporary one never is. */
  #stopped(child: Child): void {
    this.ended(child);
    child.restarting = false;
    if (this.#isForgotten(child)) this.rest(child);
  }

  #isForgotten(child: Child): boolean {
    return this.#options.forgetful || child.spec.restart === 'temporary';
  }

  #forget(child: Child): void {
    if (this.#closing) this.#left.push(...child.aftermath);
    this.remove(child);
    this.#forgetStarts(child);
  }

  /** How often those below a child were started, whose number is never given again. */
  #forgetStarts({ spec }: Child): void {
    const { forgetful, host } = this.#options;
    if (forgetful && startsOthers(spec.logic)) host.scope.forget(this.#prefix + spec.id);
  }

  /** The supervisor ends: whether anybody is started again is for others to say. */
  close(): void {
    this.#closing = true;
  }

  /** What its children leave to be called when that is known. */
  get aftermath(): readonly Aftermath[] {
    return [...this.#left, ...[...this].flatMap(aftermathOf)];
  }

  /** Kills every child in reverse start order before it returns. */
  kill(): void {
    this.#killed = true;
    this.#closing = true;
    for (const child of [...this.#children].reverse()) {
      child.incarnation?.end({ type: 'killed' }, { shutdown: true });
      this.ended(child);
      child.restarting = false;
      this.#forgetStarts(child);
    }
  }
}
