/** What is written to. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Outcomes go to the one, and what is told on the way to the other. */
export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
}
