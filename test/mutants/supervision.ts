import { edit, mutantsOf } from './mutant.js';

const janitor = 'actors/janitor/machine.ts';
const process = 'supervisors/supervisor-process.ts';

const ofTheCache = mutantsOf('cache')(
  [
    "the janitor's timer is lost with its state",
    'janitor killed once',
    edit(janitor, "      after: { interval: 'sweeping' },\n", ''),
    edit(
      janitor,
      "  core.sweeps.made.listen(() => sendBack({ type: 'wanted' })),\n);",
      "{\n  const first = core.counters.sweeps === 0;\n  const timer = first ? setInterval(() => sendBack({ type: 'wanted' }), core.policy.sweep.every) : undefined;\n  const off = core.sweeps.made.listen(() => sendBack({ type: 'wanted' }));\n  return () => { off(); clearInterval(timer); };\n});",
    ),
  ],
  [
    'the janitor waits for the source',
    'janitor killed once',
    edit(
      'actors/janitor/sweep.ts',
      '  const expired = await evictOver(core, stretch);\n',
      '  while (core.link.down) await new Promise((done) => setTimeout(done, 100));\n  const expired = await evictOver(core, stretch);\n',
    ),
  ],
  [
    "what a listener throws is the publisher's",
    'a statistics or event listener that throws or dies',
    edit(
      'src/bus/bus.ts',
      '      } catch (error) {\n        onListenerError(error, event.type);',
      '      } catch (error) {\n        throw error;',
    ),
  ],
  [
    'tombstones are lost at a rebuild',
    'cache actor crashes',
    edit(
      'actors/cache/rebuild.ts',
      '    for (const tombstone of old.buried()) {\n      fresh.restoreTombstone(tombstone);',
      '    for (const tombstone of old.buried()) {\n      void tombstone;',
    ),
  ],
  [
    'a rebuild believes what it copies',
    'cache actor crashes',
    edit(
      'actors/cache/rebuild.ts',
      'confirmedAt,\n    ttl,\n    staleFor,\n    expiresAt,\n    version',
      'confirmedAt: ageNow(),\n    ttl,\n    staleFor,\n    expiresAt,\n    version',
    ),
    edit('actors/cache/rebuild.ts', 'old.flagsOf(slot) | flag', 'Flag.none'),
  ],
  [
    'tombstones are lost at a reboot',
    'logout, SIGKILL, boot without the database',
    edit(
      'actors/snapshotter/journal.ts',
      '      await store.journal(',
      '      if (store === undefined) await (',
    ),
  ],
);

const ofTheTree = mutantsOf('tree')(
  [
    'one restart too few',
    'restarts above the intensity',
    edit('supervisors/intensity.ts', 'this.#times.length <= maxRestarts', 'this.#times.length < maxRestarts'),
  ],
  [
    'one restart too many',
    'restarts above the intensity',
    edit(
      'supervisors/intensity.ts',
      'this.#times.length <= maxRestarts',
      'this.#times.length <= maxRestarts + 1',
    ),
  ],
  [
    'an exit that is over counts again',
    'restarts above the intensity',
    edit(process, 'if (child.incarnation !== ended) return;', 'if (!this.roster.has(child)) return;'),
  ],
  [
    "an error in a timer is nobody's",
    'actor throws in a transition, an entry action, a promise',
    edit(
      'src/runtime/incarnation.ts',
      "      this.end({ type: 'error', error });\n      return;\n    }\n    if (this.#reason?.type",
      '      return;\n    }\n    if (this.#reason?.type',
    ),
  ],
  [
    "an invoked promise's error is swallowed by a wildcard",
    'actor throws in a transition, an entry action, a promise',
    edit(
      'src/runtime/xstate/transition.ts',
      'return taken.length > 0 && taken.every',
      'return taken.length > 1_000 && taken.every',
    ),
  ],
  [
    'the children of an errored actor live on',
    'errored actor with children of its own',
    edit('src/runtime/incarnation.ts', '    this.#root.stopFamily();', ''),
    edit(
      'src/runtime/xstate/root.ts',
      '      this.stopFamily();\n      fail(this.#actor, error);',
      '      fail(this.#actor, error);',
    ),
    edit(
      'src/runtime/xstate/root.ts',
      '    this.#stopDescendants(actor);\n  }\n\n  /** @internal */\n  inspect',
      '  }\n\n  /** @internal */\n  inspect',
    ),
  ],
  [
    'a dynamic supervisor remembers who has ended',
    '100,000 children under one supervisor',
    edit('supervisors/roster.ts', 'return this.#options.forgetful || child', 'return child'),
  ],
  [
    'a restart goes on after an order to stop',
    'shutdown while a child is restarting',
    edit(
      process,
      "      const outcome = await roster.start(child);\n      if (this.interrupted) return;\n      if (outcome.type === 'failed') {\n        roster",
      "      const outcome = await roster.start(child);\n      if (outcome.type === 'failed') {\n        roster",
    ),
    edit(
      process,
      '    for (const child of group) {\n      if (this.interrupted) return;',
      '    for (const child of group) {',
    ),
    edit(
      'supervisors/roster.ts',
      "    if (this.#starting?.phase === 'starting') void",
      "    if (this.#closing && this.#starting?.phase === 'starting') void",
    ),
  ],
  [
    'a subscription outlives each incarnation',
    'shutdown while a child is restarting',
    edit(
      'src/bus/bus.ts',
      'listener.subscribe({ complete: off, error: off });',
      'listener.subscribe({ complete: () => {}, error: () => {} });',
    ),
  ],
);

export const supervision = [...ofTheCache, ...ofTheTree];
