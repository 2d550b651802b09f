/** Who restarts whom: supervisors, their children's specs, and what one can ask of them. */
export type { AutoShutdown } from './auto-shutdown.js';
export type { BackoffOptions } from './backoff.js';
export {
  checkChildSpecs,
  childSpec,
  countChildren,
  deleteChild,
  restartChild,
  startChild,
  terminateChild,
  whichChildren,
} from './calls.js';
export { child } from './child.js';
export type { ChildCount, ChildInfo } from './children.js';
export type { DynamicSupervisorOptions, SupervisorOptions } from './options.js';
export {
  type PartitionSupervisor,
  type PartitionSupervisorOptions,
  partitionSupervisor,
} from './partition-supervisor.js';
export type { PartitionKey } from './route.js';
export {
  resourceOf,
  type ServiceLogic,
  type ServiceOptions,
  type ServiceRef,
  type ServiceSnapshot,
  service,
} from './service.js';
export type { ServiceContext, ServicePlan } from './service-life.js';
export type { StartedChild } from './started-child.js';
export { stop } from './stop.js';
export type { Strategy } from './strategy.js';
export {
  dynamicSupervisor,
  type SupervisorLogic,
  type SupervisorRef,
  type SupervisorSnapshot,
  supervisor,
} from './supervisor.js';
export { type TaskOptions, task } from './task.js';
export type { TaskFunction } from './task-run.js';
export type { TaskResult } from './task-stream.js';
export {
  type AsyncTaskOptions,
  type TaskStreamOptions,
  type TaskSupervisor,
  type TaskSupervisorOptions,
  taskSupervisor,
} from './task-supervisor.js';
export { type BackoffLogic, type BackoffSnapshot, withBackoff } from './with-backoff.js';
