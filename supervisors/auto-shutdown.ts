/** Whether the end of significant children ends their supervisor: never, with the first, with the last of them. */
export type AutoShutdown = (typeof autoShutdowns)[number];

export const autoShutdowns = ['never', 'any-significant', 'all-significant'] as const;

/**
 * Whether a child that ended by itself, and is not started again, takes its supervisor along. `others`: whether another
 * significant child is present, be it that it is being started again.
 */
export function endsSupervisor(
  mode: AutoShutdown,
  ended: { readonly significant: boolean },
  others: () => boolean,
): boolean {
  if (mode === 'never' || !ended.significant) return false;
  return mode === 'any-significant' || !others();
}
