/** A worker thread as a port: calls by id on one side, an object of methods on the other. */
export { serveThread } from './serve.js';
export { type CallOptions, openThread, type Thread, type ThreadOptions } from './thread.js';
export { type ThreadModule, threadModule } from './thread-module.js';
export { type Transferring, transferring } from './transferring.js';
