import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const run = (...lines: readonly string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'test/oracle/run.ts'], {
    cwd: new URL('../..', import.meta.url),
    input: lines.map((line) => `${line}\n`).join(''),
    encoding: 'utf8',
  });

const sound = JSON.stringify({
  name: 'one',
  tree: { children: [{ id: 'a' }] },
  steps: [{ op: 'kill', id: 'root/a' }],
});

test('one line a step goes to stdout, blank lines and comments are passed over', () => {
  const { stdout, stderr, status } = run('# a comment', sound, '', sound);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ scenario, step, op }) => [scenario, step, op])).toEqual([
    ['one', 0, 'start'],
    ['one', 1, 'kill'],
    ['one', 2, 'end'],
    ['one', 0, 'start'],
    ['one', 1, 'kill'],
    ['one', 2, 'end'],
  ]);
  expect(lines[1].events).toEqual([
    ['exit', 'root/a#1', 'killed'],
    ['start', 'root/a', 2, 'ok'],
  ]);
  expect(Object.keys(lines[0])).toEqual(['scenario', 'step', 'op', 'result', 'events', 'reports', 'state']);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
});

test('lines that are no scenarios are told by their number, and why; the others are run', () => {
  const { stdout, stderr, status } = run(
    '{"name":',
    sound,
    '{"name":"x"}',
    '{"tree":{},"steps":[{"op":"fly","id":"root"}]}',
    '{"tree":{"children":[{"id":"a","start":["perhaps"]}]}}',
  );
  expect(stdout.trimEnd().split('\n')).toHaveLength(3);
  const told = stderr.trimEnd().split('\n');
  expect(told).toHaveLength(4);
  expect(told[0]).toMatch(/^line 1: is no JSON/);
  expect(told[1]).toMatch(/^line 3: "tree" is missing/);
  expect(told[2]).toMatch(/^line 4: "steps\.0\.op" must be "batch" or one of .*"start_child".*"fly"/);
  expect(told[3]).toMatch(/^line 5: "tree\.children\.0\.start\.0" must be 'ok'.*"perhaps"/);
  expect(status).toBe(1);
});
