import type { AnyActorRef } from 'xstate';
import { processOf, type SupervisorRef } from '../../../supervisors/supervisor.js';
import type { Runtime } from '../../create-runtime.js';
import { exit } from '../../runtime/index.js';
import { supervisorHandle } from '../../runtime/supervisor-handle.js';

/**
 * Kills an actor and, before its supervisor has dealt with that, the supervisor. Returns its path; undefined, and nothing is done, where
 * that is the root: its end is the end of the tree.
 */
export function killSupervisorOf(runtime: Runtime, ref: AnyActorRef): string | undefined {
  const holder = holderOf(runtime.root, ref);
  if (holder === undefined || holder === runtime.root) return undefined;
  const path = processOf(holder)?.path;
  exit(ref, { type: 'killed' });
  exit(holder, { type: 'killed' });
  return path;
}

/** The supervisor whose child an actor is. */
function holderOf(supervisor: SupervisorRef, ref: AnyActorRef): SupervisorRef | undefined {
  for (const { incarnation } of processOf(supervisor)?.roster ?? []) {
    if (incarnation?.isMade !== true) continue;
    if (incarnation.ref === ref) return supervisor;
    if (supervisorHandle(incarnation.ref) === undefined) continue;
    const found = holderOf(incarnation.ref as SupervisorRef, ref);
    if (found !== undefined) return found;
  }
  return undefined;
}
