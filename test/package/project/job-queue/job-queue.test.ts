import { setTimeout } from 'node:timers/promises';
import { eventually, faults, simTest, simulatedSource } from 'holdfast/testing';
import { type Mail, mailQueue } from './job-queue.js';

simTest('every accepted mail is sent', {
  setup: async () => {
    const [accepted, sent] = [new Set<string>(), new Set<string>()];
    const queue = mailQueue(simulatedSource<Mail>(), async ({ to }, signal) => {
      await setTimeout(200, undefined, { signal });
      sent.add(to);
    });
    await queue.start();
    return { queue, accepted, sent };
  },
  workload: ({ queue, accepted }) => [
    {
      name: 'accept',
      run: async (draw) => {
        const to = `user-${draw.int(1, 1000)}`;
        await queue.accept({ to });
        accepted.add(to);
      },
    },
  ],
  steps: 10,
  faults: faults.any({ source: ['unreachable', 'slow'], crashes: ['queue/worker'] }),
  horizon: '10s',
  checks: [eventually('it is sent', '1m', ({ accepted, sent }) => [...accepted].every((to) => sent.has(to)))],
});
