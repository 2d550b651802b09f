import { edit, mutantsOf } from './mutant.js';

const store = 'src/express-session/store.ts';
const late = 'a slow request saves its session after the logout';

/** They show under express-session, over HTTP and a real file. */
export const sessionStores = mutantsOf({ test: 'test/express-session/store.test.ts' })(
  [
    'an error of the source with the code ENOENT is no session',
    'a store error whose `code` is ENOENT',
    edit(
      store,
      "if (error instanceof Error && (error as { readonly code?: unknown }).code !== 'ENOENT') return error;",
      'if (error instanceof Error) return error;',
    ),
  ],
  [
    'the store says that it is disconnected',
    'the store emits `disconnect`',
    edit(store, "      case 'unknown':\n", "      case 'unknown':\n        this.emit('disconnect');\n"),
  ],
  [
    'a save brings back a session that has ended',
    late,
    edit(
      store,
      '    if (this.#hasEnded(sid)) return;\n    await this.#policy.cache.save',
      '    await this.#policy.cache.save',
    ),
  ],
  [
    'a removal overtakes the save that is under way',
    late,
    edit(store, 'await this.#turns.take(sid, () => cache.remove(sid));', 'await cache.remove(sid);'),
  ],
  [
    'each touch is a write',
    '`touch` on every request',
    edit('actors/cache/touches.ts', 'this.#every = options.every;', 'this.#every = 0;'),
  ],
);
