import { defineCache } from 'holdfast';
import { LRUCache } from 'lru-cache';
const cache = await defineCache({ name:'b', source: async (key)=>({id:key}), ttl:'1h' }).start();
const lru = new LRUCache({ max: 1e7, ttl: 3600000, fetchMethod: async (key)=>({id:key}) });
const keys=Array.from({length:1000},(_,i)=>'key-'+i); for(const k of keys){await cache.fetch(k);await lru.fetch(k)}
const N=200000; const A=[[],[],[],[]];
const fs=[k=>cache.fetch(k),k=>cache.read(k),k=>lru.fetch(k),async k=>lru.get(k)];
for(let r=0;r<15;r++) for(let j=0;j<4;j++){const f=fs[j];const t=performance.now();for(let i=0;i<N;i++) await f(keys[i%1000]); if(r>2)A[j].push(N/((performance.now()-t)/1000))}
const med=a=>a.sort((x,y)=>x-y)[a.length>>1];
const [a,b,c,d]=A.map(med); console.log('fetch',a|0,'read',b|0,'lru',c|0,'async get',d|0,'fetch/lru',(a/c).toFixed(2),'read/lru',(b/c).toFixed(2));
await cache.stop(); process.exit();
