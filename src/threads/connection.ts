import type { MessagePort, ResourceLimits } from 'node:worker_threads';
import type { Milliseconds } from '../runtime/duration.js';
import type { ExitReason } from '../runtime/exit-reason.js';
import { type Asker, askerOf } from '../runtime/question.js';
import { after, monotonicNow, type Timer } from '../runtime/time.js';
import {
  type ActorEvent,
  type ActorMirror,
  type FromActor,
  packReason,
  type ToActor,
  unpackOutput,
  unpackReason,
} from './actor-wire.js';
import { builtin } from './builtin.js';
import { type Heartbeat, Pulse } from './pulse.js';
import { openThread, type Thread, type ThreadExit } from './thread.js';
import { deathOf, unresponsive } from './thread-death.js';
import { threadModule } from './thread-module.js';
import { unpackError } from './wire.js';

/** Where an actor lives that is in a thread. */
export interface ThreadPlan {
  /** The URL of the module whose default export is its logic. */
  readonly module: string;
  readonly resourceLimits?: ResourceLimits;
  /** Undefined: nobody listens. */
  readonly heartbeat: Heartbeat | undefined;
  /** Whether its thread lets the process end while it is idle. */
  readonly background?: boolean;
  /** Told of every thread that is opened for it, to call what that serves. */
  readonly onThread?: (thread: Thread<never>) => void;
}

/** Which life of which actor it is. */
export interface Lodger {
  readonly id: string;
  readonly path: string;
  readonly number: number;
  readonly input: unknown;
}

/** How the actor ended, or was ended. */
export interface ActorEnd {
  readonly reason: ExitReason;
  readonly output?: unknown;
  /** Where it stood then. */
  readonly mirror?: ActorMirror | undefined;
}

interface ConnectionEvents {
  onMirror(mirror: ActorMirror): void;
  onLetter(letter: Extract<FromActor, { type: 'letter' }>): void;
  onLog(line: Extract<FromActor, { type: 'log' }>): void;
  /** It takes events again. */
  onOpen(): void;
  onEnd(end: ActorEnd): void;
}

/** So many events may be on their way to a thread, or wait in it; the others wait on this side, within their mailbox's bound. */
const onTheWay = 1000;

/** The way to an actor in a thread, from the thread's start to its end. It ends once, for the first reason given. */
export class Connection {
  readonly #plan: ThreadPlan;
  readonly #lodger: Lodger;
  readonly #events: ConnectionEvents;
  readonly #port: MessagePort;
  readonly #farPort: MessagePort;
  readonly #questions = new Map<number, Asker>();
  readonly #beats: SharedArrayBuffer | undefined;
  #thread: Thread<never> | undefined;
  #release: () => void = () => {};
  #look: Timer | undefined;
  #lastQuestion = 0;
  #sent = 0;
  #taken = 0;
  #reported = false;
  /** What it was told to end for, or says that it ended with; its thread may live yet. */
  #end: ActorEnd | undefined;
  #over = false;

  constructor(plan: ThreadPlan, lodger: Lodger, events: ConnectionEvents) {
    this.#plan = plan;
    this.#lodger = lodger;
    this.#events = events;
    const { MessageChannel } = builtin('node:worker_threads');
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#farPort = port2;
    this.#beats = plan.heartbeat && new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    port1.on('message', (message: FromActor) => this.#take(message));
    // The thread alone says whether the process has something to wait for.
    port1.unref();
  }

  get isOpen(): boolean {
    return this.#over || this.#sent - this.#taken < onTheWay;
  }

