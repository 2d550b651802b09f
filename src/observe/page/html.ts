import type { Action } from '../options.js';
import { script } from './script.js';
import { style } from './style.js';

export interface PageOptions {
  readonly title: string;
  readonly actions: readonly Action[];
  /** Base64. The content security policy lets in what bears it, and nothing else. */
  readonly nonce: string;
}

const icon = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M8 1 14 3.4V8c0 3.4-2.4 5.8-6 7-3.6-1.2-6-3.6-6-7V3.4Z" fill="#0f766e"/><path d="m5 8 2.2 2.2L11.2 6" fill="none" stroke="#fff" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/></svg>',
)}`;

/** The document. Everything that is not a constant of ours is escaped, or set by `textContent` in the browser. */
export function renderPage({ title, actions, nonce }: PageOptions): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="${icon}">
<style nonce="${nonce}">${style}</style>
</head>
<body>
<header class="top">
  <div>
    <h1>${escapeHtml(title)}</h1>
    <p id="headline" class="headline" role="status">Asking the service…</p>
  </div>
  <p class="link" id="link" data-link="connecting"><i></i><span>connecting</span></p>
</header>
<noscript><p class="card">This page draws what <code>status</code> and <code>events</code> say. It needs JavaScript to do so.</p></noscript>
<main>
  <div id="caches"></div>
  <section class="card actions" id="actions" aria-label="Actions" hidden></section>
  <div class="columns">
    <section class="card" aria-labelledby="tree-title">
      <h2 id="tree-title">Tree</h2>
      <div class="tree" id="tree"></div>
    </section>
    <section class="card" aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline</h2>
      <ol class="timeline" id="timeline"></ol>
      <p class="empty" id="timeline-empty">Nothing has happened yet.</p>
    </section>
  </div>
</main>
<script type="application/json" id="page-actions" nonce="${nonce}">${embedJson(actions)}</script>
<script nonce="${nonce}">${script}</script>
</body>
</html>
`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);

/** JSON inside a script element: a `<` would let `</script>` or `<!--` end it. */
const embedJson = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');
