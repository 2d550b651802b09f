import type { Milliseconds } from '../runtime/duration.js';

/** What a scripted source does with what it is asked. Plain data: it shrinks, prints and replays. */
export type SourceMode =
  | { readonly mode: 'up' }
  /** Rejects: with SourceUnavailableError, or with the raw error of a driver. */
  | { readonly mode: 'unreachable'; readonly as?: 'typed' | 'ECONNREFUSED' }
  /** Answers `ms` later, what it held when it was asked. `deaf`: goes on after its signal has fired, and answers late. */
  | { readonly mode: 'slow'; readonly ms: Milliseconds; readonly deaf?: boolean }
  /** Never settles. Not `deaf`: rejects when its signal fires. */
  | { readonly mode: 'hang'; readonly deaf?: boolean }
  /** Rejects with it, or throws it before there is a promise. */
  | { readonly mode: 'throws'; readonly what: Thrown; readonly sync?: boolean }
  /** Scans and change feeds die after so many batches. Everything else answers. */
  | { readonly mode: 'partial'; readonly batches: number }
  /** Up and unreachable by turns, `every` ms each, up first. */
  | { readonly mode: 'flap'; readonly every: Milliseconds }
  /** Answers what it held `by` ms ago. */
  | { readonly mode: 'lies'; readonly by: Milliseconds }
  /** Another connection holds the file's exclusive lock: every question is refused as unavailable, as `sqliteSource` refuses it. */
  | { readonly mode: 'locked' }
  /** It answers, and takes nothing: saves and removals are refused, as `sqliteSource` refuses them over a read-only file. */
  | { readonly mode: 'readonly' }
  /** Answers what its type forbids. */
  | { readonly mode: 'nonsense' };

/** What a source may throw: anything at all. */
export type Thrown =
  | 'Error'
  | 'TypeError'
  | 'string'
  | 'number'
  | 'null'
  | 'undefined'
  | 'bare object'
  | 'trap';

export type BusMode = 'drop' | 'duplicate' | 'delay' | 'reorder';

/** One failure of a schedule. `at` is in ms since the world began. */
export type Fault =
  /** The source does as the mode says, for so many ms, then it is up. */
  | {
      readonly at: Milliseconds;
      readonly kind: 'source';
      readonly mode: SourceMode;
      readonly for: Milliseconds;
      /** Which of the sources, where there are more than one; modulo their number. Default: all. */
      readonly of?: number;
    }
  /** The actor of that name: killed, or ended by an error. `step`: when it is handed its n-th event from then on. */
  | {
      readonly at: Milliseconds;
      readonly kind: 'crash';
      readonly actor: string;
      readonly how: 'killed' | 'error';
      readonly step?: number;
    }
  /** The actor of that name is handed nothing for so many ms. */
  | {
      readonly at: Milliseconds;
      readonly kind: 'hang';
      readonly actor: string;
      readonly for: Milliseconds;
    }
  /** The actor of that name is killed, and its supervisor while it restarts it. */
  | { readonly at: Milliseconds; readonly kind: 'supervisor'; readonly actor: string }
  /** What is published on buses is lost, comes twice, later, or the last first, for so many ms. */
  | {
      readonly at: Milliseconds;
      readonly kind: 'bus';
      readonly how: BusMode;
      readonly for: Milliseconds;
    }
  /** A failure of the scenario's own. */
  | { readonly at: Milliseconds; readonly kind: 'own'; readonly name: string }
  /** The row can no longer be decoded. */
  | { readonly at: Milliseconds; readonly kind: 'corrupt'; readonly key: string }
  /** The wall clock jumps by so many ms. */
  | { readonly at: Milliseconds; readonly kind: 'jump'; readonly by: Milliseconds }
  /** The process stands still for so many ms. */
  | { readonly at: Milliseconds; readonly kind: 'pause'; readonly ms: Milliseconds }
  /** The process is killed (nothing is stopped, nothing flushed) and booted again `after` ms later. */
  | { readonly at: Milliseconds; readonly kind: 'kill'; readonly after: Milliseconds };

/** What a fault schedule acts upon. What is missing is not done. */
export interface FaultTargets {
  source?(mode: SourceMode, duration: Milliseconds, of?: number): void;
  crash?(actor: string, how: 'killed' | 'error', step?: number): void;
  hang?(actor: string, duration: Milliseconds): void;
  supervisor?(actor: string): void;
  bus?(how: BusMode, duration: Milliseconds): void;
  own?(name: string): void;
  corrupt?(key: string): void;
  jump?(by: Milliseconds): void;
  pause?(ms: Milliseconds): void;
  kill?(after: Milliseconds): void;
}

/** Carries one fault out. */
export function inflict(fault: Fault, targets: FaultTargets): void {
  switch (fault.kind) {
    case 'source':
      targets.source?.(fault.mode, fault.for, fault.of);
      break;
    case 'crash':
      targets.crash?.(fault.actor, fault.how, fault.step);
      break;
    case 'hang':
      targets.hang?.(fault.actor, fault.for);
      break;
    case 'supervisor':
      targets.supervisor?.(fault.actor);
      break;
    case 'bus':
      targets.bus?.(fault.how, fault.for);
      break;
    case 'own':
      targets.own?.(fault.name);
      break;
    case 'corrupt':
      targets.corrupt?.(fault.key);
      break;
    case 'jump':
      targets.jump?.(fault.by);
      break;
    case 'pause':
      targets.pause?.(fault.ms);
      break;
    case 'kill':
      targets.kill?.(fault.after);
  }
}

/** Sets every fault of a schedule to its time. Call it at the beginning of a world. */
export function schedule(faults: readonly Fault[], targets: FaultTargets): void {
  for (const fault of faults) globalThis.setTimeout(() => inflict(fault, targets), fault.at);
}
