import { type Cache, createRuntime, defineCache, type Runtime } from 'holdfast';
import {
  always,
  defineScenario,
  eventually,
  faults,
  type SimulationWorld,
  simulatedSource,
} from 'holdfast/testing';

const clients = ['a', 'b', 'c', 'd'] as const;
const limits = { allowance: 2, refuseAfter: 5, delay: 100, maxDelay: 800, resetAfter: 10_000, maxClients: 4 };

/** Clients who guess, and a session that each of them may ask for, too. */
class Guessers {
  readonly runtime: Runtime;
  readonly cache: Cache<string>;
  readonly broken: string[] = [];
  readonly #world: SimulationWorld;
  /** What each was told is absent, and when. */
  readonly #told = new Map<string, { readonly key: string; readonly at: number }[]>();

  constructor(w: SimulationWorld) {
    this.#world = w;
    this.cache = defineCache<string>({
      name: 'sessions',
      source: simulatedSource<string>({ name: 'database', rows: { held: 'session' }, latency: 5 }),
      ttl: '1h',
      throttle: limits,
    });
    // A tree that gives up is not what is looked for here.
    this.runtime = createRuntime({
      maxRestarts: 1_000_000,
      within: '1s',
      children: [{ id: 'sessions', logic: this.cache.supervisor }],
    });
  }

  async start(): Promise<this> {
    await this.runtime.start();
    this.cache.put('held', 'session');
    return this;
  }

  async guess(client: string, key: string): Promise<void> {
    // Refused, or whatever a source throws that throws anything at all: no answer.
    const answer = await this.cache.read(key, { client }).catch(() => undefined);
    if (answer?.status === 'absent') this.#absent(client, key);
  }

  async visit(client: string): Promise<void> {
    const began = this.#world.now;
    const held = this.cache.lookup('held').status === 'fresh';
    // Anything at all may come of a source that throws anything at all, but for what is held nobody asks it.
    const status = await this.cache.read('held', { client }).then(
      (answer) => answer.status,
      () => 'refused',
    );
    if (held && (status !== 'fresh' || this.#world.now > began))
      this.broken.push(`a hit was ${status}, or late`);
  }

  #absent(client: string, key: string): void {
    const { now } = this.#world;
    const told = (this.#told.get(client) ?? []).filter(({ at }) => now - at < limits.resetAfter);
    told.push({ key, at: now });
    this.#told.set(client, told);
    if (new Set(told.map((one) => one.key)).size > limits.refuseAfter) {
      this.broken.push(`${client} was told of more absences than it may be`);
    }
  }
}

export const guessers = defineScenario<Guessers>('who guesses is slowed', {
  setup: (w) => new Guessers(w).start(),
  workload: (scene) => [
    {
      name: 'guess',
      weight: 8,
      run: (draw) => scene.guess(draw.of(['a', 'a', 'a', ...clients]), `guess-${draw.int(1, 20)}`),
    },
    { name: 'visit', run: (draw) => scene.visit(draw.of(clients)) },
  ],
  steps: 60,
  horizon: '20s',
  faults: faults.any<Guessers>({
    crashes: ['sessions/throttle', 'sessions/cache'],
    source: true,
    longest: '3s',
  }),
  checks: [
    always('nobody learns more than he may, or is late for a hit', ({ broken: [first] }) => {
      if (first !== undefined) throw new Error(first);
    }),
    always(
      'no more clients are remembered than may be',
      ({ cache }) => (cache.health().throttle?.clients ?? 0) <= limits.maxClients,
    ),
    eventually(
      'all is forgotten',
      '1m',
      ({ cache }) => cache.health().throttle?.clients === 0 && cache.health().throttle?.waiting === 0,
    ),
  ],
});
