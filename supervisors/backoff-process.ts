import type { AnyActorRef, EventObject } from 'xstate';
import { BackoffError } from '../src/errors.js';
import { backoffDelay } from '../src/runtime/backoff-delay.js';
import { type ExitReason, isOrderly } from '../src/runtime/exit-reason.js';
import { Incarnation } from '../src/runtime/incarnation.js';
import type { LifeSpec, StartOutcome } from '../src/runtime/life-spec.js';
import { holdMailbox } from '../src/runtime/mailbox.js';
import { obituary } from '../src/runtime/obituary.js';
import { askerOf } from '../src/runtime/question.js';
import { shutDown } from '../src/runtime/shutdown.js';
import {
  type Aftermath,
  type SupervisorHandle,
  supervisorHandle,
  type TreeNode,
} from '../src/runtime/supervisor-handle.js';
import { after, monotonicNow, random, type Timer } from '../src/runtime/time.js';
import { type BackoffPolicy, failuresAfter } from './backoff.js';
import type { Host } from './host.js';
import { OpenQuestions } from './open-questions.js';
import { afterExit } from './restart.js';
import type { ResolvedSpec } from './spec.js';

export type BackoffPhase = 'starting' | 'running' | 'backoff' | 'stopping';

/** What it stands at. */
export interface BackoffState {
  readonly phase: BackoffPhase;
  /** In a row. */
  readonly failures: number;
  /** Of the present backoff, in ms. */
  readonly delay: number | undefined;
  /** Who runs, or starts to. */
  readonly inner: AnyActorRef | undefined;
}

/** How it ended. */
export interface BackoffEnd {
  readonly reason: ExitReason;
  readonly output?: unknown;
}

interface BackoffProcessOptions {
  readonly self: AnyActorRef;
  readonly host: Host;
  readonly policy: BackoffPolicy;
  /** How each attempt lives. */
  readonly spec: LifeSpec;
  readonly restart: ResolvedSpec['restart'];
  onState(state: BackoffState): void;
  onEnd(end: BackoffEnd): void;
  onEmitted(event: EventObject): void;
}

/** Keeps one actor running: what ends against its spec is started again, after a delay that grows. */
export class BackoffProcess implements SupervisorHandle {
  readonly #options: BackoffProcessOptions;
  readonly #questions = new OpenQuestions();
  #phase: BackoffPhase = 'starting';
  #life: Incarnation | undefined;
  #readyAt: number | undefined;
  #failures = 0;
  #restarts = 0;
  #delay: number | undefined;
  #timer: Timer | undefined;
  /** It has run, or backed off, once. */
  #booted = false;
  #stopping = false;
  #over = false;
  /** Of supervisors that have ended: called when it is known that what has ended was started again. */
  #left: readonly Aftermath[] = [];
  reason: ExitReason | undefined;

  constructor(options: BackoffProcessOptions) {
    this.#options = options;
  }

