import { LRUCache } from 'lru-cache';
import { Table } from '/work/main/src/table/index.js';
const n = Number(process.argv[2] ?? 1e6);
const keys: string[] = []; for (let i=0;i<n;i++) keys.push(Buffer.from(crypto.randomUUID(),'latin1').toString('latin1'));
const mk = (i: number) => ({ userId: Buffer.from(`user-${i}`).toString('latin1'), expiresAt: 1_900_000_000_000 + i });
const mem = () => { globalThis.gc!(); globalThis.gc!(); const m = process.memoryUsage(); return m.heapUsed + m.arrayBuffers; };
const which = process.argv[3] ?? 'all';
if (which === 'mem') {
  const base = mem();
  let m: Map<string, any> | null = new Map(); for (let i=0;i<n;i++) m.set(keys[i]!, mk(i));
  // keys are shared, count them: 56 bytes
  const a = mem() - base; if (m!.size !== n) throw 1; m = null; const base2 = mem();
  const t = new Table<any>({ maxNegative: 1000, track: true });
  let worst = 0; const t0 = performance.now();
  for (let i=0;i<n;i++) { const s=performance.now(); const v = mk(i); t.put(keys[i]!, v, { confirmedAt: s, ttl: 600_000, staleFor: 3600_000, expiresAt: v.expiresAt }); const d = performance.now()-s; if (d>worst) worst=d; }
  let took = performance.now()-t0;
  const b = mem() - base2; if (t.size !== n) throw 1;
  console.log('map', a/n+56, 'table', b/n+56, 'ratio', (b/n+56)/(a/n+56), 'load', took, 'worst', worst);
  process.exit();
}
const m = new Map<string, any>(); const t = new Table<any>({ maxNegative: 1000 }); const l = new LRUCache<string, any>({ max: n, ttl: 600_000 });
const now0 = performance.now(); const wall0 = Date.now();
for (let i=0;i<n;i++) { const v = mk(i); m.set(keys[i]!, v); t.put(keys[i]!, v, { confirmedAt: now0, ttl: 600_000, staleFor: 3600_000, expiresAt: v.expiresAt }); l.set(keys[i]!, v); }
const N = 1 << 16; const probe: string[] = []; for (let i=0;i<N;i++) probe.push(keys[Math.floor(Math.random()*n)]!);
let sink = 0;
const get = (key: string, now: number, wall: number) => { const s = t.slotOf(key); if (s < 0) return undefined; if (now - t.confirmedAt(s) >= t.ttlOf(s) + t.staleForOf(s) || t.expiresAt(s) <= wall) return undefined; t.touch(s); return t.valueAt(s); };
const R: Record<string, number[]> = { map: [], lru: [], table: [] };
for (let r=0;r<25;r++) {
  for (const [name, f] of Object.entries({ map: (k: string) => m.get(k), lru: (k: string) => l.get(k), table: (k: string) => get(k, now0, wall0) })) {
    const s = performance.now(); for (let x=0;x<8;x++) for (let i=0;i<N;i++) if (f(probe[i]!) !== undefined) sink++;
    R[name]!.push(8*N/(performance.now()-s)*1000/1e6);
  }
}
for (const k in R) console.log(k, Math.max(...R[k]!).toFixed(1), 'M/s');
