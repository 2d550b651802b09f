/** The page's looks. Colours are named by what they say: `good`, `old`, `gone`, `lost`, `bad`. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #f6f6f3; --card: #ffffff; --line: #e4e3dd; --ink: #1d2126; --soft: #666d75; --faint: #9aa0a6;
  --good: #0f766e; --old: #b45309; --gone: #64748b; --lost: #7c3aed; --bad: #be123c;
  --good-tint: #e3f3f0; --old-tint: #fbeeda; --gone-tint: #eceff3; --lost-tint: #f0eafc; --bad-tint: #fbe6ea;
  --shadow: 0 1px 2px rgb(30 35 40 / .05), 0 4px 16px rgb(30 35 40 / .04);
  --mono: ui-monospace, "SF Mono", "Cascadia Code", "DejaVu Sans Mono", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --card: #1c2024; --line: #2d3237; --ink: #e8eaec; --soft: #9ea6ae; --faint: #6b737b;
    --good: #4fd1bd; --old: #f0b35a; --gone: #a3b1c2; --lost: #b69af5; --bad: #fb7590;
    --good-tint: #17322f; --old-tint: #382a14; --gone-tint: #272d34; --lost-tint: #2b2440; --bad-tint: #3b1b23;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0 auto; max-width: 74rem; padding: 1.75rem clamp(1rem, 3vw, 2rem) 3rem;
  background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  -webkit-font-smoothing: antialiased;
}
h1, h2, h3, p, ol, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 1.05rem; font-weight: 650; letter-spacing: .005em; color: var(--soft); }
h2 { font-size: .78rem; font-weight: 650; letter-spacing: .06em; text-transform: uppercase; color: var(--soft); }
.top { display: flex; gap: 1rem; justify-content: space-between; align-items: flex-start; margin-bottom: 1.25rem; }
.headline { font-size: clamp(1.25rem, 2.6vw, 1.65rem); line-height: 1.25; font-weight: 600; letter-spacing: -.015em; margin-top: .2rem; text-wrap: balance; }
.link { display: inline-flex; align-items: center; gap: .45rem; white-space: nowrap; font-size: .82rem; color: var(--soft);
  padding: .2rem .7rem; border: 1px solid var(--line); border-radius: 99px; background: var(--card); }
.link i { width: .5rem; height: .5rem; border-radius: 50%; background: var(--old); }
.link[data-link="live"] i { background: var(--good); animation: breathe 2.4s ease-in-out infinite; }
.link[data-link="lost"] i { background: var(--bad); }
@keyframes breathe { 50% { opacity: .35; } }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem 1.15rem; box-shadow: var(--shadow); min-width: 0; }
.columns { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 1rem; align-items: start; }
.cache { margin-bottom: 1rem; display: grid; gap: 1rem; }
.cache > h2 { margin-bottom: -.4rem; }

.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1rem; }
.tile { position: relative; overflow: hidden; padding-bottom: 2.7rem; }
.tile h3 { display: flex; justify-content: space-between; gap: .5rem; font-size: .85rem; font-weight: 600; color: var(--tone); }
.tile h3 small { font-weight: 450; color: var(--faint); font-variant-numeric: tabular-nums; }
.tile b { display: block; font-size: 1.7rem; line-height: 1.2; font-weight: 620; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.tile p { font-size: .8rem; color: var(--soft); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.tile svg { position: absolute; left: 0; right: 0; bottom: 0; width: 100%; height: 2.4rem; display: block; }
.tile path { stroke: var(--tone); stroke-width: 1.5; fill: none; vector-effect: non-scaling-stroke; }
.tile path.under { fill: var(--tone); stroke: none; opacity: .13; }
.fresh { --tone: var(--good); } .stale { --tone: var(--old); } .absent { --tone: var(--gone); } .unknown { --tone: var(--lost); }

.facts { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 1rem; }
.source { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .1rem .9rem; align-items: center; align-content: center; }
.lamp { grid-row: span 2; width: 2.5rem; height: 2.5rem; border-radius: 50%; display: grid; place-items: center; background: var(--gone-tint); }
.lamp::after { content: ""; width: .85rem; height: .85rem; border-radius: 50%; background: var(--gone); }
[data-source="up"] .lamp { background: var(--good-tint); } [data-source="up"] .lamp::after { background: var(--good); }
[data-source="down"] .lamp { background: var(--bad-tint); } [data-source="down"] .lamp::after { background: var(--bad); animation: breathe 1.2s ease-in-out infinite; }
.source strong { font-weight: 620; font-size: 1.05rem; }
.source p { color: var(--soft); font-size: .88rem; }
.retry { grid-column: 1 / -1; margin-top: .55rem; display: grid; gap: .35rem; font-size: .85rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.retry div { display: flex; justify-content: space-between; }
.retry progress { appearance: none; width: 100%; height: .35rem; border: 0; border-radius: 9px; overflow: hidden; background: var(--line); }
.retry progress::-webkit-progress-bar { background: var(--line); }
.retry progress::-webkit-progress-value { background: var(--old); }
.retry progress::-moz-progress-bar { background: var(--old); }
.source .error { grid-column: 1 / -1; font: .78rem/1.45 var(--mono); color: var(--bad); overflow-wrap: anywhere; }
.memory { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .8rem 1.2rem; align-content: center; }
.memory dt { font-size: .78rem; color: var(--soft); }
.memory dd { font-weight: 570; font-variant-numeric: tabular-nums; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.memory dd.bad { color: var(--bad); }

.pill { display: inline-block; font-size: .76rem; font-weight: 570; line-height: 1.45; padding: .05rem .55rem; border-radius: 99px; background: var(--gone-tint); color: var(--gone); white-space: nowrap; }
.pill.good { background: var(--good-tint); color: var(--good); } .pill.old { background: var(--old-tint); color: var(--old); }
.pill.bad { background: var(--bad-tint); color: var(--bad); } .pill.lost { background: var(--lost-tint); color: var(--lost); }

.actions { display: flex; flex-wrap: wrap; gap: .7rem 1.8rem; align-items: center; margin-bottom: 1rem; }
.actions div { display: flex; flex-wrap: wrap; gap: .45rem; align-items: center; }
.actions h2 { margin-right: .35rem; }
.actions output { flex-basis: 100%; font: .8rem/1.5 var(--mono); color: var(--soft); overflow-wrap: anywhere; }
.actions output:empty { display: none; }
.actions output.bad { color: var(--bad); }
button { font: inherit; font-size: .86rem; font-weight: 550; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .28rem .8rem; cursor: pointer; transition: border-color .12s, background .12s; }
button:hover { border-color: var(--faint); background: var(--ground); }
button:active { transform: translateY(1px); }
button:focus-visible { outline: 2px solid var(--good); outline-offset: 2px; }
button:disabled { opacity: .5; cursor: progress; }

.tree { margin-top: .7rem; }
.node { display: flex; align-items: center; gap: .6rem; padding: .34rem .45rem; margin: 0 -.45rem; border-radius: 8px; }
.branch { margin-left: .72rem; padding-left: 1.05rem; border-left: 1.5px solid var(--line); }
.node i { flex: none; width: .62rem; height: .62rem; border-radius: 50%; background: var(--faint); }
.node.supervisor i { border-radius: 2.5px; transform: rotate(45deg); }
.node[data-status="running"] i { background: var(--good); }
.node[data-status="restarting"] i { background: var(--old); animation: breathe .8s infinite; }
.node[data-status="stopped"] i { background: var(--bad); }
.node .name { font-weight: 570; }
.node .pill { min-width: 0; overflow: hidden; text-overflow: ellipsis; }
.node .turn { flex: none; margin-left: auto; font-size: .8rem; color: var(--faint); font-variant-numeric: tabular-nums; white-space: nowrap; }
.node .turn.some { color: var(--old); }
.node.flash { animation: flash 1.6s ease-out; }
@keyframes flash { 0%, 25% { background: var(--old-tint); } }

.timeline { list-style: none; margin-top: .7rem; max-height: 32rem; overflow-y: auto; overscroll-behavior: contain; scrollbar-width: thin; }
.timeline li { display: grid; grid-template-columns: 4.2rem .5rem minmax(0, 1fr); gap: .7rem; align-items: baseline; padding: .26rem .2rem; font-size: .875rem; }
.timeline li.new { animation: arrive .25s ease-out; }
@keyframes arrive { from { opacity: 0; transform: translateY(-4px); } }
.timeline time { font: .76rem/1.6 var(--mono); color: var(--faint); font-variant-numeric: tabular-nums; }
.timeline i { width: .5rem; height: .5rem; border-radius: 50%; background: var(--gone); align-self: start; margin-top: .42rem; opacity: .55; }
.timeline li.good i { background: var(--good); opacity: 1; } .timeline li.old i { background: var(--old); opacity: 1; } .timeline li.bad i { background: var(--bad); opacity: 1; }
.timeline li.good b { color: var(--good); } .timeline li.old b { color: var(--old); } .timeline li.bad b { color: var(--bad); }
.timeline b { font-weight: 570; }
.timeline span { color: var(--soft); overflow-wrap: anywhere; }
.timeline small { margin-left: .45rem; padding: 0 .4rem; border-radius: 99px; background: var(--gone-tint); color: var(--soft); font-size: .74rem; font-variant-numeric: tabular-nums; }
.timeline li.mark { grid-template-columns: 1fr; justify-items: center; color: var(--soft); font-size: .78rem; }
.empty { color: var(--faint); font-size: .875rem; margin-top: .7rem; }

@media (max-width: 56rem) {
  .columns, .facts { grid-template-columns: minmax(0, 1fr); }
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .memory { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media (max-width: 34rem) { .top { flex-direction: column-reverse; gap: .5rem; } .top .link { align-self: flex-end; } }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
`;
