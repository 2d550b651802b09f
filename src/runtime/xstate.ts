/**
 * The door of `xstate/`, the only place that knows XState's insides.
 *
 * A supervised child is an XState root with a system of its own, so that its system is exactly its family.
 */
export {
  type Changeable,
  endOf,
  hasState,
  isActor,
  isBeingMade,
  isMachine,
  isOver,
  isSendParentError,
  isStopped,
  onAncestorError,
  replaceSnapshot,
  rootOf,
  snapshotOf,
  stopActor,
} from './xstate/actor.js';
export type { RootOptions } from './xstate/create-root.js';
export { Root, type RootOwner } from './xstate/root.js';
export { namesEvent } from './xstate/transition.js';
