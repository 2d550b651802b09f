import {
  type Adopted,
  adopted,
  type Callback,
  type Family,
  type InnerActor,
  type InnerEvent,
  type InnerInspection,
  type InnerMailbox,
  type InnerSystem,
  type Observing,
  ruling,
  stopEvent,
} from './insides.js';

/** Has a family told of what happens in its system. */
export function rule(family: Family, system: InnerSystem): void {
  system[ruling] = family;
  system._register = registerInFamily;
  system._unregister = unregisterFromFamily;
  system._sendInspectionEvent = inspectFamily;
}

/** Makes an actor work in its family's context, and call back its observers in theirs. */
export function adopt(family: Family, actor: InnerActor, isRoot = false): void {
  if (adopted in actor) return;
  const bond: Adopted = { family, actor, stopping: false, forgotten: false };
  actor[adopted] = bond;
  actor.mailbox[adopted] = bond;
  actor.mailbox._process = processAsOwner;
  actor.subscribe = subscribeAsCaller;
  actor.on = listenAsCaller;
  if (!isRoot) actor.start = startInFamily;
}

// What is put in place of an actor's and a system's own methods: one function for all of them, since a root of its own for each
// child makes closures of its own dear.

function registerInFamily(this: InnerSystem, sessionId: string, actor: InnerActor): string {
  return (this[ruling] as Family).register(sessionId, actor);
}

function unregisterFromFamily(this: InnerSystem, actor: InnerActor): void {
  (this[ruling] as Family).unregister(actor);
}

function inspectFamily(this: InnerSystem, event: InnerInspection): void {
  (this[ruling] as Family).inspect(event);
}

function processAsOwner(this: InnerMailbox, event: InnerEvent): void {
  const bond = this[adopted] as Adopted;
  if (event.type === stopEvent) bond.stopping = true;
  bond.family.process(bond.actor, event);
}

function startInFamily(this: InnerActor): unknown {
  return (this[adopted] as Adopted).family.inFamily(() => ownMethods(this).start.call(this));
}

function subscribeAsCaller(
  this: InnerActor,
  next?: Callback | Observing,
  error?: Callback,
  complete?: Callback,
): { unsubscribe(): void } {
  const { family } = this[adopted] as Adopted;
  const observer = typeof next === 'object' ? next : { next, error, complete };
  const bound = (name: 'next' | 'error' | 'complete'): Callback | undefined => {
    const callback = observer[name]?.bind(observer);
    return callback && family.bind(callback);
  };
  // Without an error callback XState throws an error again, from a timer, that a supervisor has already dealt with.
  return ownMethods(this).subscribe.call(
    this,
    bound('next'),
    bound('error') ?? (() => {}),
    bound('complete'),
  );
}

function listenAsCaller(this: InnerActor, type: string, handler: Callback): { unsubscribe(): void } {
  return ownMethods(this).on.call(this, type, (this[adopted] as Adopted).family.bind(handler));
}

/** XState's methods of an actor, as they were. */
const ownMethods = (actor: InnerActor): InnerActor => Object.getPrototypeOf(actor);
