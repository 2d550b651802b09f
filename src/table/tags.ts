import { BurstTrie } from './burst-trie.js';
import { Chains } from './chains.js';
import { layout } from './page.js';
import type { Slots } from './slots.js';

const { pageBits, pageMask, pageSize } = layout;

/** One tag of one entry, field by field. A next one is numbered one up, so that 0 is none. */
class NodePage {
  readonly slot = new Int32Array(pageSize);
  readonly tag = new Int32Array(pageSize);
  /** The next tag of the same entry, or the next free node. */
  readonly next = new Int32Array(pageSize);
}

/** When a tag was invalidated. */
export interface TagMark {
  readonly seq: number;
  /** In the clock of whoever said so. */
  readonly at: number;
}

/**
 * Which entries carry which tag: what an entry's coming and going costs is in proportion to its own tags, however many carry the
 * same. And which tags were invalidated while somebody may still bring an entry from before that.
 */
export class Tags<V> {
  readonly #slots: Slots<V>;
  readonly #ids = new BurstTrie();
  readonly #names: string[] = [];
  readonly #counts: number[] = [];
  readonly #freeIds: number[] = [];
  readonly #chains = new Chains(0);
  readonly #nodes: NodePage[] = [];
  #end = 0;
  #freeNode = 0;
  readonly #marks = new Map<string, TagMark>();
  readonly #dying = new Set<string>();
  /** Whether entries may be there that are as good as gone. */
  dying = false;

  constructor(slots: Slots<V>) {
    this.#slots = slots;
  }

  /** The slot's entry has these tags from now on, in the place of those. */
  change(slot: number, before: readonly string[] | undefined, after: readonly string[] | undefined): void {
    if (before === after || (before !== undefined && after !== undefined && isSame(before, after))) return;
    if (before !== undefined) this.#unlink(slot);
    if (after !== undefined) for (const tag of after) this.#link(slot, tag);
  }

  /** How many entries carry the tag. */
  count(tag: string): number {
    const id = this.#ids.get(tag);
    return id < 0 ? 0 : this.#counts[id]!;
  }

  /** The slot of an entry with the tag, or -1: another one each time, until all had their turn. */
  turn(tag: string): number {
    const id = this.#ids.get(tag);
    if (id < 0) return -1;
    const node = this.#chains.head(id);
    this.#chains.remove(node);
    this.#chains.push(id, node);
    return this.#nodes[node >>> pageBits]!.slot[node & pageMask]!;
  }

  /** From now on the tag's entries from before are as good as gone, and so is what a read that began before brings with it. */
  mark(tag: string, mark: TagMark): void {
    // The youngest last, so that those that have served are found at the front.
    this.#marks.delete(tag);
    this.#marks.set(tag, mark);
    this.#dying.add(tag);
    this.dying = true;
  }

  /** All of the tag's entries from before the mark are gone. A younger mark is left as it is. */
  settle(tag: string, mark: TagMark): void {
    if (this.#marks.get(tag) === mark) this.#dying.delete(tag);
    this.dying = this.#dying.size > 0;
  }

  /** Whether the slot's entry is from before one of its tags was invalidated. */
  isDead(slot: number): boolean {
    const tags = this.#slots.page(slot).tags?.[slot & pageMask];
    return tags !== undefined && this.since(tags, this.#slots.seq(slot)) !== undefined;
  }

  /** When one of the tags was invalidated after that mutation, as far as anyone still has to know. */
  since(tags: readonly string[], seq: number): TagMark | undefined {
    if (this.#marks.size === 0) return undefined;
    for (const tag of tags) {
      const mark = this.#marks.get(tag);
      if (mark !== undefined && mark.seq > seq) return mark;
    }
    return undefined;
  }

  /** Forgets the marks that no read which began before `seq` needs any more. */
  forget(seq: number): void {
    for (const [tag, mark] of this.#marks) {
      if (mark.seq > seq || this.#dying.has(tag)) return;
      this.#marks.delete(tag);
    }
  }

  #link(slot: number, tag: string): void {
    let id = this.#ids.get(tag);
    if (id < 0) {
      id = this.#freeIds.pop() ?? this.#names.length;
      this.#names[id] = tag;
      this.#counts[id] = 0;
      this.#chains.reserve(id + 1);
      this.#ids.add(tag, id);
    }
    const page = this.#slots.page(slot);
    page.firstTag ??= new Int32Array(pageSize);
    const node = this.#makeNode();
    const nodes = this.#nodes[node >>> pageBits]!;
    const at = node & pageMask;
    nodes.slot[at] = slot;
    nodes.tag[at] = id;
    nodes.next[at] = page.firstTag[slot & pageMask]!;
    page.firstTag[slot & pageMask] = node + 1;
    this.#counts[id]! += 1;
    this.#chains.push(id, node);
  }

  #unlink(slot: number): void {
    const first = this.#slots.page(slot).firstTag!;
    let node = first[slot & pageMask]! - 1;
    first[slot & pageMask] = 0;
    while (node >= 0) {
      const nodes = this.#nodes[node >>> pageBits]!;
      const at = node & pageMask;
      const id = nodes.tag[at]!;
      const next = nodes.next[at]! - 1;
      this.#chains.remove(node);
      nodes.next[at] = this.#freeNode;
      this.#freeNode = node + 1;
      this.#counts[id]! -= 1;
      if (this.#counts[id] === 0) {
        this.#ids.delete(this.#names[id]!);
        this.#names[id] = '';
        this.#freeIds.push(id);
      }
      node = next;
    }
  }

  #makeNode(): number {
    if (this.#freeNode > 0) {
      const node = this.#freeNode - 1;
      this.#freeNode = this.#nodes[node >>> pageBits]!.next[node & pageMask]!;
      return node;
    }
    const node = this.#end;
    this.#end += 1;
    if ((node & pageMask) === 0) this.#nodes.push(new NodePage());
    return node;
  }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}
