import type { CacheHealth, CacheStats } from '../../actors/cache/report.js';

/** A bus, as far as an onlooker needs it. Every `Bus` of Holdfast is one. */
export interface ObservedBus {
  subscribe(topic: '*', listener: (event: { readonly type: string }) => void): () => void;
}

/** A cache, as far as an onlooker needs it. What `defineCache` returns is one, whatever its values are. */
export interface ObservedCache {
  readonly bus: ObservedBus;
  health(): CacheHealth;
  stats(): CacheStats;
}

/** One actor of the tree. Plain data. */
export interface ObservedNode {
  readonly id: string;
  readonly name?: string | undefined;
  readonly type: 'worker' | 'supervisor';
  readonly status: string;
  readonly state?: unknown;
  readonly incarnation: number;
  readonly restarts: number;
  readonly children?: readonly ObservedNode[] | undefined;
}

/** A runtime, as far as an onlooker needs it. What `createRuntime` returns is one. */
export interface ObservedRuntime {
  readonly bus: ObservedBus;
  tree(): ObservedNode;
}
