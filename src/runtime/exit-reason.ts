/** Why an actor ended. `normal` and `shutdown` are orderly; a `transient` child is not restarted after them. */
export type ExitReason =
  | { readonly type: 'normal' }
  | { readonly type: 'shutdown'; readonly detail?: unknown }
  | { readonly type: 'killed' }
  | { readonly type: 'error'; readonly error: unknown };

/** OTP's `normal`, `shutdown` and `{shutdown, _}`: an end that was meant. */
export const isOrderly = (reason: ExitReason): boolean =>
  reason.type === 'normal' || reason.type === 'shutdown';
