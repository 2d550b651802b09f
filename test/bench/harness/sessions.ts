import { randomUUID } from 'node:crypto';

export interface Session {
  readonly userId: string;
  readonly expiresAt: number;
}

/** A string of its own: what `randomUUID` and templates give is a rope until somebody looks into it, and ten times as large. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

export const tokens = (count: number): string[] => Array.from({ length: count }, () => flat(randomUUID()));

export const session = (index: number): Session => ({
  userId: flat(`user-${index}`),
  expiresAt: Date.now() + 86_400_000 + index,
});

/** The keys in an order in which no cache line is a neighbour's. */
export function shuffled(keys: readonly string[], length: number): string[] {
  return Array.from({ length }, () => keys[Math.floor(Math.random() * keys.length)] as string);
}
