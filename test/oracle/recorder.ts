import type { AnyActorRef } from 'xstate';
import type { Runtime } from '../../src/create-runtime.js';
import type {
  ActorIdentity,
  ExitReason,
  RuntimeEvents,
  SupervisorReportContext,
} from '../../src/runtime/index.js';
import { type Attempt, type Cast, labelOf, parentOf } from './cast.js';
import { kindOf, raises } from './outcome.js';
import { errorTerm, reasonTerm } from './reasons.js';
import { type Term, tuplesInOrder } from './terms.js';

const contexts: Readonly<Record<SupervisorReportContext, string>> = {
  'child-terminated': 'child_terminated',
  'start-error': 'start_error',
  'shutdown-error': 'shutdown_error',
  shutdown: 'shutdown',
};

/** `["init", path]`, `["start", path, attempt, outcome]` or `["exit", label, reason]`. */
export type TraceEvent = readonly Term[];

/** Writes down what Holdfast's bus tells, in OTP's words. */
export class Recorder {
  readonly #cast: Cast;
  readonly #ready = new Set<Attempt>();
  readonly #reasons = new Map<string, Term>();
  #events: TraceEvent[] = [];
  #reports: Term[] = [];
  /** What the latest start of each path came to. */
  readonly started = new Map<string, Term>();

  constructor(cast: Cast) {
    this.#cast = cast;
  }

  listen(bus: Runtime['bus']): void {
    bus.subscribe('actor.ready', (event) => this.#attempt(event, (attempt) => this.#isReady(attempt)));
    for (const topic of ['actor.stopped', 'actor.crashed'] as const) {
      bus.subscribe(topic, (event) => this.#attempt(event, (attempt) => this.#ended(attempt, event.reason)));
    }
    bus.subscribe('supervisor.report', (event) => this.#reported(event));
  }

  /** The root was not even made. */
  refused(path: string, error: unknown): Term {
    const attempt = this.#cast.latest(path) as Attempt;
    this.#ended(attempt, { type: 'error', error });
    return this.started.get(path) as Term;
  }

  init(path: string): void {
    this.#events.push(['init', path]);
  }

  /** The reason that an actor ended with. */
  reasonOf(label: string): Term | undefined {
    return this.#reasons.get(label);
  }

  get events(): number {
    return this.#events.length;
  }

  /** What has happened since it was asked last, by the canonical rules. */
  take(unordered: boolean): { readonly events: readonly TraceEvent[]; readonly reports: readonly Term[] } {
    const events = unordered ? this.#events.sort(tuplesInOrder) : this.#inRuns(this.#events);
    const taken = { events, reports: this.#reports };
    this.#events = [];
    this.#reports = [];
    return taken;
  }

  #attempt(event: ActorIdentity, then: (attempt: Attempt) => void): void {
    const attempt = this.#cast.attemptAt(event.path, event.incarnation);
    if (attempt !== undefined) then(attempt);
  }

  #isReady(attempt: Attempt): void {
    this.#ready.add(attempt);
    this.#start(attempt, 'ok');
  }

  #ended(attempt: Attempt, reason: ExitReason): void {
    if (this.#ready.has(attempt)) this.#exit(attempt, reasonTerm(reason));
    else if (kindOf(attempt) === 'ignore') this.#start(attempt, 'ignore');
    else this.#failed(attempt, reason);
  }

  #failed(attempt: Attempt, reason: ExitReason): void {
    if (raises(attempt)) return;
    // A worker that fails to start never was a process; a supervisor is one from its `init` on.
    if (kindOf(attempt) === 'ok') this.#exit(attempt, reasonTerm(reason));
    const term = failureTerm(reason);
    this.#start(attempt, kindOf(attempt) === 'bad' ? term : ['error', term]);
  }

  #start(attempt: Attempt, came: Term): void {
    this.started.set(attempt.path, came);
    this.#events.push(['start', attempt.path, attempt.number, came]);
  }

  #exit(attempt: Attempt, reason: Term): void {
    this.#reasons.set(labelOf(attempt), reason);
    this.#events.push(['exit', labelOf(attempt), reason]);
  }

  #reported(event: RuntimeEvents['supervisor.report']): void {
    const { context, childId, reason, offender, count } = event;
    const sup = this.#cast.attemptAt(event.path, event.incarnation)?.path ?? event.path;
    this.#reports.push([
      sup,
      contexts[context],
      this.#cast.simple.has(sup) ? this.#instance(sup, offender.ref, count) : childId,
      context === 'shutdown' ? 'reached_max_restart_intensity' : failureTerm(reason),
    ]);
  }

  /** A dynamic supervisor's child, by its path; many at once by the template's id and their number. */
  #instance(sup: string, ref: AnyActorRef | undefined, count: number | undefined): Term {
    if (count !== undefined) return [this.#cast.templateOf(sup), count];
    const attempt = ref && this.#cast.attemptOf(ref);
    return attempt?.path ?? this.#cast.templateOf(sup);
  }

  /** The children of a dynamic supervisor end in no order: runs of their exits are sorted. */
  #inRuns(events: readonly TraceEvent[]): readonly TraceEvent[] {
    const sorted: TraceEvent[] = [];
    let run: TraceEvent[] = [];
    let of: string | undefined;
    const close = (): void => {
      sorted.push(...run.sort(tuplesInOrder));
      run = [];
    };
    for (const event of events) {
      const parent = event[0] === 'exit' ? parentOf(event[1] as string) : undefined;
      const dynamic = parent !== undefined && this.#cast.simple.has(parent) ? parent : undefined;
      if (dynamic === undefined || dynamic !== of) close();
      if (dynamic === undefined) sorted.push(event);
      else run.push(event);
      of = dynamic;
    }
    close();
    return sorted;
  }
}

/** What a start function that failed answers: the reason of a supervisor's end, a worker's error. */
const failureTerm = (reason: ExitReason): Term =>
  reason.type === 'error' ? errorTerm(reason.error) : reasonTerm(reason);
