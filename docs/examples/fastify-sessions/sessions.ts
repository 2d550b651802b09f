import fastifyCookie from '@fastify/cookie';
import fastifySession, { type FastifySessionOptions } from '@fastify/session';
import type { SessionData } from 'express-session';
import type { FastifyError } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { type CacheOptions, defineCache, SourceUnavailableError } from 'holdfast';
import { HoldfastStore } from 'holdfast/express-session';

export interface SessionsOptions {
  /** Where the sessions are, and where their snapshot is kept. */
  readonly cache: Pick<CacheOptions<SessionData>, 'source' | 'snapshot'> & Partial<CacheOptions<SessionData>>;
  /** Signs the cookie: 32 characters or more. */
  readonly secret: string;
  /** ms. Default: a day. */
  readonly maxAge?: number;
  /** Whether the cookie goes over https only. Default true. */
  readonly secure?: boolean;
}

/** Sessions for Fastify that stay served while their database is away. Of one that nobody can vouch for: 503, never a logout. */
export const sessions = fastifyPlugin<SessionsOptions>(
  async (app, { cache: options, secret, maxAge = 86_400_000, secure = true }) => {
    const cache = await defineCache<SessionData>({ name: 'sessions', ...options }).start();
    app.addHook('onClose', () => cache.stop());

    app.setErrorHandler<FastifyError>((error, _request, reply) => {
      if (!(error instanceof SourceUnavailableError)) return reply.send(error);
      return reply.code(503).header('retry-after', 1).send({ error: 'unknown' });
    });

    await app.register(fastifyCookie);
    await app.register(fastifySession, {
      // The two session libraries say otherwise what a cookie is; the store hands on what it was given.
      store: new HoldfastStore({ cache }) as unknown as NonNullable<FastifySessionOptions['store']>,
      secret,
      cookie: { maxAge, secure },
      // A visitor is no session yet, and a look at the session is no write: else an outage would fail every request.
      saveUninitialized: false,
      rolling: false,
    });
  },
  { name: 'holdfast-sessions' },
);
