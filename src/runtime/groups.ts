import type { AnyActorRef } from 'xstate';
import { isOver } from './xstate.js';

interface Member {
  /** Whether there is a `ref`: not while its context is being made. */
  readonly isMade: boolean;
  readonly ref: AnyActorRef;
}

/** Who is in which group: a key that many actors may have, one of them several times. Nobody sees a member that has ended. */
export class Groups {
  readonly #groups = new Map<string, Map<Member, number>>();
  readonly #joined = new Map<Member, Set<string>>();

  /** How many groups there are. */
  get size(): number {
    return this.#groups.size;
  }

  join(group: string, member: Member): void {
    const members = this.#groups.get(group) ?? new Map<Member, number>();
    this.#groups.set(group, members.set(member, (members.get(member) ?? 0) + 1));
    const joined = this.#joined.get(member) ?? new Set();
    this.#joined.set(member, joined.add(group));
  }

  leave(group: string, member: Member): void {
    this.#remove(group, member);
    this.#joined.get(member)?.delete(group);
  }

  /** It has ended. */
  forget(member: Member): void {
    const joined = this.#joined.get(member);
    if (joined === undefined) return;
    this.#joined.delete(member);
    for (const group of joined) this.#remove(group, member);
  }

  /** Each as often as it has joined, in the order in which they first did. */
  members(group: string): AnyActorRef[] {
    const refs: AnyActorRef[] = [];
    for (const [member, times] of this.#groups.get(group) ?? []) {
      if (!member.isMade || isOver(member.ref)) continue;
      for (let n = 0; n < times; n++) refs.push(member.ref);
    }
    return refs;
  }

  #remove(group: string, member: Member): void {
    const members = this.#groups.get(group);
    members?.delete(member);
    if (members?.size === 0) this.#groups.delete(group);
  }
}
