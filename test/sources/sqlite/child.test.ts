import type { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type AnyActorRef, createActor } from 'xstate';
import { SourceUnavailableError, ThreadError } from '../../../src/errors.js';
import type { Source } from '../../../src/sources/index.js';
import { context, folder, rejection, sessionsDatabase, sessionsSource } from './sessions-database.js';

/** The worker threads that are started during the test. */
function workers(): Worker[] {
  const started: Worker[] = [];
  const note = (worker: Worker): void => void started.push(worker);
  process.on('worker', note);
  onTestFinished(() => void process.off('worker', note));
  return started;
}

function start(source: Source<unknown>): AnyActorRef & { error?: unknown } {
  const { logic, input } = source.child!;
  const actor = createActor(logic, { input });
  actor.subscribe({ error: () => {} });
  actor.start();
  onTestFinished(() => void actor.stop());
  return actor;
}

const statusOf = (actor: AnyActorRef): string => actor.getSnapshot().status;

describe("the source's child", () => {
  it('starts while the database is away, and is the thread that answers', async () => {
    const started = workers();
    const source = sessionsSource(`${folder()}/none.db`, { thread: true });
    expect(source.child?.id).toBe('source');
    const actor = start(source);
    expect(await rejection(source.load('a', context))).toBeInstanceOf(SourceUnavailableError);
    expect(statusOf(actor)).toBe('active');
    expect(started).toHaveLength(1);
  });

  it('crashes when its thread dies; calls say "away" with the cause; started again, it answers', async () => {
    const started = workers();
    const { file, write } = sessionsDatabase();
    write({ token: 'a' });
    const source = sessionsSource(file, { thread: true });
    const first = start(source);
    await source.load('a', context);

    // Told to die first: a thread that is asked first may answer before it hears of that.
    const dying = started[0]?.terminate();
    const error = await rejection(source.load('a', context));
    await dying;
    expect(error).toBeInstanceOf(SourceUnavailableError);
    expect((error as Error).cause).toBeInstanceOf(ThreadError);
    await vi.waitFor(() => expect(statusOf(first)).toBe('error'));
    expect(first.getSnapshot().error).toBeInstanceOf(ThreadError);

    expect(await rejection(source.load('a', context))).toBeInstanceOf(SourceUnavailableError);
    expect(started).toHaveLength(1);

    start(source);
    expect(await source.load('a', context)).toMatchObject({ value: 'user-a' });
    expect(started).toHaveLength(2);
  });

  it('stopped, ends its thread, and opens no other', async () => {
    const started = workers();
    const { file } = sessionsDatabase();
    const source = sessionsSource(file, { thread: true });
    const actor = start(source);
    await source.ping(context);
    const exited = new Promise((resolve) => started[0]?.once('exit', resolve));
    actor.stop();
    await exited;
    expect(await rejection(source.load('a', context))).toBeInstanceOf(SourceUnavailableError);
    expect(started).toHaveLength(1);
    expect(statusOf(actor)).toBe('stopped');
  });

  it('outlives a close of the source, which gives the connection back', async () => {
    const { file } = sessionsDatabase();
    const source = sessionsSource(file, { thread: true });
    const actor = start(source);
    await source.ping(context);
    await source.close();
    await source.ping(context);
    expect(statusOf(actor)).toBe('active');
  });

  it('of a source that was used before has a thread of its own; the other one answers what it was asked, and ends', async () => {
    const started = workers();
    const { file, write } = sessionsDatabase();
    write({ token: 'a' });
    const source = sessionsSource(file, { thread: true });
    await source.ping(context);
    const exited = new Promise((resolve) => started[0]?.once('exit', resolve));
    const pending = source.load('a', context);
    start(source);
    expect(await pending).toMatchObject({ value: 'user-a' });
    await exited;
    await source.ping(context);
    expect(started).toHaveLength(2);
  });

  it('without a tree, close ends the thread and the next use starts another', async () => {
    const started = workers();
    const { file } = sessionsDatabase();
    const source = sessionsSource(file, { thread: true });
    await source.ping(context);
    await source.close();
    await source.close();
    await source.ping(context);
    expect(started).toHaveLength(2);
  });

  it('is not there in the thread of the caller', () => {
    expect(sessionsSource(sessionsDatabase().file)).not.toHaveProperty('child');
  });
});
