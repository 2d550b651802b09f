import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Session {
  readonly userId: string;
}

/** Asks the database for one session. As a user would write it: no timeout of its own, the signal of the cache if it has one. */
export type Load = (key: string, signal?: AbortSignal) => Promise<Session | undefined>;

/** A database behind a real socket, on a fixed port of this machine, that can be taken away. */
export interface Database {
  readonly load: Load;
  /** How often `load` was called since the last `count`. */
  count(): number;
  up(): Promise<void>;
  /** Refuses connections. */
  down(): Promise<void>;
  /** Accepts requests and never answers. */
  hang(): void;
  close(): Promise<void>;
}

/** Opens a database that holds a session for each of the keys. */
export async function openDatabase(keys: readonly string[]): Promise<Database> {
  const rows = new Map(keys.map((key, index) => [key, { userId: `user-${index}` }]));
  let hanging = false;
  let calls = 0;
  let port = 0;

  const answer = (url: string, response: ServerResponse): void => {
    const row = rows.get(decodeURIComponent(url.slice(1)));
    response.writeHead(row === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(row ?? null));
  };
  const listen = async (): Promise<Server> => {
    const made = createServer((request, response) => {
      if (!hanging) answer(request.url ?? '/', response);
    });
    await new Promise<void>((resolve, reject) => {
      made.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    port = (made.address() as AddressInfo).port;
    return made;
  };
  let server: Server | undefined = await listen();
  const down = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    if (closing === undefined) return;
    closing.closeAllConnections();
    await new Promise((resolve) => closing.close(resolve));
  };

  return {
    async load(key, signal) {
      calls += 1;
      const response = await fetch(`http://127.0.0.1:${port}/${encodeURIComponent(key)}`, {
        signal: signal ?? null,
      });
      if (response.status === 404) {
        await response.body?.cancel();
        return undefined;
      }
      return (await response.json()) as Session;
    },
    count() {
      const counted = calls;
      calls = 0;
      return counted;
    },
    async up() {
      hanging = false;
      server ??= await listen();
    },
    down,
    hang() {
      hanging = true;
    },
    close: down,
  };
}
