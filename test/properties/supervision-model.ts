import type { ExitReason, Restart } from '../../src/runtime/index.js';

/** A tree to be run, by the real supervisors and by the model. */
export type Plan = WorkerPlan | SupervisorPlan;

export interface WorkerPlan {
  readonly kind: 'worker';
  readonly restart: Restart;
  /** The starts, counted from 1 over the whole run, that fail. */
  readonly failing: readonly number[];
}

export interface SupervisorPlan {
  readonly kind: 'supervisor';
  readonly restart: Restart;
  readonly maxRestarts: number;
  readonly within: number;
  readonly children: readonly Plan[];
}

interface Node {
  readonly path: string;
  readonly plan: Plan;
  readonly parent: Node | undefined;
  starts: number;
  alive: boolean;
  /** In start order; those that are forgotten are not in it. */
  children: Node[];
  window: number[];
}

type Message = () => void;

/**
 * One-for-one as it is written down, without any asynchrony: what must be alive after what has happened. The starts of a path are
 * counted over the whole run, as its incarnations are.
 */
export class SupervisionModel {
  readonly #root: Node;
  readonly #starts = new Map<string, number>();
  readonly #queue: Message[] = [];
  now = 0;
  startFailed = false;

  constructor(plan: SupervisorPlan) {
    this.#root = this.#node('root', plan, undefined);
    this.startFailed = !this.#start(this.#root);
  }

  get isAlive(): boolean {
    return this.#root.alive;
  }

  /** `path#incarnation` of every worker that lives. */
  alive(): string[] {
    const found: string[] = [];
    const walk = (node: Node): void => {
      if (!node.alive) return;
      if (node.plan.kind === 'worker') found.push(`${node.path}#${node.starts}`);
      for (const each of node.children) walk(each);
    };
    walk(this.#root);
    return found;
  }

  /** Siblings that end at the same time, in this order. */
  end(ends: readonly { readonly path: string; readonly reason: ExitReason }[]): void {
    for (const { path, reason } of ends) {
      const node = this.#find(this.#root, path);
      if (node?.parent === undefined || !node.alive) continue;
      const { parent } = node;
      node.alive = false;
      this.#queue.push(() => this.#onExit(parent, node, reason));
    }
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) next();
  }

  #onExit(parent: Node, node: Node, reason: ExitReason): void {
    if (!parent.alive || !parent.children.includes(node)) return;
    const { restart } = node.plan;
    const orderly = reason.type === 'normal' || reason.type === 'shutdown';
    if (restart === 'temporary') parent.children = parent.children.filter((each) => each !== node);
    else if (restart === 'permanent' || !orderly) this.#restart(parent, node);
  }

  #restart(parent: Node, node: Node): void {
    if (!parent.alive || parent.plan.kind !== 'supervisor') return;
    const { within, maxRestarts } = parent.plan;
    parent.window = [...parent.window, this.now].filter((at) => at >= this.now - within);
    if (parent.window.length > maxRestarts) this.#giveUp(parent);
    else if (!this.#start(node)) this.#queue.push(() => this.#restart(parent, node));
  }

  #giveUp(node: Node): void {
    this.#stop(node);
    const { parent } = node;
    if (parent !== undefined) this.#queue.push(() => this.#onExit(parent, node, { type: 'shutdown' }));
  }

  #start(node: Node): boolean {
    node.starts = (this.#starts.get(node.path) ?? 0) + 1;
    this.#starts.set(node.path, node.starts);
    node.window = [];
    if (node.plan.kind === 'worker') {
      node.alive = !node.plan.failing.includes(node.starts);
      return node.alive;
    }
    node.children = node.plan.children.map((plan, n) => this.#node(`${node.path}/${n}`, plan, node));
    node.alive = true;
    for (const each of node.children) {
      if (this.#start(each)) continue;
      this.#stop(node);
      return false;
    }
    return true;
  }

  #stop(node: Node): void {
    node.alive = false;
    for (const each of node.children) this.#stop(each);
  }

  #node(path: string, plan: Plan, parent: Node | undefined): Node {
    return { path, plan, parent, starts: 0, alive: false, children: [], window: [] };
  }

  #find(node: Node, path: string): Node | undefined {
    if (node.path === path) return node;
    for (const each of node.children) {
      const found = this.#find(each, path);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
