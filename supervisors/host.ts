import type { AnyActorRef } from 'xstate';
import { attribution } from '../src/runtime/attribution.js';
import type { ExitReason } from '../src/runtime/exit-reason.js';
import { LifeReport } from '../src/runtime/life-report.js';
import { silent } from '../src/runtime/logger.js';
import { post } from '../src/runtime/mailbox.js';
import { incarnationOfActor, ownerOf } from '../src/runtime/owner.js';
import { RuntimeScope } from '../src/runtime/scope.js';
import { onAncestorError, stopActor } from '../src/runtime/xstate.js';

/** Where a supervisor stands. */
export type SupervisorPhase = 'starting' | 'running' | 'stopping';

/** What a supervisor's process tells the actor that it works for. */
interface HostEvents {
  onPhase(phase: SupervisorPhase): void;
  onEnd(reason: ExitReason): void;
  /** A bug of ours. */
  onError(error: unknown): void;
}

export interface Host extends HostEvents {
  readonly scope: RuntimeScope;
  /** Which life of which actor it is. */
  readonly who: {
    readonly path: string;
    readonly number: number;
    readonly spec: { readonly id: string; readonly name?: string };
  };
  readonly report: LifeReport;
  /** Runs the supervisor's own work in the right context. */
  enter(work: () => void): void;
  /** It serves no more, whatever the reason. */
  onClose(): void;
  /** Whether it runs in a plain machine: no supervisor above it knows of it. */
  readonly embedded: boolean;
}

/** What a supervisor's process works in: the runtime it was started by, or a private one in somebody's plain machine. */
export function hostOf(self: AnyActorRef, events: HostEvents): Host {
  const own = incarnationOfActor(self);
  if (own === undefined) return embedded(self, events);
  return {
    ...events,
    onClose() {},
    embedded: false,
    scope: own.scope,
    who: own,
    report: own.report,
    enter: (work) => own.run(work),
  };
}

function embedded(self: AnyActorRef, events: HostEvents): Host {
  const owner = ownerOf(self);
  const context = owner?.scope.attribution ?? attribution();
  const scope = new RuntimeScope({
    logger: owner?.scope.logger ?? silent,
    attribution: context,
    deliver: post,
  });
  const path = owner === undefined ? self.id : `${owner.path}/${self.id}`;
  const who = { path, number: scope.nextIncarnation(path), spec: { id: self.id } };
  const release = context.hold();
  // XState does not stop the children of a machine that errors; of one that is supervised, its incarnation does.
  const unwatch = owner === undefined ? onAncestorError(self, () => stopActor(self)) : () => {};
  return {
    ...events,
    onPhase(phase) {
      if (phase === 'running') scope.markStarted();
      events.onPhase(phase);
    },
    onClose() {
      unwatch();
      scope.close();
      release();
    },
    embedded: true,
    scope,
    who,
    report: new LifeReport(scope, who),
    enter: (work) => context.run(owner, work),
  };
}
