declare const answered: unique symbol;

/**
 * The type of an event that is asked, with the type of the reply to it. It changes nothing at run time.
 *
 * @example
 * ```ts
 * setup({ types: {} as { events: { type: 'inc' } | Question<{ type: 'how-many' }, number> } })
 * const total = await ask(counter, { type: 'how-many' }); // a number
 * ```
 */
export type Question<E extends { readonly type: string }, Reply> = E & {
  readonly [answered]?: { readonly reply: Reply };
};

/** What the reply to an event is; `unknown` where its type does not say. */
export type ReplyTo<E> = [E] extends [never]
  ? unknown
  : typeof answered extends keyof E
    ? E extends { readonly [answered]?: { readonly reply: infer Reply } }
      ? Reply
      : unknown
    : unknown;

/** The same of an event that was written out, by its `type` among those that an actor takes. */
export type ReplyOf<Events, Sent> = 0 extends 1 & Events
  ? unknown
  : Sent extends { readonly type: infer T }
    ? ReplyTo<Extract<Events, { readonly type: T }>>
    : unknown;

/** Where the reply goes. On the event itself, so that a copy of it can be replied to as well. */
const replyTo = Symbol.for('holdfast.reply-to');

/** Who waits for a reply. */
export interface Asker {
  /** Says whether somebody still waited. */
  answer(value: unknown): boolean;
  /** The question will not be answered. */
  refuse(error: unknown): void;
}

interface Asked {
  readonly [replyTo]?: Asker;
}

/**
 * The event as a question of the asker's, be it one of somebody else's before. Assigned: a spread with a key beside it costs ten
 * times as much.
 */
export const questionOf = <E extends object>(event: E, asker: Asker): E => {
  const question: { [replyTo]?: Asker } = Object.assign({}, event);
  question[replyTo] = asker;
  return question as E;
};

/** Who asked, if the event was asked and not only sent. */
export const askerOf = (event: object): Asker | undefined => (event as Asked)[replyTo];
