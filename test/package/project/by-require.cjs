const { child, createRuntime, defineCache, supervisor } = require('holdfast');

async function main() {
  const cache = defineCache({ name: 'users', source: async (key) => (key === 'ada' ? 'admin' : undefined) });
  const runtime = createRuntime(supervisor({ children: [child({ id: 'users', logic: cache.supervisor })] }));
  await runtime.start();
  const [there, gone] = [await cache.read('ada'), await cache.read('bob')];
  console.log(there.status, there.value, gone.status);
  await runtime.stop();
}

main();
