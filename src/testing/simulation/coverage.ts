import type { FaultKind, FaultPlan } from './fault-plan.js';

/** How often each kind of failure met an actor in each state, over the runs of an exploration. */
export class Coverage {
  readonly #kinds: readonly FaultKind[];
  readonly #counts = new Map<FaultKind, Map<string, number>>();

  constructor(plan: Pick<FaultPlan<never>, 'kinds'> | undefined) {
    this.#kinds = plan?.kinds ?? [];
  }

  /** A failure took place. `states`: what stood how when it did. */
  note(kind: FaultKind, states: readonly string[]): void {
    const row = this.#counts.get(kind) ?? new Map<string, number>();
    this.#counts.set(kind, row);
    for (const state of states.length > 0 ? states : ['-']) row.set(state, (row.get(state) ?? 0) + 1);
  }

  /** Adds what another one counted. */
  add(other: Coverage): void {
    for (const [kind, states] of Object.entries(other.toJSON())) {
      const row = this.#counts.get(kind) ?? new Map<string, number>();
      for (const [state, count] of Object.entries(states)) row.set(state, (row.get(state) ?? 0) + count);
      if (row.size > 0) this.#counts.set(kind, row);
    }
  }

  /** What the plan has and no run exercised. */
  get missing(): readonly FaultKind[] {
    return this.#kinds.filter((kind) => !this.#counts.has(kind));
  }

  /** By kind, by state. Plain data. */
  toJSON(): Record<FaultKind, Record<string, number>> {
    const kinds = new Set([...this.#kinds, ...this.#counts.keys()]);
    return Object.fromEntries(
      [...kinds].map((kind) => [kind, Object.fromEntries(this.#counts.get(kind) ?? [])]),
    );
  }

  /** Lines of a table: a kind, how often, and in which states. */
  lines(): string[] {
    const rows = Object.entries(this.toJSON()).map(([kind, states]) => {
      const all = Object.entries(states).sort(([, a], [, b]) => b - a);
      const shown = all.slice(0, 6).map(([state, count]) => `${state} ${count}`);
      if (all.length > 6) shown.push(`and ${all.length - 6} more`);
      const total = all.reduce((sum, [, count]) => sum + count, 0);
      return [kind, String(total), shown.join(', ') || 'never'] as const;
    });
    const wide = Math.max(0, ...rows.map(([kind]) => kind.length));
    const digits = Math.max(0, ...rows.map(([, total]) => total.length));
    return rows.map(([kind, total, states]) => `${kind.padEnd(wide)}  ${total.padStart(digits)}  ${states}`);
  }
}
