import type { AnyActorRef } from 'xstate';
import type { Milliseconds } from './duration.js';
import type { ExitReason } from './exit-reason.js';
import type { Incarnation } from './incarnation.js';
import { supervisorHandle } from './supervisor-handle.js';
import { after, type Timer } from './time.js';
import { namesEvent } from './xstate.js';

/** What a machine is asked to stop by, if one of its active states names it. */
export interface ShutdownEvent {
  readonly type: 'holdfast.shutdown';
  readonly reason: ExitReason;
}

/**
 * Stops an incarnation: a supervisor by its own order, a machine that listens for it by `holdfast.shutdown`, within the
 * shutdown time of its spec and then by a kill; anything else at once. Resolves when it is dead, with the reason it died of.
 */
export function shutDown(incarnation: Incarnation, reason: ExitReason): Promise<ExitReason> {
  return new Promise((resolve) => {
    if (incarnation.reason !== undefined) return resolve(incarnation.reason);
    let timer: Timer | undefined;
    incarnation.atEnd((end) => {
      timer?.cancel();
      resolve(end);
    });
    const { shutdown } = incarnation.spec;
    if (shutdown === 'brutal') return incarnation.end({ type: 'killed' }, { shutdown: true });
    const wait = ask(incarnation, reason) ? shutdown : undefined;
    if (incarnation.reason !== undefined || wait === 'infinity') return;
    if (wait === undefined) return incarnation.end(reason, { shutdown: true });
    const kill = (): void => overrun(incarnation, wait);
    if (wait === 0) kill();
    else timer = after(wait, kill);
  });
}

function overrun(incarnation: Incarnation, wait: Milliseconds): void {
  incarnation.report.overran(wait);
  incarnation.end({ type: 'killed' }, { shutdown: true });
}

/** Whether it was asked, and is to be waited for. */
function ask(incarnation: Incarnation, reason: ExitReason): boolean {
  if (incarnation.phase === 'starting') return false;
  if (incarnation.phase === 'stopping') return true;
  const { ref } = incarnation;
  const supervisor = supervisorHandle(ref);
  if (supervisor !== undefined) {
    incarnation.askedToStop(reason);
    supervisor.stop(reason);
    return true;
  }
  const event: ShutdownEvent = { type: 'holdfast.shutdown', reason };
  if (!namesEvent(ref, event)) return false;
  incarnation.askedToStop(reason);
  (ref as AnyActorRef).send(event);
  return true;
}
