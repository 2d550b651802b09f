/** L: what a supervisor reports, on the bus and in the log. */
import { expect, it, onTestFinished } from 'vitest';
import { createRuntime } from '../../src/create-runtime.js';
import type { Logger, RuntimeEvents } from '../../src/runtime/index.js';
import { restartChild, startChild, terminateChild } from '../../supervisors/index.js';
import { died, dynamicStage, end, killed, nested, normal, stage, worker } from './build.js';

type Report = RuntimeEvents['supervisor.report'];

it('L1: who reports, of whom, why', async () => {
  const t = await stage({
    children: [
      nested(
        's',
        { children: [worker('a', { restart: 'transient', shutdown: '1s', name: 'a' })] },
        { name: 'sup' },
      ),
    ],
  });
  const reports: Report[] = [];
  t.runtime.bus.subscribe('supervisor.report', (event) => reports.push(event));
  const ref = await t.ref('s/a');
  const reason = died();
  await t.ends('s/a', reason);
  expect(reports).toEqual([
    {
      type: 'supervisor.report',
      path: 'root/s',
      id: 's',
      name: 'sup',
      incarnation: 1,
      at: expect.any(Number),
      context: 'child-terminated',
      childId: 'a',
      reason,
      error: expect.objectContaining({ message: 'died' }),
      offender: {
        id: 'a',
        path: 'root/s/a',
        ref,
        type: 'worker',
        restart: 'transient',
        significant: false,
        shutdown: 1000,
      },
    },
  ]);
});

it('L1: a start error names who ran last; in the beginning nobody had', async () => {
  const t = await stage({
    maxRestarts: 9,
    children: [worker('a', { starts: ['ok', 'fail:e', 'fail:e'] }), worker('i')],
  });
  const reports: Report[] = [];
  t.runtime.bus.subscribe('supervisor.report', (event) => reports.push(event));
  const ref = await t.ref('a');
  await t.ends('a');
  expect(reports.map(({ context, offender }) => [context, offender.ref])).toEqual([
    ['child-terminated', ref],
    ['start-error', ref],
    ['start-error', ref],
  ]);
});

it('L1: children of a dynamic supervisor by their numbers, and together at its end', async () => {
  const t = await dynamicStage({}, { takes: 0, ends: died('odd') });
  const reports: Report[] = [];
  t.runtime.bus.subscribe('supervisor.report', (event) => reports.push(event));
  const { ref } = await startChild(t.root);
  await startChild(t.root);
  end(ref as never, killed);
  await t.settle();
  await t.runtime.stop();
  expect(
    reports.map(({ context, childId, offender, count }) => [context, childId, offender.path, count]),
  ).toEqual([
    ['child-terminated', '1', 'root/1', undefined],
    ['shutdown-error', '1', 'root/1', 2],
  ]);
});

it('L2, case 33: progress: each start of a child, however it came about, but of none that was ignored', async () => {
  const t = await stage({ children: [worker('a'), worker('i', { starts: ['ignore'] })] });
  const ready: string[] = [];
  t.runtime.bus.subscribe('actor.ready', ({ path, incarnation }) => ready.push(`${path}#${incarnation}`));
  await startChild(t.root, worker('b'));
  await terminateChild(t.root, 'b');
  await restartChild(t.root, 'b');
  await startChild(t.root, worker('j', { starts: ['ignore'] }));
  await t.ends('a');
  expect(ready).toEqual(['root/b#1', 'root/b#2', 'root/a#2']);
});

it('L3: nothing of orderly ends, of calls that failed, of children terminated by order, of an auto-shutdown', async () => {
  const t = await stage({
    autoShutdown: 'any-significant',
    children: [
      worker('t', { restart: 'transient' }),
      worker('m', { restart: 'temporary' }),
      worker('a', { starts: ['ok', 'fail:e'] }),
      worker('s', { restart: 'temporary', significant: true }),
    ],
  });
  await t.ends('t', normal);
  await t.ends('m', normal);
  await startChild(t.root, worker('x', { starts: ['fail:e'] })).catch(() => {});
  await terminateChild(t.root, 'a');
  await restartChild(t.root, 'a').catch(() => {});
  await t.ends('s', normal);
  expect(t.end).toBe('shutdown');
  expect(t.reported()).toEqual([]);
});

it('L1, cases 92, 93: one line each in the log, at error', async () => {
  const lines: { level: string; message: string; fields: Record<string, unknown> }[] = [];
  const at = (level: keyof Logger) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: fields as Record<string, unknown> });
  const runtime = createRuntime(
    { children: [worker('a', { name: 'a', takes: 0, ends: died('odd') })] },
    { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } },
  );
  onTestFinished(() => runtime.stop());
  await runtime.start();
  await terminateChild(runtime.root, 'a');
  expect(lines.filter(({ fields }) => fields.event === 'supervisor.report')).toMatchObject([
    {
      level: 'error',
      message: "root: 'a' did not stop as it was told: Error: odd",
      fields: {
        path: 'root',
        childId: 'a',
        context: 'shutdown-error',
        reason: 'error',
        err: { message: 'odd' },
      },
    },
  ]);
});

it('GS7, Y2, Y3: a crash is told by the actor, then by its supervisor, then the new one is; an orderly end as none', async () => {
  const t = await stage({ children: [worker('a', { restart: 'transient' })] });
  const told: unknown[] = [];
  t.runtime.bus.subscribe('*', (event) =>
    told.push([event.type, 'incarnation' in event ? event.incarnation : undefined]),
  );
  await t.ends('a', died());
  expect(told).toEqual([
    ['actor.crashed', 1],
    ['supervisor.report', 1],
    ['actor.started', 2],
    ['actor.ready', 2],
    ['actor.restarted', 2],
  ]);
  told.length = 0;
  await t.ends('a', normal);
  expect(told).toEqual([['actor.stopped', 2]]);
});
