import { connect } from 'node:net';
import type { Milliseconds } from '../../runtime/duration.js';
import { after } from '../../runtime/time.js';
import type { PgClient } from './driver.js';

/** The request's number in PostgreSQL's protocol, version 3. */
const cancelRequest = 80_877_102;

/** How long the server may take to hear of it. */
const patience: Milliseconds = 1_000;

/**
 * Asks the server to end what a connection runs, and resolves when it was told, or cannot be. It needs no connection of its own:
 * servers hear it also when they have as many as they may.
 */
export function cancelOnServer(client: PgClient): Promise<void> {
  const [host, port, pid, secret] = ['host', 'port', 'processID', 'secretKey'].map((name): unknown =>
    Reflect.get(client, name),
  );
  if (typeof host !== 'string' || typeof port !== 'number' || typeof pid !== 'number')
    return Promise.resolve();
  if (typeof secret !== 'number') return Promise.resolve();
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(cancelRequest, 4);
  request.writeInt32BE(pid, 8);
  request.writeInt32BE(secret | 0, 12);
  return new Promise((resolve) => {
    const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect({ host, port });
    const timer = after(patience, () => socket.destroy(), { background: true });
    socket.on('connect', () => socket.end(request));
    // The server closes it when it has passed it on. Nobody can be told that it could not.
    socket.on('error', () => {});
    socket.on('close', () => {
      timer.cancel();
      resolve();
    });
    socket.resume();
    socket.unref();
  });
}
