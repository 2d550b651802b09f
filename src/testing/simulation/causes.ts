/** An error, its cause, the cause of that, and so on: the last one is what began it. */
export function causesOf(error: unknown): readonly unknown[] {
  const causes = new Set<unknown>();
  for (let at = error; at !== undefined && !causes.has(at); at = at instanceof Error ? at.cause : undefined)
    causes.add(at);
  return [...causes];
}
