import { defineCache } from 'holdfast';
import { LRUCache } from 'lru-cache';
const cache = await defineCache({ name:'b', source: async (key)=>({id:key}), ttl:'1h' }).start();
const lru = new LRUCache({ max: 1e7, ttl: 3600000, fetchMethod: async (key)=>({id:key}) });
const keys=Array.from({length:1000},(_,i)=>'key-'+i); for(const k of keys){await cache.fetch(k);await lru.fetch(k)}
const N=100000;
const F={fetch:k=>cache.fetch(k),read:k=>cache.read(k),lru:k=>lru.fetch(k),'async lru.get':async k=>lru.get(k),'async lookup':async k=>cache.lookup(k),'async get':async k=>cache.get(k),'async noop':async k=>k, 'async perfnow':async k=>performance.now(),'async 2':async k=>{performance.now();return Date.now()},'sync lookup':k=>cache.lookup(k)&&0,'sync get':k=>cache.get(k)&&0,'sync lru':k=>lru.get(k)&&0};
const A={}; for(const n in F)A[n]=[];
for(let r=0;r<21;r++) for(const n in F){const f=F[n];const t=process.cpuUsage().user;if(n.startsWith('sync'))for(let i=0;i<N;i++)f(keys[i%1000]);else for(let i=0;i<N;i++) await f(keys[i%1000]); if(r>2)A[n].push((process.cpuUsage().user-t)/N*1e3)}
const med=a=>a.sort((x,y)=>x-y)[a.length>>1];
for(const n in F)console.log(n.padEnd(15),med(A[n]).toFixed(0),'ns');
await cache.stop(); process.exit();
