import { edit, mutantsOf } from './mutant.js';

const delivery = 'actors/snapshotter/delivery.ts';

export const outbox = mutantsOf('cache')(
  [
    'an order goes from the file before the source has it',
    'logout, SIGKILL, boot without the database',
    edit(
      delivery,
      '    const { link, policy } = core;\n    const answer',
      '    const { link, policy } = core;\n    outbox.done(order);\n    const answer',
    ),
  ],
  [
    'a full writing drops the orders that wait',
    'logout, SIGKILL, boot without the database',
    edit(
      'src/snapshot/memory-store.ts',
      '      floor = { generation, asOf: full.asOf };',
      '      orders = [];\n      floor = { generation, asOf: full.asOf };',
    ),
  ],
  [
    'a load brings back what waits to be removed',
    '`remove`, `revoke`, `put`, `invalidate`, `clear` while the load runs',
    edit(
      'src/table/table.ts',
      'this.#sealed !== undefined && this.#sealed.size > 0 && this.#sealed.has(key)',
      'this.#sealed !== undefined && this.#sealed.size > 1_000 && this.#sealed.has(key)',
    ),
  ],
);
