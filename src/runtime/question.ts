/** Where the reply goes. On the event itself, so that a copy of it can be replied to as well. */
const replyTo = Symbol.for('holdfast.reply-to');

/** Who waits for a reply. Both say whether somebody still did. */
export interface Asker {
  answer(value: unknown): boolean;
  /** The question will not be answered. */
  refuse(error: unknown): boolean;
}

interface Asked {
  readonly [replyTo]?: Asker;
}

/** The event as a question of the asker's. */
export const questionOf = <E extends object>(event: E, asker: Asker): E => ({ ...event, [replyTo]: asker });

/** Who asked, if the event was asked and not only sent. */
export const askerOf = (event: object): Asker | undefined => (event as Asked)[replyTo];
