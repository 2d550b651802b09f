// A newcomer's queue: a table of mails, and a supervised worker that sends one after the other.
import { child, createRuntime, type Source } from 'holdfast';
import { assign, fromPromise, setup } from 'xstate';

export interface Mail {
  readonly to: string;
}
export type Table = Required<Pick<Source<Mail>, 'scan' | 'save' | 'remove'>>;
export type Send = (mail: Mail, signal: AbortSignal) => Promise<void>;

const worker = (table: Table, send: Send) =>
  setup({
    types: { context: {} as { mail: Mail | undefined } },
    actors: {
      first: fromPromise<Mail | undefined>(async ({ signal }) => {
        for await (const { rows } of table.scan({ signal, batch: 1 })) return rows[0]?.value;
        return undefined;
      }),
      deliver: fromPromise<void, Mail | undefined>(async ({ input: mail, signal }) => {
        if (mail === undefined) return;
        await send(mail, signal);
        await table.remove(mail.to, { signal });
      }),
    },
  }).createMachine({
    context: { mail: undefined },
    initial: 'looking',
    states: {
      looking: {
        invoke: {
          src: 'first',
          onDone: { target: 'sending', actions: assign({ mail: ({ event }) => event.output }) },
          onError: 'waiting',
        },
      },
      sending: {
        invoke: {
          src: 'deliver',
          input: ({ context }) => context.mail,
          onDone: 'waiting',
          onError: 'waiting',
        },
      },
      waiting: { after: { 500: 'looking' } },
    },
  });

/** A mail that it has accepted is sent, whatever happens meanwhile. */
export function mailQueue(table: Table, send: Send) {
  const runtime = createRuntime({
    maxRestarts: 100,
    children: [child({ id: 'worker', name: 'queue/worker', logic: worker(table, send) })],
  });
  return {
    start: () => runtime.start(),
    stop: () => runtime.stop(),
    accept: (mail: Mail) => table.save({ key: mail.to, value: mail }, { signal: AbortSignal.timeout(1_000) }),
  };
}
