import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerFolder, answerJson } from './answer.js';
import { createEventLog } from './event-log.js';
import { openEventStream } from './event-stream.js';
import type { ObservedBus } from './observed.js';
import { type ObserveOptions, parseObserveOptions } from './options.js';
import { renderPage } from './page/index.js';
import { status } from './status.js';

/** Answers requests, and is let go of with `close`. */
export interface Observer {
  /** For `http.createServer`, express and connect. What it does not know goes to `next`, or gets a 404. */
  (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void;
  /** Ends every stream and stops listening to the buses. Call it when the server closes: streams would hold it up. */
  close(): void;
}

/**
 * A live picture of caches and the tree that they run in, for any Node server: `/` a page, `/status` JSON, `/events`
 * server-sent events. It only looks: whatever the request, nothing is changed, and keys of entries are told shortened.
 * Who may look is for your app to say, in front of it.
 *
 * @throws OptionsError
 *
 * @example
 * ```ts
 * const observer = observe({ caches: { sessions }, runtime });
 * http.createServer(observer).listen(4000, '127.0.0.1');                              // node:http
 * app.use('/holdfast', observer);                                                     // express, connect
 * fastify.get('/holdfast/*', (request, reply) => {                                    // fastify, with path: '/holdfast'
 *   reply.hijack();
 *   observer(request.raw, reply.raw);
 * });
 * ```
 */
export function observe(options: ObserveOptions): Observer {
  const { caches, runtime, title, actions, base, history, bound, streams, heartbeat } =
    parseObserveOptions(options);
  const boot = randomBytes(6).toString('hex');
  const buses = new Map<string, ObservedBus>([...caches].map(([name, { bus }]) => [name, bus]));
  if (runtime !== undefined) buses.set('runtime', runtime.bus);
  const log = createEventLog(buses, history);
  const open = new Set<() => void>();
  let dropped = 0;
  let closed = false;

  const routes = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>([
    ['/', page],
    ['/status', tellStatus],
    ['/events', tellEvents],
  ]);

  function page(request: IncomingMessage, response: ServerResponse): void {
    const asked = (request as { readonly originalUrl?: string }).originalUrl?.split('?', 1)[0];
    if (asked !== undefined && !asked.endsWith('/')) {
      answerFolder(response, asked); // mounted by express at `/x`, and asked for as that
      return;
    }
    const nonce = randomBytes(16).toString('base64');
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    response.end(renderPage({ title, actions, nonce }));
  }

  function tellStatus(_request: IncomingMessage, response: ServerResponse): void {
    answerJson(response, 200, status(caches, runtime, { boot, streams: { open: open.size, dropped } }));
  }

  function tellEvents(request: IncomingMessage, response: ServerResponse): void {
    if (closed || open.size >= streams) {
      response.setHeader('retry-after', '1');
      answerJson(response, 503, { error: closed ? 'closing' : 'too-many-streams' });
      return;
    }
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).end();
      return;
    }
    const end = openEventStream(response, log, {
      boot,
      after: resumeAfter(request),
      heartbeat,
      bound,
      onDrop: () => {
        dropped += 1;
      },
      onEnd: () => open.delete(end),
    });
    open.add(end);
  }

  /** A browser that comes back says what it saw last; one that asks for `?replay` wants all that is kept. */
  function resumeAfter(request: IncomingMessage): number {
    const [from, number] = String(request.headers['last-event-id'] ?? '').split('-');
    if (from === boot) return Number(number) || 0;
    return from !== '' || query(request).has('replay') ? 0 : log.last;
  }

  const observer = (
    request: IncomingMessage,
    response: ServerResponse,
    next: (error?: unknown) => void = (error) => refuse(request, response, error),
  ): void => {
    const path = pathOf(request);
    const route = path.startsWith(`${base}/`) ? routes.get(path.slice(base.length)) : undefined;
    const looks = request.method === 'GET' || request.method === 'HEAD';
    if (looks && base !== '' && path === base) answerFolder(response, path);
    else if (!looks || route === undefined) next();
    else {
      try {
        route(request, response);
      } catch (error) {
        next(error);
      }
    }
  };

  return Object.assign(observer, {
    close(): void {
      closed = true;
      for (const end of open) end();
      log.close();
    },
  });
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?', 1)[0] || '/';

const query = (request: IncomingMessage): URLSearchParams =>
  new URLSearchParams((request.url ?? '').split('?').slice(1).join('?'));

/** What happens where nobody comes next. */
function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  else if (error !== undefined) answerJson(response, 500, { error: 'internal' });
  else if (request.method === 'GET' || request.method === 'HEAD')
    answerJson(response, 404, { error: 'not-found' });
  else answerJson(response, 405, { error: 'method-not-allowed' });
}
