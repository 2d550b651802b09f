/** A worker thread as a port (calls by id on one side, an object of methods on the other), and as the place where an actor lives. */
export { openActor } from './open-actor.js';
export { serveThread } from './serve.js';
export { type CallOptions, openThread, type Thread, type ThreadOptions } from './thread.js';
export { type ThreadLogic, threadLogic } from './thread-logic.js';
export { locateModule, type ThreadModule, threadModule } from './thread-module.js';
export { type Transferring, transferring } from './transferring.js';
