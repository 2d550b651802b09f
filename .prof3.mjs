import { defineCache } from 'holdfast';
const cache = await defineCache({ name:'b', source: async (key)=>({id:key}), ttl:'1h' }).start();
const keys=Array.from({length:1000},(_,i)=>'key-'+i); for(const k of keys){await cache.fetch(k)}
let x; const t=performance.now(); for(let i=0;i<2e7;i++) x=cache.lookup(keys[i%1000]); console.log(((performance.now()-t)/2e7*1e6).toFixed(0)); await cache.stop(); process.exit();
