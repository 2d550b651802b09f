import type { AnyActorRef } from 'xstate';
import type { Milliseconds } from './duration.js';
import type { ExitReason } from './exit-reason.js';
import type { Incarnation } from './incarnation.js';
import { supervisorHandle } from './supervisor-handle.js';
import { after, type Timer } from './time.js';
import { isMachine, namesEvent } from './xstate.js';

const killed: ExitReason = { type: 'killed' };

/** What a machine is asked to stop by, if one of its active states names it. */
export interface ShutdownEvent {
  readonly type: 'holdfast.shutdown';
  readonly reason: ExitReason;
}

/**
 * Stops an incarnation: a supervisor by its own order, a machine that listens for it by `holdfast.shutdown`, within the
 * shutdown time of its spec and then by a kill; so is other logic that traps exits; anything else at once. Resolves when it is dead, with the reason it died of.
 */
export function shutDown(
  incarnation: Incarnation,
  reason: ExitReason,
  shutdown = incarnation.spec.shutdown,
): Promise<ExitReason> {
  return new Promise((resolve) => {
    if (incarnation.reason !== undefined) return resolve(incarnation.reason);
    let timer: Timer | undefined;
    incarnation.atEnd((end) => {
      timer?.cancel();
      resolve(end);
    });
    if (shutdown === 'brutal') incarnation.end(killed, { shutdown: true });
    else if (!ask(incarnation, reason)) incarnation.end(endOf(incarnation, reason), { shutdown: true });
    else if (incarnation.reason !== undefined || shutdown === 'infinity') return;
    else if (shutdown === 0) overrun(incarnation, shutdown);
    else timer = after(shutdown, () => overrun(incarnation, shutdown));
  });
}

function overrun(incarnation: Incarnation, wait: Milliseconds): void {
  incarnation.report.overran(wait);
  incarnation.end(killed, { shutdown: true });
}

/** Who is still starting cannot be asked, and is killed. */
const endOf = (incarnation: Incarnation, reason: ExitReason): ExitReason =>
  incarnation.phase === 'starting' ? killed : reason;

/** Whether it was asked, and is to be waited for. */
function ask(incarnation: Incarnation, reason: ExitReason): boolean {
  if (!incarnation.isMade) return false;
  if (incarnation.phase === 'stopping') return true;
  const { ref } = incarnation;
  const supervisor = supervisorHandle(ref);
  if (supervisor !== undefined) {
    incarnation.askedToStop(reason);
    supervisor.stop(reason);
    return true;
  }
  if (incarnation.phase === 'starting') return false;
  const event: ShutdownEvent = { type: 'holdfast.shutdown', reason };
  const asksAnything = incarnation.spec.trapExit === true && !isMachine(ref);
  if (!asksAnything && !namesEvent(ref, event)) return false;
  incarnation.askedToStop(reason);
  (ref as AnyActorRef).send(event);
  return true;
}
