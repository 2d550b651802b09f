import { child, createRuntime, defineCache, supervisor } from 'holdfast';

const rows = new Map([['ada', { role: 'admin' }]]);
const cache = defineCache({ name: 'users', source: async (key) => rows.get(key) });
const runtime = createRuntime(supervisor({ children: [child({ id: 'users', logic: cache.supervisor })] }));
await runtime.start();
const [there, gone] = [await cache.read('ada'), await cache.read('bob')];
console.log(there.status, there.value.role, gone.status);
await runtime.stop();
