/** What an actor, an exit and a message is: incarnations, sending and asking, names, time. Mechanism, no policy. */
export { createBus } from './actor-bus.js';
export { type AskOptions, ask, reply } from './ask.js';
export type { ChildSpec, Restart, Shutdown } from './child-spec.js';
export type { Duration, Milliseconds } from './duration.js';
export { exit } from './exit.js';
export { type ExitReason, isOrderly } from './exit-reason.js';
export { IGNORE } from './ignore.js';
export type { Logger } from './logger.js';
export { type EventOf, send } from './mailbox.js';
export type { MailboxPolicy, Overflow } from './mailbox-policy.js';
export { incarnationOf, loggerOf, signalOf, whenStarted } from './owner.js';
export type { ActorIdentity, Offender, RuntimeEvents, SupervisorReportContext } from './runtime-events.js';
export { sendToName } from './send-to-name.js';
export type { ShutdownEvent } from './shutdown.js';
export type { TreeNode } from './supervisor-handle.js';
