export const simulateHelp = `Usage: npx holdfast simulate [scenario.ts] [options]

Plays the scenarios of a file many times, on virtual time and under failures, and shrinks the first run that fails to the least that
still does. A file's scenarios are its default export (of defineScenario, or a list of them) and its simTest(…) calls. TypeScript needs
tsx in the project, or a Node.js that reads it. Without a file it plays Holdfast's own cache.

Options:
  --seed S           which cases are drawn; the same seed, the same cases. A whole number, or random. Default: 1
  --runs N           how many. Default: what simTest says, or 100
  --for 10m          a soak: goes on drawing cases, seed after seed, for so much real time (of several scenarios: shared equally).
                     Tells how fast the heap grows; one that does not stop growing fails
  --verify           plays each case twice, and fails where the two differ
  --replay CODE      plays one case again, as a replay line says it; NAME=CODE where the file has several scenarios
  --regression FILE  writes a test that plays again what failed: for vitest where the project has it, else for node:test
  --incomplete       a kind of failure, or a "sometimes", that no run came to is told and does not fail
  --json             one JSON document on stdout, and nothing else
  --help             this

Exit codes: 0 everything held, 1 something failed, 2 it could not be played, 130 broken off by Ctrl-C.
`;