  get aftermath(): readonly Aftermath[] {
    return [...this.#left, ...aftermathOf(this.#life)];
  }

  attempt(): void {
    const { host, spec } = this.#options;
    const life = new Incarnation(host.scope, spec, `${host.who.path}/${spec.id}`, {
      exited: (ended, reason) => host.enter(() => this.#ended(ended, reason)),
    });
    this.#life = life;
    this.#delay = undefined;
    const outcome = life.start();
    if (this.#life !== life) return;
    if (life.isMade) this.#listen(life.ref);
    this.#become('starting');
    if (outcome instanceof Promise)
      void outcome.then((settled) => host.enter(() => this.#started(life, settled)));
    else this.#started(life, outcome);
  }

  #listen(inner: AnyActorRef): void {
    inner.subscribe({ next: () => this.#tell(), error() {} });
    inner.on('*', (event) => this.#options.onEmitted(event));
  }

  /** An event for whoever runs. Who asks while nobody does is told so at once. */
  forward(event: EventObject): void {
    const life = this.#life;
    if (life?.isMade && life.reason === undefined) life.ref.send(this.#questions.pass(event));
    else this.#turnAway(event);
  }

  #turnAway(event: EventObject): void {
    const { host } = this.#options;
    const { path } = host.who;
    askerOf(event)?.refuse(
      new BackoffError(
        `'${path}' does not run: it failed ${this.#failures} times in a row and is started again within ${this.#delay ?? 0} ms.`,
        this.#delay ?? 0,
      ),
    );
    host.scope.deadLetter(path, event, 'dead');
  }

  stop(reason: ExitReason): void {
    if (this.#stopping) return;
    this.#stopping = true;
    const life = this.#life;
    const starting = life?.phase === 'starting';
    this.#timer?.cancel();
    // Who never ran has failed to start, and must not be taken for ready on the way out.
    if (this.#booted) this.#become('stopping');
    const end = (how: ExitReason): void =>
      this.#options.host.enter(() => this.#end({ reason: starting ? reason : how }));
    if (life === undefined) end(reason);
    else void shutDown(life, reason, 'infinity').then(end);
  }

  kill(): void {
    if (this.#over) return;
    this.#close();
    this.#life?.end({ type: 'killed' }, { shutdown: true });
  }

  async suspend(): Promise<void> {
    holdMailbox(this.#options.self, true);
    await this.#inner?.suspend();
  }

  resume(): void {
    this.#inner?.resume();
  }

  tree(): readonly TreeNode[] {
    return this.#inner?.tree() ?? [];
  }

  /** Of a supervisor that runs inside. */
  get #inner(): SupervisorHandle | undefined {
    return this.#life?.isMade ? supervisorHandle(this.#life.ref) : undefined;
  }

  #started(life: Incarnation, outcome: StartOutcome): void {
    if (this.#life !== life || this.#over || this.#stopping) return;
    if (outcome.type === 'failed') this.#ended(life, outcome.reason, { starting: true });
    else if (outcome.type === 'ignored') this.#end({ reason: { type: 'normal' }, output: outputOf(life) });
    else this.#ready(life);
  }

  #ready(life: Incarnation): void {
    this.#readyAt = monotonicNow();
    const left = this.#left;
    this.#left = [];
    for (const each of left) each();
    if (this.#restarts++ > 0) life.report.restarted(this.#restarts - 1);
    this.#become('running');
  }

  #ended(life: Incarnation, reason: ExitReason, { starting = false } = {}): void {
    if (this.#over) return;
    this.#questions.refuse(obituary(life, reason));
    this.#left = [...this.#left, ...aftermathOf(life)];
    // The order to stop waits for it and goes on from there.
    if (this.#stopping) return;
    const { restart } = this.#options;
    // A start that fails is a failure however orderly: a supervisor's is, whose child could not be started.
    if (starting ? restart !== 'temporary' : afterExit(restart, reason) === 'restart') {
      this.#life = undefined;
      this.#backOff();
    } else {
      this.#end({ reason, ...(isOrderly(reason) && { output: outputOf(life) }) });
    }
  }

  #backOff(): void {
    const { host, policy } = this.#options;
    const ran = this.#readyAt === undefined ? undefined : monotonicNow() - this.#readyAt;
    this.#readyAt = undefined;
    this.#failures = failuresAfter(policy, this.#failures, ran);
    this.#delay = backoffDelay(policy, this.#failures, random());
    this.#timer = after(this.#delay, () => host.enter(() => this.attempt()));
    const { path } = host.who;
    const fields = { event: 'actor.backoff', path, failures: this.#failures, delay: this.#delay };
    host.scope.log('warn', fields, `${path} is started again in ${this.#delay} ms`);
    this.#become('backoff');
  }

  #become(phase: BackoffPhase): void {
    this.#phase = phase;
    this.#booted ||= phase !== 'starting';
    this.#tell();
  }

  #tell(): void {
    if (this.#over) return;
    const inner = this.#life?.isMade ? this.#life.ref : undefined;
    this.#options.onState({ phase: this.#phase, failures: this.#failures, delay: this.#delay, inner });
  }

  #end(end: BackoffEnd): void {
    if (this.#over) return;
    this.reason = end.reason;
    this.#close();
    this.#options.onEnd(end);
  }

  #close(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#options.host.onClose();
  }
}

const outputOf = (life: Incarnation): unknown => life.ref.getSnapshot().output;

const aftermathOf = (life: Incarnation | undefined): readonly Aftermath[] =>
  (life?.isMade ? supervisorHandle(life.ref)?.aftermath : undefined) ?? [];
