/** The entry of a thread that an actor lives in. */
import { workerData } from 'node:worker_threads';
import type { ActorOrder } from './actor-wire.js';
import { reside } from './resident.js';

void reside(workerData as ActorOrder);
