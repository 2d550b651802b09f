/** A cache to whose diagnostics channels only subscribers that throw listen. Tells what became of it, as one line of JSON. */
import { subscribe } from 'node:diagnostics_channel';
import { defineCache } from 'holdfast';

const reported = [];
const at = () => (fields) => {
  if (fields.channel !== undefined) reported.push(fields.err.message);
};
for (const topic of ['invalidated', 'answer', 'load', 'pass.complete', 'swept']) {
  subscribe(`holdfast:cache:${topic}`, () => {
    throw new Error(topic);
  });
}
subscribe('holdfast:cache:swept', async () => {
  throw new Error('swept, later');
});

const source = {
  load: async (key) => ({ key, value: key }),
  async *scan() {
    yield { rows: [{ key: 'a', value: 'A' }] };
  },
};
const logger = { debug: at(), info: at(), warn: at(), error: at() };
const cache = defineCache({ name: 'told', source, logger });
// Before it runs there is nobody yet who would catch it.
cache.invalidate('x');
await new Promise((resolve) => setImmediate(resolve));
const listenersBefore = process.listenerCount('uncaughtException');
await cache.start();
await cache.warmed();
await cache.sweep();
const value = await cache.fetch('q');
await new Promise((resolve) => setTimeout(resolve, 20));
const { ready } = cache.health();
await cache.stop();
await new Promise((resolve) => setImmediate(resolve));
const listenersAfter = process.listenerCount('uncaughtException');
console.log(JSON.stringify({ reported, value, ready, listenersBefore, listenersAfter }));
