import type { ServerResponse } from 'node:http';
import type { Milliseconds } from '../runtime/duration.js';
import { after, type Timer } from '../runtime/time.js';
import type { EventLog, LoggedEvent } from './event-log.js';

export interface EventStreamOptions {
  /** Goes before each event's number, so that a number of an earlier process is not taken for one of this. */
  readonly boot: string;
  /** Tell the kept events numbered higher than this first. */
  readonly after: number;
  readonly heartbeat: Milliseconds;
  /** How many events may wait for a slow reader. Beyond it the oldest is dropped, counted, and the reader is told. */
  readonly bound: number;
  readonly onDrop: () => void;
  readonly onEnd: () => void;
}

/** How soon a browser comes back after the connection broke, in ms. */
const retry = 1000;

/** Answers with server-sent events from the log until the client goes or the returned function is called. */
export function openEventStream(
  response: ServerResponse,
  log: EventLog,
  options: EventStreamOptions,
): () => void {
  const waiting: string[] = [];
  let blocked = false;
  let dropped = 0;
  let ended = false;
  let beat: Timer;

  const write = (text: string): void => {
    if (!response.write(text)) blocked = true;
  };
  const frame = ({ number, data }: LoggedEvent): string => `id: ${options.boot}-${number}\ndata: ${data}\n\n`;

  function tell(event: LoggedEvent): void {
    if (!blocked) {
      write(frame(event));
      return;
    }
    if (waiting.length >= options.bound) {
      waiting.shift();
      dropped += 1;
      options.onDrop();
    }
    waiting.push(frame(event));
  }

  function flush(): void {
    blocked = false;
    if (dropped > 0) {
      write(`event: dropped\ndata: {"count":${dropped}}\n\n`);
      dropped = 0;
    }
    while (!blocked && waiting.length > 0) write(waiting.shift() as string);
  }

  function pulse(): void {
    beat = after(
      options.heartbeat,
      () => {
        // A comment: keeps proxies from closing the connection, and finds out about clients that are gone.
        if (!blocked) write(': still here\n\n');
        pulse();
      },
      { background: true },
    );
  }

  function end(): void {
    if (ended) return;
    ended = true;
    off();
    beat.cancel();
    response.off('drain', flush);
    waiting.length = 0;
    response.end();
    options.onEnd();
  }

  response.on('error', end); // the socket broke under a write: its end, not ours
  response.on('close', end);
  response.on('drain', flush);
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  });
  write(`retry: ${retry}\n\n`);
  for (const event of log.since(options.after)) tell(event);
  const off = log.listen(tell);
  pulse();
  return end;
}
