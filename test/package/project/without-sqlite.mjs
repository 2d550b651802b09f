import { defineCache } from 'holdfast';
import { sqliteSource } from 'holdfast/sqlite';

function tell(error) {
  for (let at = error; at; at = at.cause) console.log(at.code, at.message);
}

try {
  const cache = defineCache({
    name: 'sessions',
    source: sqliteSource({ file: 'sessions.db', table: 'sessions', key: 'token' }),
  });
  await cache.start();
  await cache.warm().catch(tell);
  await cache.stop();
} catch (error) {
  tell(error);
}
