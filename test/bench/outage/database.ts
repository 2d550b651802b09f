import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Session {
  readonly userId: string;
}

/** Asks the database for one session. As a user would write it: no timeout of its own, the signal of the cache if it has one. */
export type Load = (key: string, signal?: AbortSignal) => Promise<Session | undefined>;

/** A database behind a real socket of this machine, that can be taken away. */
export interface Database {
  readonly load: Load;
  /** How often `load` was called since the last `count`. */
  count(): number;
  /** Accepts requests and never answers, from now on. */
  hang(): void;
  /** Refuses connections, from now on. */
  down(): Promise<void>;
}

/** Opens a database that holds a session for each of the keys. */
export async function openDatabase(keys: readonly string[]): Promise<Database> {
  const rows = new Map(keys.map((key, index) => [key, { userId: `user-${index}` }]));
  let hanging = false;
  let calls = 0;

  const answer = (url: string, response: ServerResponse): void => {
    const row = rows.get(decodeURIComponent(url.slice(1)));
    response.writeHead(row === undefined ? 404 : 200, {
      'content-type': 'application/json',
    });
    response.end(JSON.stringify(row ?? null));
  };
  const server = createServer((request, response) => {
    if (!hanging) answer(request.url ?? '/', response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

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
    hang() {
      hanging = true;
    },
    async down() {
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
