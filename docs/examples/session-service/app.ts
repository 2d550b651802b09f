import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Cache, type Runtime, SourceUnavailableError, ThrottledError } from 'holdfast';
import type { Observer } from 'holdfast/observe';
import { clientOf } from './client.js';
import { isToken, type Session } from './sessions.js';

const week = 7 * 86_400_000;

export interface Parts {
  readonly sessions: Cache<Session>;
  readonly runtime: Runtime;
  readonly observer: Observer;
  /** Whether the service is on its way out. */
  readonly stopping: () => boolean;
}

/** The routes of the service. */
export function routes(app: FastifyInstance, { sessions, runtime, observer, stopping }: Parts): void {
  /** Nobody can say. When to ask again: not before the next attempt to reach the database. */
  function unknown(reply: FastifyReply, because: string): { error: string; because: string } {
    const { nextAttemptAt } = sessions.health().sourceHealth;
    const seconds = nextAttemptAt === undefined ? 1 : Math.ceil((nextAttemptAt - Date.now()) / 1000);
    reply.code(503).header('retry-after', Math.max(1, seconds));
    return { error: 'unknown', because };
  }

  app.setErrorHandler<Error & { statusCode?: number }>((error, request, reply) => {
    if (error instanceof SourceUnavailableError) return reply.send(unknown(reply, 'source-unreachable'));
    if (error instanceof ThrottledError) {
      reply.code(429).header('retry-after', Math.ceil(error.retryAfter / 1000));
      return reply.send({ error: 'too-many-guesses' });
    }
    const code = error.statusCode ?? 500;
    if (code >= 500) request.log.error({ err: error }, 'request failed');
    return reply
      .code(code)
      .send(code < 500 ? { error: 'bad-request', message: error.message } : { error: 'internal' });
  });
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ error: 'not-found' }));

  app.get('/me', async (request, reply) => {
    const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const answer = await sessions.read(token, { client: clientOf(request.ip) });
    switch (answer.status) {
      case 'fresh':
      case 'stale': {
        const { value, age, expiresAt: _, ...why } = answer; // the status, and why it is stale
        return {
          userId: value.user_id,
          expiresAt: value.expires_at,
          freshness: { ...why, age: Math.round(age) },
        };
      }
      case 'absent':
        reply.code(401).header('www-authenticate', 'Bearer');
        return { error: 'no-such-session' };
      case 'unknown':
        return unknown(reply, answer.because);
    }
  });

  const newSession = {
    type: 'object',
    required: ['userId'],
    additionalProperties: false,
    properties: { userId: { type: 'string', minLength: 1, maxLength: 200 } },
  } as const;
  app.post<{ Body: { userId: string } }>(
    '/sessions',
    { schema: { body: newSession } },
    async (request, reply) => {
      const token = randomUUID();
      const expiresAt = Date.now() + week;
      await sessions.save(token, { user_id: request.body.userId, expires_at: expiresAt }, { expiresAt });
      reply.code(201);
      return { token, expiresAt };
    },
  );

  app.delete<{ Params: { token: string } }>('/sessions/:token', async ({ params: { token } }, reply) => {
    // While the database is away the order waits on disk: done here, and there when it is back.
    const how = isToken(token) ? await sessions.remove(token) : 'removed';
    reply.code(how === 'queued' ? 202 : 204);
  });

  app.get('/livez', (_, reply) => {
    const stands = runtime.tree().status === 'running';
    return reply.code(stands ? 200 : 503).send({ status: stands ? 'live' : 'fallen' });
  });

  // Nobody listens before the tree has started, so whoever gets an answer gets this one.
  app.get('/startupz', (_, reply) => reply.send({ status: 'started' }));

  app.get('/readyz', (_, reply) => {
    const { ready, degraded, data, source } = sessions.health();
    if (stopping()) return reply.code(503).send({ status: 'stopping' });
    if (!ready) return reply.code(503).send({ status: 'not-ready', data, source });
    return reply.send({ status: degraded ? 'degraded' : 'ready', data, source });
  });

  for (const path of ['/', '/status', '/events']) {
    app.get(path, (request, reply) => {
      reply.hijack();
      observer(request.raw, reply.raw);
    });
  }
}
