import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { exit, type Runtime } from 'holdfast';
import type { Action } from 'holdfast/observe';
import { giveBack, pullAway } from './database.js';

const actors = ['cache', 'snapshotter', 'throttle', 'listener', 'warmer', 'janitor'] as const;
const fates = ['down', 'up', 'slow'] as const;
type Chaos = { readonly crash: (typeof actors)[number] } | { readonly database: (typeof fates)[number] };

/** How long each question to a slow database takes, in ms: longer than who waits likes, shorter than `load.timeout`. */
const slowness = 1500;

const loopback = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;
/** A page elsewhere can have its own name point to 127.0.0.1; what it cannot do is ask for this one. */
const localName = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

export interface ChaosParts {
  readonly runtime: Runtime;
  readonly database: string;
  slowDown(delay: number): void;
}

/** `POST /chaos`: breaks things, for real, for whoever sits at this machine. */
export function chaos(app: FastifyInstance, { runtime, database, slowDown }: ChaosParts): void {
  const body = {
    type: 'object',
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
    properties: { crash: { enum: actors }, database: { enum: fates } },
  } as const;

  app.post<{ Body: Chaos }>('/chaos', { schema: { body } }, async (request, reply) => {
    if (!loopback.test(request.socket.remoteAddress ?? '') || !localName.test(request.headers.host ?? '')) {
      return reply.code(403).send({ error: 'loopback-only' });
    }
    if ('crash' in request.body) {
      const name = `sessions/${request.body.crash}`;
      const actor = await present(runtime, name);
      if (actor === undefined) return reply.code(409).send({ error: 'not-running', name });
      exit(actor, { type: 'error', error: new Error('ordered by POST /chaos') });
      return { crashed: name };
    }
    const fate = request.body.database;
    slowDown(fate === 'slow' ? slowness : 0);
    if (fate === 'down') pullAway(database);
    else if (!giveBack(database)) return reply.code(409).send({ error: 'no-database', file: database });
    return { database: fate };
  });
}

/** The actor of that name. One that is being restarted is waited for, a second or so. */
async function present(runtime: Runtime, name: string): Promise<ReturnType<Runtime['whereis']>> {
  for (let looks = 0; looks < 100 && runtime.whereis(name) === undefined; looks++) await sleep(10);
  return runtime.whereis(name);
}

const post = (group: string, label: string, hint: string, body: Chaos): Action => ({
  group,
  label,
  hint,
  url: 'chaos',
  body,
});

/** The buttons that do it from the page. */
export const chaosActions: readonly Action[] = [
  post('Database', 'Pull it away', 'Moves the file away: every question to the database fails', {
    database: 'down',
  }),
  post('Database', 'Give it back', 'Moves the file to its place, at its usual speed', { database: 'up' }),
  post('Database', 'Make it slow', `Every question takes ${slowness / 1000} s`, { database: 'slow' }),
  ...actors.map((actor) =>
    post('Crash', actor, `Kills the ${actor} with an error: its supervisor restarts it`, { crash: actor }),
  ),
];