  /** Starts the thread. Throws what keeps it from being made: an input that cannot be cloned. */
  open(): void {
    if (this.#over) return;
    const plan = this.#plan;
    const lodger = this.#lodger;
    const thread = openThread<never>(threadModule(import.meta.url, './worker', plan.module), {
      name: lodger.path,
      data: {
        ...lodger,
        module: plan.module,
        port: this.#farPort,
        beats: this.#beats,
        beat: beatOf(plan.heartbeat),
      },
      transfer: [this.#farPort],
      ...(plan.resourceLimits && { resourceLimits: plan.resourceLimits }),
    });
    this.#thread = thread;
    this.#release = thread.hold();
    void thread.exited.then((exit) => this.#exited(exit));
    plan.onThread?.(thread);
  }

  /** Throws for what cannot be cloned. */
  send(event: ActorEvent): void {
    if (this.#over) return;
    const asker = askerOf(event);
    if (asker === undefined) {
      this.#post({ type: 'event', event });
    } else {
      const id = ++this.#lastQuestion;
      this.#post({ type: 'question', id, event });
      this.#questions.set(id, asker);
    }
    this.#sent++;
  }

  /** Asks the actor to end. One that has not begun cannot be asked, and is killed. */
  stop(reason: ExitReason): void {
    if (this.#over || this.#end !== undefined) return;
    this.#hold();
    if (this.#reported) this.#post({ type: 'stop', reason: packReason(reason) });
    else this.#leave({ reason: { type: 'killed' } });
  }

  /** Ends the thread at once and tells nobody. Resolves when it has ended; a native call that runs in it is waited for. */
  kill(): Promise<void> {
    this.#close();
    return this.#terminate();
  }

  /** Whoever still calls what the thread serves is told what it died of. */
  #terminate(): Promise<void> {
    const reason = this.#end?.reason;
    const error = reason?.type === 'error' ? reason.error : undefined;
    return this.#thread?.terminate(error) ?? Promise.resolve();
  }

  #post(message: ToActor): void {
    this.#port.postMessage(message);
  }

  #take(message: FromActor): void {
    if (this.#over) return;
    switch (message.type) {
      case 'report':
        this.#read(message);
        break;
      case 'reply':
        this.#question(message.id)?.answer(message.value);
        break;
      case 'refusal':
        this.#question(message.id)?.refuse(unpackError(message.error));
        break;
      case 'forgotten':
        this.#question(message.id);
        break;
      case 'letter':
        this.#events.onLetter(message);
        break;
      case 'log':
        this.#events.onLog(message);
        break;
      case 'end':
        this.#leave(endOf(message));
    }
  }

  #read({ state, taken }: Extract<FromActor, { type: 'report' }>): void {
    const first = !this.#reported;
    this.#reported = true;
    const wasOpen = this.isOpen;
    this.#taken = taken;
    this.#post({ type: 'seen' });
    if (first) this.#begun();
    if (!wasOpen && this.isOpen) this.#events.onOpen();
    if (state !== undefined) this.#events.onMirror(state);
  }

  #begun(): void {
    if (this.#plan.background) this.#release();
    const { heartbeat } = this.#plan;
    if (heartbeat === undefined || this.#beats === undefined) return;
    const beats = new Int32Array(this.#beats);
    const pulse = new Pulse(heartbeat, Atomics.load(beats, 0), monotonicNow());
    const look = (): void => {
      if (pulse.look(Atomics.load(beats, 0), monotonicNow())) this.#fallSilent(heartbeat);
      else this.#listen(heartbeat.every, look);
    };
    this.#listen(heartbeat.every, look);
  }

  #listen(every: Milliseconds, look: () => void): void {
    this.#look = after(every, look, { background: true });
  }

  /** Its thread may hang in a native call, and its end not come for long. */
  #fallSilent(heartbeat: Heartbeat): void {
    this.#end ??= { reason: { type: 'error', error: unresponsive(this.#lodger.path, heartbeat) } };
    this.#finish(this.#end);
  }

  #question(id: number): Asker | undefined {
    const asker = this.#questions.get(id);
    this.#questions.delete(id);
    return asker;
  }

  #hold(): void {
    this.#release();
    if (this.#thread !== undefined) this.#release = this.#thread.hold();
  }

  /** The actor is no more. What is left of its thread goes before its end is told. */
  #leave(end: ActorEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#hold();
    if (this.#thread === undefined) this.#finish(end);
    else void this.#terminate();
  }

  #exited(exit: ThreadExit): void {
    if (this.#over) return;
    // What it said last is read before its end is.
    const { receiveMessageOnPort } = builtin('node:worker_threads');
    for (let next = receiveMessageOnPort(this.#port); next !== undefined && !this.#over; ) {
      this.#take(next.message as FromActor);
      next = receiveMessageOnPort(this.#port);
    }
    if (this.#over) return;
    const reason: ExitReason = { type: 'error', error: deathOf(this.#lodger.path, exit) };
    this.#finish(this.#end ?? { reason });
  }

  #finish(end: ActorEnd): void {
    if (this.#over) return;
    this.#close();
    this.#events.onEnd(end);
  }

  #close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#look?.cancel();
    this.#release();
    this.#questions.clear();
    // Its other end, wherever that is by now, is closed with it.
    this.#port.close();
    this.#events.onOpen();
  }
}

const endOf = ({ reason, output, state }: Extract<FromActor, { type: 'end' }>): ActorEnd => ({
  reason: unpackReason(reason),
  output: unpackOutput(output),
  mirror: state,
});

/** Often enough that there is a beat between any two looks. */
const beatOf = (heartbeat: Heartbeat | undefined): Milliseconds =>
  heartbeat === undefined ? 0 : Math.ceil(heartbeat.every / 3);
