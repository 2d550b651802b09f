/** The source handed over something that is no batch. `cause` says what. */
export class FeedError extends Error {
  constructor(message: string, cause: unknown = new TypeError(message)) {
    super(message, { cause });
  }
}
