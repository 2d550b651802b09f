import { randomUUID } from 'node:crypto';
import type { Config } from './config.js';
import { isPulledAway, sampleToken } from './database.js';

/** What a person who has just started the service wants to know. */
export function greeting(url: string, config: Config): string {
  const token = sampleToken(config.database);
  const json = `-H 'content-type: application/json'`;
  const me = `curl -i ${url}/me -H 'authorization: Bearer ${token ?? '<token>'}'`;
  const lines = [
    '',
    `  Sessions are served at ${url}, and ${url}/ shows how.`,
    '',
    ...(isPulledAway(config.database)
      ? [`  The database is away (${config.database}.away), as you left it.`, '']
      : token === undefined
        ? [`  No session can be read from ${config.database} now.`, '']
        : []),
    `  ${me}`,
    `  curl -i ${url}/me -H 'authorization: Bearer ${randomUUID()}'   # nobody's`,
  ];
  if (config.chaos) {
    lines.push(
      `  curl -X POST ${url}/chaos ${json} -d '{"database":"down"}'   # then ask again; or stop, and start again`,
      `  curl -X POST ${url}/chaos ${json} -d '{"database":"up"}'`,
      `  curl -X POST ${url}/chaos ${json} -d '{"crash":"warmer"}'`,
    );
  }
  return [...lines, '', '  Ctrl-C stops it.', ''].join('\n');
}
